/** @file Convolution and Deconvolution on the GPU, without a matrix of columns in between. */
import type { Blob } from "../../../core/blob.ts";
import {
  type ConvolutionSetting,
  convolutionSetting,
  convolutionShape,
} from "../../../layers/support/convolution.ts";
import { productTasks } from "../products/tasks.ts";
import { type Argument, reads, readsDiff, updatesDiff, writes, writesDiff } from "../task.ts";
import { type Buffer, convolved } from "./convolution-operands.ts";
import { channelSums, correlation, filterGradient, scattering } from "./convolution-products.ts";
import { type KernelFactory, type ParameterGradient, shapedKernel } from "./kernel.ts";

/** Convolution correlates forward and scatters backward, Deconvolution the other way round. */
export const convolution: KernelFactory = convolutionKernel(false, false);
export const deconvolution: KernelFactory = convolutionKernel(true, false);
export const depthwiseConvolution: KernelFactory = convolutionKernel(false, true);

const valuesOf =
  (blob: Blob): Buffer =>
  (type) =>
    reads(blob, type);
const diffsOf =
  (blob: Blob): Buffer =>
  (type) =>
    readsDiff(blob, type);

function convolutionKernel(isTransposed: boolean, isDepthwise: boolean): KernelFactory {
  return (gpu, request) => {
    const { name, layer, bottomBlobs } = request;
    const [weight, bias] = layer.blobs as [Blob, Blob?];
    const setting = convolutionSetting(
      { param: request.param, fail: unexpected },
      bottomBlobs[0]!.shape,
      isTransposed,
      isDepthwise,
    );
    return shapedKernel(gpu, (bottoms, tops) => {
      const c = convolved(convolutionShape(setting, bottoms[0]!.shape, tops[0]!.shape));
      const there = isTransposed ? scattering : correlation;
      const back = isTransposed ? correlation : scattering;
      const w = valuesOf(weight);
      const biasValues = bias && reads(bias);
      const weightGradient = (x: Blob, y: Blob, into: Argument) => {
        const [image, out] = isTransposed ? [diffsOf(y), valuesOf(x)] : [valuesOf(x), diffsOf(y)];
        const product = filterGradient(`${name} filters' gradient`, c, image, out, into);
        return productTasks(gpu, product);
      };
      const biasGradient = (_x: Blob, y: Blob, into: Argument) =>
        productTasks(
          gpu,
          channelSums(`${name} bias gradient`, topSizes(setting, y, c.images), diffsOf(y), into),
        );
      const learns = layer.paramPropagateDown ?? [];
      return {
        forward: bottoms.flatMap((x, i) => {
          const y = writes(tops[i]!);
          return productTasks(gpu, there(`${name} forward`, c, valuesOf(x), w, biasValues, y));
        }),
        bottoms: bottoms.map((x, i) => {
          const dy = diffsOf(tops[i]!);
          const product = back(`${name} backward`, c, dy, w, undefined, writesDiff(x));
          return productTasks(gpu, product);
        }),
        params: [
          learns[0] ? gradientOver(weight, bottoms, tops, weightGradient) : undefined,
          bias && learns[1] ? gradientOver(bias, bottoms, tops, biasGradient) : undefined,
        ],
      };
    });
  };
}

/** The layer has been set up with the same parameters. */
function unexpected(problem: string): never {
  throw new Error(`internal: ${problem}`);
}

function topSizes({ numOutput }: ConvolutionSetting, top: Blob, images: number) {
  const pixels = images === 0 ? 0 : top.count / images / numOutput;
  return { images, channels: numOutput, pixels };
}

/** The gradient of a parameter that several bottoms share: the first one writes it, the others add. */
function gradientOver(
  blob: Blob,
  bottoms: readonly Blob[],
  tops: readonly Blob[],
  tasksOf: (x: Blob, y: Blob, into: Argument) => ReturnType<typeof productTasks>,
): ParameterGradient {
  const tasks = (first: Argument) =>
    bottoms.flatMap((x, i) => tasksOf(x, tops[i]!, i === 0 ? first : updatesDiff(blob)));
  return { blob, write: tasks(writesDiff(blob)), add: tasks(updatesDiff(blob)) };
}
