/** @file Convolutions by their definition: single values of each side, every product summed in float64. */
import type { ConvolutionShape } from "../../src/core/engine.ts";
import { count } from "../../src/core/shape.ts";

/** What a convolution works on; each side as `ConvolutionShape` lays it out. */
export interface Operands {
  readonly image: Float32Array;
  readonly out: Float32Array;
  readonly weight: Float32Array;
  readonly imageBias: Float32Array;
  readonly outBias: Float32Array;
}

/** A value, the sum of the sizes of its terms, and how many they are. */
export interface Exact {
  readonly value: number;
  readonly size: number;
  readonly terms: number;
}

type Side = "out" | "image" | "weight";

/** Computes single values: out = bias + weight * image, its transpose, and the gradient added to weight. */
export function convolutionReference(shape: ConvolutionShape, operands: Operands) {
  const { images, groups, imageChannels, outChannels, kernel } = shape;
  const [channels, outs] = [imageChannels / groups, outChannels / groups];
  const [area, positions, taps] = [count(shape.image), count(shape.out), count(kernel)];
  const pairs = pairsOf(shape);
  const byPosition = grouped(pairs, positions, ([tap, place, position]) => [position, tap, place]);
  const byPlace = grouped(pairs, area, ([tap, place, position]) => [place, tap, position]);
  const byTap = grouped(pairs, taps, ([tap, place, position]) => [tap, place, position]);
  const { image, out, weight, imageBias, outBias } = operands;

  const of: Record<Side, (index: number) => Exact> = {
    out(index) {
      const sum = new Sum(outBias[Math.floor(index / positions) % outChannels]!);
      const m = Math.floor(index / positions) % outChannels;
      const n = Math.floor(index / positions / outChannels);
      for (let c = 0; c < channels; c++) {
        const source = (n * imageChannels + Math.floor(m / outs) * channels + c) * area;
        for (const [tap, place] of byPosition[index % positions]!) {
          sum.add(weight[(m * channels + c) * taps + tap]! * image[source + place]!);
        }
      }
      return sum;
    },
    image(index) {
      const channel = Math.floor(index / area) % imageChannels;
      const n = Math.floor(index / area / imageChannels);
      const [first, c] = [Math.floor(channel / channels) * outs, channel % channels];
      const sum = new Sum(imageBias[channel]!);
      for (let m = first; m < first + outs; m++) {
        for (const [tap, position] of byPlace[index % area]!) {
          const y = out[(n * outChannels + m) * positions + position]!;
          sum.add(weight[(m * channels + c) * taps + tap]! * y);
        }
      }
      return sum;
    },
    weight(index) {
      const m = Math.floor(index / taps / channels);
      const channel = Math.floor(m / outs) * channels + (Math.floor(index / taps) % channels);
      const sum = new Sum(weight[index]!);
      for (let n = 0; n < images; n++) {
        for (const [place, position] of byTap[index % taps]!) {
          const y = out[(n * outChannels + m) * positions + position]!;
          sum.add(y * image[(n * imageChannels + channel) * area + place]!);
        }
      }
      return sum;
    },
  };
  return of;
}

class Sum implements Exact {
  value: number;
  size: number;
  terms = 1;

  constructor(start: number) {
    this.value = start;
    this.size = Math.abs(start);
  }

  add(term: number): void {
    this.value += term;
    this.size += Math.abs(term);
    this.terms++;
  }
}

type Triple = readonly [number, number, number];

/** The last two numbers of each triple, by the first one. */
function grouped(pairs: readonly Triple[], size: number, order: (pair: Triple) => Triple) {
  const groups = Array.from({ length: size }, (): [number, number][] => []);
  for (const pair of pairs) {
    const [group, a, b] = order(pair);
    groups[group]!.push([a, b]);
  }
  return groups;
}

/** Index of the tap, the place in a channel of the image, and the position on the out side. */
function pairsOf({ image, out, kernel, stride, pad, dilation }: ConvolutionShape) {
  const pairs: [number, number, number][] = [];
  const positions = gridOf(out);
  gridOf(kernel).forEach((tap, t) => {
    positions.forEach((position, p) => {
      let place = 0;
      for (let axis = 0; axis < image.length; axis++) {
        const index = position[axis]! * stride[axis]! - pad[axis]! + tap[axis]! * dilation[axis]!;
        if (index < 0 || index >= image[axis]!) return;
        place = place * image[axis]! + index;
      }
      pairs.push([t, place, p]);
    });
  });
  return pairs;
}

/** All index vectors of an array of these sizes, in C order. */
function gridOf(sizes: readonly number[]): number[][] {
  let grid: number[][] = [[]];
  for (const size of sizes) {
    grid = grid.flatMap((index) => Array.from({ length: size }, (_, i) => [...index, i]));
  }
  return grid;
}
