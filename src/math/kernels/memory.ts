/** @file Where the kernels keep things: slots of arguments, scratch memory, the packing buffer. */
import { argumentsOf, scratchOf } from "./threads";

/** Floats in the buffer that all threads share for packed operands. */
export const PACK_FLOATS: i32 = 3 << 19;
/** Rows and depth of the block of A that a thread copies where A is stored transposed. */
export const BLOCK_ROWS: i32 = 128;
export const BLOCK_DEPTH: i32 = 256;
const TILE_BYTES: usize = 256;
const BLOCK_BYTES: usize = 4 * <usize>(BLOCK_ROWS * BLOCK_DEPTH);
/** Floats of B that a thread packs for itself. */
export const OWN_FLOATS: i32 = 1 << 17;
/** What every thread's scratch memory starts with: one tile, one block of A and packed columns of B. */
export const COMMON_BYTES: usize = TILE_BYTES + BLOCK_BYTES + 4 * <usize>OWN_FLOATS;

/** A 4 x 8 tile for results that do not go to C as they are. */
export function tileScratch(control: usize, thread: i32): usize {
  return scratchOf(control, thread);
}

/** BLOCK_ROWS x BLOCK_DEPTH floats for a copied block of A. */
export function blockScratch(control: usize, thread: i32): usize {
  return scratchOf(control, thread) + TILE_BYTES;
}

/** OWN_FLOATS for packed columns of B. */
export function ownScratch(control: usize, thread: i32): usize {
  return scratchOf(control, thread) + TILE_BYTES + BLOCK_BYTES;
}

/** What the thread's memory holds beyond; its size is set with the engine's `reserve`. */
export function freeScratch(control: usize, thread: i32): usize {
  return scratchOf(control, thread) + COMMON_BYTES;
}

/** Reads argument `slot` of the running job as an address or an integer. */
// @ts-ignore: decorator
@inline
export function arg(control: usize, slot: usize): i32 {
  return load<i32>(argumentsOf(control) + 4 * slot);
}

// @ts-ignore: decorator
@inline
export function floatArg(control: usize, slot: usize): f32 {
  return load<f32>(argumentsOf(control) + 4 * slot);
}

// @ts-ignore: decorator
@inline
export function setArg(control: usize, slot: usize, value: i32): void {
  store<i32>(argumentsOf(control) + 4 * slot, value);
}

// @ts-ignore: decorator
@inline
export function setFloatArg(control: usize, slot: usize, value: f32): void {
  store<f32>(argumentsOf(control) + 4 * slot, value);
}

// @ts-ignore: decorator
@inline
export function ceilDivide(n: i32, d: i32): i32 {
  return (n + d - 1) / d;
}

/** Bytes of scratch memory that every thread needs for matrix products. */
export function commonScratchBytes(): i32 {
  return <i32>COMMON_BYTES;
}

/** Bytes of the buffer for packed operands. */
export function packBytes(): i32 {
  return 4 * PACK_FLOATS;
}
