/** @file Convolutions by their definition: every product that there is, summed in float64. */
import type { ConvolutionShape } from "../../src/core/engine.ts";
import { count } from "../../src/core/shape.ts";

/** One product of a convolution: indices into weight, image and out side. */
type Visit = (weight: number, image: number, out: number) => void;

/** Visits each pair of a tap and a position whose place lies inside the image. */
function forEachProduct(shape: ConvolutionShape, visit: Visit): void {
  const { images, groups, imageChannels, outChannels, image, out, kernel } = shape;
  const pairs = pairsOf(shape);
  const taps = count(kernel);
  const channels = imageChannels / groups;
  const outs = outChannels / groups;
  for (let n = 0; n < images; n++) {
    for (let m = 0; m < outChannels; m++) {
      for (let c = 0; c < channels; c++) {
        const source = n * imageChannels + Math.floor(m / outs) * channels + c;
        for (const [tap, place, position] of pairs) {
          visit(
            (m * channels + c) * taps + tap,
            source * count(image) + place,
            (n * outChannels + m) * count(out) + position,
          );
        }
      }
    }
  }
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

/** out += weight * image */
export function correlate(
  shape: ConvolutionShape,
  image: Float32Array,
  weight: Float32Array,
  out: Float64Array,
): void {
  forEachProduct(shape, (w, i, o) => {
    out[o]! += weight[w]! * image[i]!;
  });
}

/** image += the transpose of the above on out. */
export function scatter(
  shape: ConvolutionShape,
  out: Float32Array,
  weight: Float32Array,
  image: Float64Array,
): void {
  forEachProduct(shape, (w, i, o) => {
    image[i]! += weight[w]! * out[o]!;
  });
}

/** weightDiff += the gradient of sum(out * (weight * image)). */
export function weightGradient(
  shape: ConvolutionShape,
  image: Float32Array,
  out: Float32Array,
  weightDiff: Float64Array,
): void {
  forEachProduct(shape, (w, i, o) => {
    weightDiff[w]! += out[o]! * image[i]!;
  });
}
