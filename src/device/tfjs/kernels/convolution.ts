/** @file Convolution and its transpose. */
import type { Blob } from "../../../core/blob.ts";
import { count } from "../../../core/shape.ts";
import type { Tensor } from "../../../core/tensor.ts";
import { convolutionWindow } from "../../../layers/support/convolution-window.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { KernelRequest } from "../../device.ts";
import type { Tensors } from "../tensors.ts";
import {
  type ConvolutionOperations,
  type ImageConvolution,
  type Pair,
  filtersOf,
  imageConvolution,
} from "./image-convolution.ts";
import { type KernelFactory, Slot, tensorKernel } from "./kernel.ts";
import { productConvolution } from "./product-convolution.ts";

/** Bottom and top as (N, C, H, W), whatever the axes of the blobs. */
interface Views {
  readonly bottom: readonly number[];
  readonly top: readonly number[];
}

export const convolution = convolutionKernel(false);
export const deconvolution = convolutionKernel(true);

/** In a Deconvolution bottom and top change sides. One or two spatial axes; the host has the others. */
function convolutionKernel(isTransposed: boolean): KernelFactory {
  return (tensors, request) => {
    const { layer, bottomBlobs } = request;
    const { axis } = withDefaults("ConvolutionParameter", request.param.convolutionParam);
    const { length } = bottomBlobs[0]!.shape;
    const channelAxis = axis < 0 ? axis + length : axis;
    const window = windowOf(request, length - channelAxis - 1);
    if (!window) return undefined;
    const [weight, bias] = layer.blobs as [Blob, Blob?];
    const filters = new Filters(tensors, weight);
    let views: Views = { bottom: [], top: [] };
    let operations: ConvolutionOperations | undefined;

    return tensorKernel(tensors, request, {
      reshape([bottom], [top]) {
        views = { bottom: viewOf(bottom!, channelAxis), top: viewOf(top!, channelAxis) };
        const shape = shapeOf(window, views, weight, isTransposed);
        const product = productConvolution(tensors.tf, shape);
        filters.isPlain = product !== undefined;
        operations = product ?? imageConvolution(tensors.tf, shape);
      },
      forward(bottoms, tops) {
        const run = isTransposed ? operations!.scatter : operations!.correlate;
        bottoms.forEach((bottom, i) => {
          const y = run(tensors.data(bottom, views.bottom), filters.read());
          tensors.setData(tops[i]!, bias ? tensors.tf.add(y, perChannel(tensors, bias)) : y);
        });
      },
      backward(tops, propagateDown, bottoms) {
        const run = isTransposed ? operations!.correlate : operations!.scatter;
        tops.forEach((top, i) => {
          const dy = tensors.diff(top, views.top);
          if (bias && layer.paramPropagateDown?.[1]) {
            tensors.addDiff(bias, tensors.tf.sum(dy, [0, 2, 3]));
          }
          if (layer.paramPropagateDown?.[0]) {
            const x = tensors.data(bottoms[i]!, views.bottom);
            const [image, out] = isTransposed ? [dy, x] : [x, dy];
            tensors.addDiff(weight, operations!.filterGradient(image, out));
          }
          if (propagateDown[i]) tensors.setDiff(bottoms[i]!, run(dy, filters.read()));
        });
      },
      dispose: () => filters.dispose(),
    });
  };
}

/** The weights as the operations want them, made anew where the weights are others. */
class Filters {
  /** Whether they are wanted as Caffe has them. */
  isPlain = false;
  readonly #tensors: Tensors;
  readonly #weight: Blob;
  readonly #slot: Slot;
  #madeFrom = -1;

  constructor(tensors: Tensors, weight: Blob) {
    this.#tensors = tensors;
    this.#weight = weight;
    this.#slot = new Slot(tensors);
  }

  read(): Tensor {
    const weights = this.#tensors.data(this.#weight);
    if (this.isPlain) return weights;
    // A tensor never changes: its values are those of the last time if it is the same one.
    if (weights.id !== this.#madeFrom) {
      const [outer, inner, ...kernel] = this.#weight.shape;
      const shape = [outer!, inner!, ...pairOf(kernel, 1)];
      this.#slot.set(filtersOf(this.#tensors.tf, this.#tensors.tf.reshape(weights, shape)));
      this.#madeFrom = weights.id;
    }
    return this.#slot.tensor;
  }

  dispose(): void {
    this.#slot.dispose();
  }
}

/** Kernel, stride, pad and dilation of two axes; `undefined` for what only the host can do. */
function windowOf({ param }: KernelRequest, spatialAxes: number) {
  if (spatialAxes < 1 || spatialAxes > 2) return undefined;
  const fail = (problem: string): never => {
    throw new Error(`internal: ${problem}`);
  };
  const { kernel, stride, pad, dilation } = convolutionWindow({ param, fail }, spatialAxes);
  const isDilated = dilation.some((d) => d > 1);
  if (isDilated && stride.some((s) => s > 1)) return undefined;
  return {
    kernel: pairOf(kernel, 1),
    stride: pairOf(stride, 1),
    pad: pairOf(pad, 0),
    dilation: pairOf(dilation, 1),
  };
}

/** Numbers of two axes; where there is one, the first one is `missing`. */
function pairOf(numbers: readonly number[], missing: number): Pair {
  return numbers.length === 2 ? [numbers[0]!, numbers[1]!] : [missing, numbers[0]!];
}

function viewOf({ shape }: Blob, channelAxis: number): number[] {
  const [h, w] = pairOf(shape.slice(channelAxis + 1), 1);
  return [count(shape, 0, channelAxis), shape[channelAxis]!, h, w];
}

function shapeOf(
  window: Pick<ImageConvolution, "kernel" | "stride" | "pad" | "dilation">,
  { bottom, top }: Views,
  weight: Blob,
  isTransposed: boolean,
): ImageConvolution {
  const [image, out] = isTransposed ? [top, bottom] : [bottom, top];
  return {
    ...window,
    images: image[0]!,
    imageChannels: image[1]!,
    outChannels: out[1]!,
    groups: image[1]! / weight.shape[1]!,
    image: [image[2]!, image[3]!],
    out: [out[2]!, out[3]!],
  };
}

function perChannel(tensors: Tensors, bias: Blob): Tensor {
  return tensors.data(bias, [1, bias.count, 1, 1]);
}
