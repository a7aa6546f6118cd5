/** @file Im2col: the patches under a moving window as columns. */
import { type LayerDefinition, exactly } from "../core/layer.ts";
import { type Shape, count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";
import { type Window, convolutionWindow, convolvedSize } from "./support/convolution-window.ts";

const OUTSIDE = -1;

/**
 * Lays out what each tap of a convolution's window sees, so that a convolution becomes a product.
 *
 *     y[n, (c, u, v), i, j] = x[n, c, stride i - pad + dilation u, stride j - pad + dilation v]
 *
 * and 0 outside the image. The gradient adds up where windows overlap.
 *
 * - Bottom: x (N, C, H, W), or any number of spatial axes after `axis`.
 * - Top: y (N, C * kernelH * kernelW, H', W') with the sizes of a convolution's top.
 */
export const im2col: LayerDefinition = {
  type: "Im2col",
  bottoms: exactly(1),
  tops: exactly(1),
  setUp(context) {
    const param = withDefaults("ConvolutionParameter", context.param.convolutionParam);
    const axisIn = (shape: Shape) => axisOf(context, shape, param.axis, "convolutionParam.axis");
    const { shape } = context.bottoms[0]!;
    const window = convolutionWindow(context, shape.length - axisIn(shape) - 1);
    const taps = count(window.kernel);
    let image: Shape = [];
    let out: Shape = [];
    let plane = 0;
    let table: Int32Array | undefined;
    /** For each tap and place of the window: the place in the image, or OUTSIDE. Made when it is used. */
    const places = () => {
      table ??= placesOf(image, out, window);
      return table;
    };
    return {
      blobs: [],
      reshape([bottom], [top]) {
        const { shape } = bottom!;
        const axis = axisIn(shape);
        image = shape.slice(axis + 1);
        out = image.map((size, i) => convolvedSize(size, window, i));
        top!.reshape(...shape.slice(0, axis), shape[axis]! * taps, ...out);
        table = undefined;
        plane = count(image);
      },
      forward([bottom], [top]) {
        const x = bottom!.data;
        const y = top!.data;
        const from = places();
        for (let start = 0, to = 0; to < y.length; start += plane) {
          for (let k = 0; k < from.length; k++, to++) {
            y[to] = from[k] === OUTSIDE ? 0 : x[start + from[k]!]!;
          }
        }
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        const dx = bottom!.diff;
        const dy = top!.diff;
        const to = places();
        dx.fill(0);
        for (let start = 0, from = 0; from < dy.length; start += plane) {
          for (let k = 0; k < to.length; k++, from++) {
            if (to[k] !== OUTSIDE) dx[start + to[k]!]! += dy[from]!;
          }
        }
      },
    };
  },
};

/** Walks all taps (u, v, ...), and for each all places (i, j, ...) of the window. */
function placesOf(image: Shape, out: Shape, window: Window): Int32Array {
  const { kernel, stride, pad, dilation } = window;
  const places = new Int32Array(count(kernel) * count(out));
  const sizes = [...kernel, ...out];
  const axes = image.length;
  const index = new Int32Array(2 * axes);
  for (let k = 0; k < places.length; k++) {
    let place = 0;
    for (let a = 0; a < axes; a++) {
      const at = index[axes + a]! * stride[a]! - pad[a]! + index[a]! * dilation[a]!;
      const inside = at >= 0 && at < image[a]! && place !== OUTSIDE;
      place = inside ? place * image[a]! + at : OUTSIDE;
    }
    places[k] = place;
    for (let a = 2 * axes - 1; a >= 0; a--) {
      if (++index[a]! < sizes[a]!) break;
      index[a] = 0;
    }
  }
  return places;
}
