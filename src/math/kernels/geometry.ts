/**
 * @file The geometry of a convolution, as the host writes it to memory once: sizes, and tables that
 * turn taps and positions into addresses, for any number of spatial axes.
 *
 * The image side has `imageChannels` channels, the out side `outChannels`; both are cut into groups.
 * Tap t of channel c at position p reads image[tapTable[c, t] + positionTable[p]]. Where the kernel
 * reaches over the image's border the tables refer to a padded copy of the image.
 */

/** Fields are int32, in this order; `ConvolutionPlan` of the host writes them. */
export const IMAGES: usize = 0;
export const IMAGE_CHANNELS: usize = 4;
export const OUT_CHANNELS: usize = 8;
export const GROUPS: usize = 12;
/** Taps of one kernel plane. */
export const TAPS: usize = 16;
/** Positions of the kernel: values of one channel on the out side. */
export const POSITIONS: usize = 20;
/** Floats of one channel of the image, and of its padded copy. */
export const IMAGE_AREA: usize = 24;
export const PADDED_AREA: usize = 28;
export const IS_PADDED: usize = 32;
/** Rows (along the last axis) of one padded channel. */
export const ROWS: usize = 36;
/** Floats of a row of the image, and of a padded row. */
export const WIDTH: usize = 40;
export const PADDED_WIDTH: usize = 44;
export const PAD_LEFT: usize = 48;
/** Floats of a row that are copied: less than WIDTH where the kernel never reaches the end. */
export const COPIED_WIDTH: usize = 52;
/** Byte offsets of the taps of one group: (channels of a group) x TAPS. */
export const TAP_TABLE: usize = 56;
/** Byte offsets of the positions. */
export const POSITION_TABLE: usize = 60;
/** For each padded row the row of the image, or -1. */
export const ROW_TABLE: usize = 64;
/** Positions in a row, and bytes from one to the next in the image. */
export const RUN: usize = 68;
export const RUN_STEP: usize = 72;
/** Taps that are neighbours in memory, in kernel and image. */
export const TAP_RUN: usize = 76;
/** Whether the image is the column matrix: one tap, no stride, no padding. */
export const IS_PLAIN: usize = 80;
/** Image channels of a task that scatters. */
export const CHANNELS_PER_TASK: usize = 84;
/** Whether groups are so thin that a matrix product would be mostly overhead. */
export const IS_THIN: usize = 88;
/** Whether images are so small, and so many, that a task does one by itself. */
export const IS_BATCH: usize = 92;

// @ts-ignore: decorator
@inline
export function get(geometry: usize, field: usize): i32 {
  return load<i32>(geometry + field);
}

// @ts-ignore: decorator
@inline
export function imageChannelsOfGroup(geometry: usize): i32 {
  return get(geometry, IMAGE_CHANNELS) / get(geometry, GROUPS);
}

// @ts-ignore: decorator
@inline
export function outChannelsOfGroup(geometry: usize): i32 {
  return get(geometry, OUT_CHANNELS) / get(geometry, GROUPS);
}

// @ts-ignore: decorator
@inline
export function floats(count: i32): usize {
  return 4 * <usize>count;
}
