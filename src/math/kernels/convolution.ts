/** @file Convolutions as matrix products; see geometry.ts for the two sides and the tables. */
import { batchCorrelate, batchScatter, batchWeightGradient } from "./batch";
import {
  GROUPS, IMAGES, IMAGE_AREA, IMAGE_CHANNELS, IS_BATCH, IS_PLAIN, IS_THIN, OUT_CHANNELS, PADDED_AREA, POSITIONS,
  POSITION_TABLE, TAPS, TAP_TABLE, floats, get, imageChannelsOfGroup, outChannelsOfGroup,
} from "./geometry";
import { fill } from "./elementwise";
import { setSource } from "./pack";
import { padded } from "./padding";
import { product } from "./product";
import { scatterGroup } from "./scatter";
import { padsInTask, thinCorrelate, thinScatter, thinWeightGradient } from "./thin";

/** out[m, p] = bias[m] + sum over c, t of weight[m, c, t] image[c, t at p]; `bias` may be 0. */
export function correlate(
  control: usize, packed: usize, geometry: usize, shared: usize, image: usize, weight: usize,
  bias: usize, out: usize,
): void {
  if (get(geometry, IS_BATCH)) {
    batchCorrelate(control, geometry, image, weight, bias, out);
    return;
  }
  const positions = get(geometry, POSITIONS);
  const M = outChannelsOfGroup(geometry);
  const K = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  for (let n = 0; n < get(geometry, IMAGES); n++) {
    const source = sourceAt(control, geometry, image, n, shared);
    if (get(geometry, IS_THIN)) {
      thinCorrelate(control, geometry, source, weight, bias, outAt(geometry, out, n, 0));
      continue;
    }
    for (let group = 0; group < get(geometry, GROUPS); group++) {
      setSource(
        control, groupOf(geometry, source, group), 0, 0,
        <usize>get(geometry, TAP_TABLE), <usize>get(geometry, POSITION_TABLE),
      );
      product(
        control, M, positions, K, 1, weight + floats(group * M * K), floats(K), false, packed,
        outAt(geometry, out, n, group), floats(positions), false, false,
        bias ? bias + floats(group * M) : 0,
      );
    }
  }
}

/** weightDiff[m, c, t] = (adds ? weightDiff : 0) + sum over images and p of out[m, p] image[c, t at p]. */
export function weightGradient(
  control: usize, packed: usize, geometry: usize, shared: usize, image: usize, out: usize,
  weightDiff: usize, adds: bool,
): void {
  if (get(geometry, IS_BATCH)) {
    batchWeightGradient(control, geometry, image, out, weightDiff, adds, packed);
    return;
  }
  const positions = get(geometry, POSITIONS);
  const M = outChannelsOfGroup(geometry);
  const N = imageChannelsOfGroup(geometry) * get(geometry, TAPS);
  for (let n = 0; n < get(geometry, IMAGES); n++) {
    const source = sourceAt(control, geometry, image, n, shared);
    if (get(geometry, IS_THIN)) {
      if (n == 0 && !adds) fill(control, get(geometry, OUT_CHANNELS) * N, 0, weightDiff);
      thinWeightGradient(control, geometry, source, outAt(geometry, out, n, 0), weightDiff);
      continue;
    }
    for (let group = 0; group < get(geometry, GROUPS); group++) {
      setSource(
        control, groupOf(geometry, source, group), 0, 0,
        <usize>get(geometry, POSITION_TABLE), <usize>get(geometry, TAP_TABLE),
      );
      product(
        control, M, N, positions, 1, outAt(geometry, out, n, group), floats(positions), false, packed,
        weightDiff + floats(group * M * N), floats(N), false, adds || n > 0, 0,
      );
    }
  }
}

/** image[c, q] = bias[c] + sum over m, t, p with t at p = q of weight[m, c, t] out[m, p]. */
export function scatter(
  control: usize, packed: usize, geometry: usize, out: usize, weight: usize, bias: usize, image: usize,
): void {
  if (get(geometry, IS_BATCH)) {
    batchScatter(control, geometry, out, weight, bias, image);
    return;
  }
  const positions = get(geometry, POSITIONS);
  const M = outChannelsOfGroup(geometry);
  const channels = imageChannelsOfGroup(geometry);
  const K = channels * get(geometry, TAPS);
  for (let n = 0; n < get(geometry, IMAGES); n++) {
    const target = imageAt(geometry, image, n);
    if (get(geometry, IS_THIN)) {
      thinScatter(control, geometry, outAt(geometry, out, n, 0), weight, bias, target);
      continue;
    }
    for (let group = 0; group < get(geometry, GROUPS); group++) {
      const from = outAt(geometry, out, n, group);
      const w = weight + floats(group * M * K);
      const to = target + floats(group * channels * get(geometry, IMAGE_AREA));
      const b = bias ? bias + floats(group * channels) : 0;
      if (get(geometry, IS_PLAIN)) {
        setSource(control, from, floats(positions), 4, 0, 0);
        product(control, K, positions, M, 1, w, floats(K), true, packed, to, floats(positions), false, false, b);
      } else scatterGroup(control, packed, geometry, from, w, b, to);
    }
  }
}

/** Image n as the kernels read it. */
function sourceAt(control: usize, geometry: usize, image: usize, n: i32, shared: usize): usize {
  const source = imageAt(geometry, image, n);
  if (get(geometry, IS_THIN) && padsInTask(geometry)) return source;
  return padded(control, geometry, source, shared);
}

// @ts-ignore: decorator
@inline
function imageAt(geometry: usize, image: usize, n: i32): usize {
  return image + floats(n * get(geometry, IMAGE_CHANNELS) * get(geometry, IMAGE_AREA));
}

// @ts-ignore: decorator
@inline
function groupOf(geometry: usize, image: usize, group: i32): usize {
  return image + floats(group * imageChannelsOfGroup(geometry) * get(geometry, PADDED_AREA));
}

// @ts-ignore: decorator
@inline
function outAt(geometry: usize, out: usize, n: i32, group: i32): usize {
  const channel = n * get(geometry, OUT_CHANNELS) + group * outChannelsOfGroup(geometry);
  return out + floats(channel * get(geometry, POSITIONS));
}
