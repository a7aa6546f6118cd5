/**
 * @file Convolutions of many small images. A task does an image by itself, from packing to the result, so
 * threads meet once a batch and what a task packs stays in its cache.
 */
import { multiplyBlock } from "./block";
import {
  CHANNELS_PER_TASK, GROUPS, IMAGES, IMAGE_AREA, IMAGE_CHANNELS, IS_PADDED, OUT_CHANNELS, PADDED_AREA,
  POSITIONS, POSITION_TABLE, TAPS, TAP_TABLE, floats, get, imageChannelsOfGroup, outChannelsOfGroup,
} from "./geometry";
import { BLOCK_ROWS, arg, ceilDivide, freeScratch, setArg } from "./memory";
import { packPanels, setSource } from "./pack";
import { padChannel } from "./padding";
import { BLOCK_BYTES, scatterChannels } from "./scatter";
import { loadSome, storeSome } from "./simd";
import { parallel } from "./threads";
import { TILE_COLUMNS } from "./tile";

// The first slots belong to the source of `packPanels`.
const GEOMETRY = 32;
const IMAGE = 33;
const WEIGHT = 34;
const BIAS = 35;
const OUT = 36;
const SUMS = 37;
const ADDS = 38;

/** Parts of a batch whose gradients are summed by themselves; so many gradients must fit the packing buffer. */
const PARTS = 16;
/** Floats of a task that adds up the parts. */
const SUM_FLOATS = 4096;

function setJob(
  control: usize, geometry: usize, image: usize, weight: usize, bias: usize, out: usize,
): void {
  setArg(control, GEOMETRY, <i32>geometry);
  setArg(control, IMAGE, <i32>image);
  setArg(control, WEIGHT, <i32>weight);
  setArg(control, BIAS, <i32>bias);
  setArg(control, OUT, <i32>out);
}

/** `correlate` of all images. */
export function batchCorrelate(
  control: usize, geometry: usize, image: usize, weight: usize, bias: usize, out: usize,
): void {
  setJob(control, geometry, image, weight, bias, out);
  setSource(control, 0, 0, 0, <usize>get(geometry, TAP_TABLE), <usize>get(geometry, POSITION_TABLE));
  parallel(control, correlateTask.index, get(geometry, IMAGES) * get(geometry, GROUPS));
}

function correlateTask(control: usize, task: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const N = get(geometry, POSITIONS);
  const M = outChannelsOfGroup(geometry);
  const K = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  const group = task % get(geometry, GROUPS);
  const source = sourceOf(control, geometry, task, thread);
  const packed = packedOf(control, geometry, thread);
  packPanels(control, source, 0, ceilDivide(N, TILE_COLUMNS), K, N, packed);
  const bias = <usize>arg(control, BIAS);
  for (let i = 0; i < M; i += BLOCK_ROWS) {
    const row = group * M + i;
    multiplyBlock(
      control, thread, min(BLOCK_ROWS, M - i), N, K, 1, <usize>arg(control, WEIGHT) + floats(row * K), floats(K),
      false, packed, outOf(control, geometry, task) + floats(i * N), floats(N), false, false,
      bias ? bias + floats(row) : 0,
    );
  }
}

/** `scatter` of all images. */
export function batchScatter(
  control: usize, geometry: usize, out: usize, weight: usize, bias: usize, image: usize,
): void {
  setJob(control, geometry, image, weight, bias, out);
  setSource(control, 0, floats(get(geometry, POSITIONS)), 4, 0, 0);
  parallel(control, scatterTask.index, get(geometry, IMAGES) * get(geometry, GROUPS));
}

function scatterTask(control: usize, task: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const N = get(geometry, POSITIONS);
  const depth = outChannelsOfGroup(geometry);
  const channels = imageChannelsOfGroup(geometry);
  const perTask = get(geometry, CHANNELS_PER_TASK);
  const group = task % get(geometry, GROUPS);
  const copies = get(geometry, IS_PADDED) ? floats(perTask * get(geometry, PADDED_AREA)) : 0;
  const packed = freeScratch(control, thread) + BLOCK_BYTES + copies;
  packPanels(control, outOf(control, geometry, task), 0, ceilDivide(N, TILE_COLUMNS), depth, N, packed);
  const weight = <usize>arg(control, WEIGHT) + floats(group * depth * channels * get(geometry, TAPS));
  const bias = <usize>arg(control, BIAS);
  for (let first = 0; first < channels; first += perTask) {
    scatterChannels(
      control, thread, geometry, packed, weight, bias ? bias + floats(group * channels) : 0,
      imageOf(control, geometry, task), 0, N, first, min(perTask, channels - first),
    );
  }
}

/** `weightGradient` of all images; `sums` is the packing buffer. */
export function batchWeightGradient(
  control: usize, geometry: usize, image: usize, out: usize, weightDiff: usize, adds: bool, sums: usize,
): void {
  setJob(control, geometry, image, weightDiff, 0, out);
  setSource(control, 0, 0, 0, <usize>get(geometry, POSITION_TABLE), <usize>get(geometry, TAP_TABLE));
  setArg(control, SUMS, <i32>sums);
  setArg(control, ADDS, adds);
  parallel(control, gradientTask.index, min(PARTS, get(geometry, IMAGES)));
  parallel(control, sumTask.index, ceilDivide(weightsOf(geometry), SUM_FLOATS));
}

function gradientTask(control: usize, part: i32, thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const K = get(geometry, POSITIONS);
  const M = outChannelsOfGroup(geometry);
  const N = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  const groups = get(geometry, GROUPS);
  const images = get(geometry, IMAGES);
  const parts = min(PARTS, images);
  const first = (images * part) / parts * groups, end = (images * (part + 1)) / parts * groups;
  const sum = <usize>arg(control, SUMS) + floats(part * weightsOf(geometry));
  const packed = packedOf(control, geometry, thread);
  for (let item = first; item < end; item++) {
    const source = sourceOf(control, geometry, item, thread);
    packPanels(control, source, 0, ceilDivide(N, TILE_COLUMNS), K, N, packed);
    const c = sum + floats((item % groups) * M * N);
    for (let i = 0; i < M; i += BLOCK_ROWS) {
      multiplyBlock(
        control, thread, min(BLOCK_ROWS, M - i), N, K, 1, outOf(control, geometry, item) + floats(i * K), floats(K),
        false, packed, c + floats(i * N), floats(N), false, item >= first + groups, 0,
      );
    }
  }
}

/** Adds up some weights' gradients, part by part. */
function sumTask(control: usize, task: i32, _thread: i32): void {
  const geometry = <usize>arg(control, GEOMETRY);
  const weights = weightsOf(geometry);
  const parts = min(PARTS, get(geometry, IMAGES));
  const adds = <bool>arg(control, ADDS);
  const end = min(weights, (task + 1) * SUM_FLOATS);
  for (let i = task * SUM_FLOATS; i < end; i += 4) {
    const n = end - i;
    const to = <usize>arg(control, WEIGHT) + floats(i);
    let from = <usize>arg(control, SUMS) + floats(i);
    let sum = adds ? loadSome(to, n) : f32x4.splat(0);
    for (let part = 0; part < parts; part++) {
      sum = f32x4.add(sum, loadSome(from, n));
      from += floats(weights);
    }
    storeSome(to, sum, n);
  }
}

function weightsOf(geometry: usize): i32 {
  return get(geometry, OUT_CHANNELS) * imageChannelsOfGroup(geometry) * get(geometry, TAPS);
}

/** Where item (image, group) begins on the image side. */
function imageOf(control: usize, geometry: usize, item: i32): usize {
  return <usize>arg(control, IMAGE) + floats(item * imageChannelsOfGroup(geometry) * get(geometry, IMAGE_AREA));
}

function outOf(control: usize, geometry: usize, item: i32): usize {
  return <usize>arg(control, OUT) + floats(item * outChannelsOfGroup(geometry) * get(geometry, POSITIONS));
}

/** An item of the image side as it is read: in the thread's memory, where it needs padding. */
function sourceOf(control: usize, geometry: usize, item: i32, thread: i32): usize {
  const image = imageOf(control, geometry, item);
  if (!get(geometry, IS_PADDED)) return image;
  const copy = freeScratch(control, thread);
  for (let c = 0; c < imageChannelsOfGroup(geometry); c++) {
    padChannel(geometry, image + floats(c * get(geometry, IMAGE_AREA)), copy + floats(c * get(geometry, PADDED_AREA)));
  }
  return copy;
}

/** Where a task packs what it reads. */
function packedOf(control: usize, geometry: usize, thread: i32): usize {
  const copied = get(geometry, IS_PADDED) ? imageChannelsOfGroup(geometry) * get(geometry, PADDED_AREA) : 0;
  return freeScratch(control, thread) + floats(copied);
}
