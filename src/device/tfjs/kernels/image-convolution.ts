/** @file Convolutions of images with TensorFlow.js, which knows no groups, few paddings, and dilation only forward. */
import type { Shape } from "../../../core/shape.ts";
import type { Tensor, TensorFlow } from "../../../core/tensor.ts";

/** A convolution between an image (N, C, H, W) and an output (N, M, H', W'), with weights (M, C / groups, h, w). */
export interface ImageConvolution {
  readonly images: number;
  readonly imageChannels: number;
  readonly outChannels: number;
  readonly groups: number;
  readonly image: Pair;
  readonly out: Pair;
  readonly kernel: Pair;
  readonly stride: Pair;
  readonly pad: Pair;
  readonly dilation: Pair;
}

export type Pair = readonly [number, number];

/** What the passes of Convolution and Deconvolution need. Weights are of the shape (h, w, C / groups, M). */
export interface ConvolutionOperations {
  /** image -> output */
  correlate(image: Tensor, filters: Tensor): Tensor;
  /** output -> image; the transpose of `correlate`. */
  scatter(out: Tensor, filters: Tensor): Tensor;
  /** The gradient of the weights, in Caffe's shape (M, C / groups, h, w). */
  filterGradient(image: Tensor, out: Tensor): Tensor;
}

const NCHW_TO_NHWC = [0, 2, 3, 1];
const NHWC_TO_NCHW = [0, 3, 1, 2];
/** No margins. */
const UNCUT = [
  [0, 0],
  [0, 0],
];

/** Caffe's weights (M, C / groups, h, w) as TensorFlow wants them: (h, w, C / groups, M). */
export function filtersOf(tf: TensorFlow, weights: Tensor): Tensor {
  return tf.transpose(weights, [2, 3, 1, 0]);
}

/**
 * The operations for one shape. The image is padded here and TensorFlow told "valid", because tfjs-node
 * refuses other paddings backward. A dilated kernel sees every d-th row and column only, so the image is
 * cut into d x d images of those (space to batch), on which the kernel is an ordinary one.
 * @param c where dilation is not 1, stride is
 */
export function imageConvolution(tf: TensorFlow, c: ImageConvolution): ConvolutionOperations {
  const rows = axisOf(c, 0);
  const columns = axisOf(c, 1);
  const [dH, dW] = c.dilation;
  const isDilated = dH > 1 || dW > 1;
  const batch = c.images * dH * dW;
  const image = [batch, rows.phase, columns.phase, c.imageChannels];
  // TensorFlow wants one stride for both axes there.
  const isDepthwise = c.groups === c.imageChannels && c.groups > 1 && c.stride[0] === c.stride[1];
  const operations = (isDepthwise ? depthwiseOperations : groupedOperations)(tf, c, image);

  const toPhases = (x: Tensor) => (isDilated ? tf.spaceToBatchND(x, [dH, dW], UNCUT) : x);
  const fromPhases = (x: Tensor) => (isDilated ? tf.batchToSpaceND(x, [dH, dW], UNCUT) : x);

  const padImage = (x: Tensor) =>
    tf.pad(tf.transpose(x, NCHW_TO_NHWC), [[0, 0], rows.margins, columns.margins, [0, 0]]);
  const cropImage = (x: Tensor) => {
    const part = tf.slice(
      x,
      [0, rows.margins[0], columns.margins[0], 0],
      [c.images, ...c.image, c.imageChannels],
    );
    return tf.transpose(part, NHWC_TO_NCHW);
  };
  const padOut = (y: Tensor) =>
    tf.pad(tf.transpose(y, NCHW_TO_NHWC), [
      [0, 0],
      [0, rows.beyond],
      [0, columns.beyond],
      [0, 0],
    ]);
  const cropOut = (y: Tensor) =>
    tf.transpose(tf.slice(y, [0, 0, 0, 0], [c.images, ...c.out, c.outChannels]), NHWC_TO_NCHW);

  return {
    correlate: (image, filters) =>
      cropOut(fromPhases(operations.correlate(toPhases(padImage(image)), filters))),
    scatter: (out, filters) =>
      cropImage(fromPhases(operations.scatter(toPhases(padOut(out)), filters))),
    filterGradient(image, out) {
      const [x, dy] = [toPhases(padImage(image)), toPhases(padOut(out))];
      return tf.transpose(operations.filterGradient(x, dy), [3, 2, 0, 1]);
    },
  };
}

/** The operations on padded images (N, H, W, C), undilated. Gradients of weights are of the weights' shape here. */
function groupedOperations(
  tf: TensorFlow,
  c: ImageConvolution,
  image: Shape,
): ConvolutionOperations {
  const run = tf.engine().runKernel.bind(tf.engine()) as RunKernel;
  const window = { strides: [...c.stride], pad: "valid", dataFormat: "NHWC", dilations: [1, 1] };
  const inputShape = [...image.slice(0, 3), c.imageChannels / c.groups];
  const filterShape = [...c.kernel, c.imageChannels / c.groups, c.outChannels / c.groups];
  const split = (x: Tensor) => (c.groups === 1 ? [x] : tf.split(x, c.groups, 3));
  const join = (parts: Tensor[]) => (c.groups === 1 ? parts[0]! : tf.concat(parts, 3));
  return {
    correlate(images, filters) {
      const kernels = split(filters);
      return join(split(images).map((x, g) => run("Conv2D", { x, filter: kernels[g]! }, window)));
    },
    scatter(outs, filters) {
      const kernels = split(filters);
      const attributes = { ...window, inputShape };
      return join(
        split(outs).map((dy, g) =>
          run("Conv2DBackpropInput", { dy, filter: kernels[g]! }, attributes),
        ),
      );
    },
    filterGradient(images, outs) {
      const gradients = split(outs);
      const attributes = { ...window, filterShape };
      return join(
        split(images).map((x, g) =>
          run("Conv2DBackpropFilter", { x, dy: gradients[g]! }, attributes),
        ),
      );
    },
  };
}

/** The same where each channel of the image is a group: one operation for all of them. */
function depthwiseOperations(
  tf: TensorFlow,
  c: ImageConvolution,
  image: Shape,
): ConvolutionOperations {
  const run = tf.engine().runKernel.bind(tf.engine()) as RunKernel;
  const window = { strides: [...c.stride], pad: "valid", dilations: [1, 1] };
  const filterShape = [...c.kernel, c.imageChannels, c.outChannels / c.groups];
  const attributes = { ...window, inputShape: [...image], filterShape };
  /** (h, w, 1, M) -> (h, w, C, M / C) */
  const byChannel = (filters: Tensor) => tf.reshape(filters, filterShape);
  return {
    correlate: (x, filters) =>
      run("DepthwiseConv2dNative", { x, filter: byChannel(filters) }, window),
    scatter: (dy, filters) =>
      run("DepthwiseConv2dNativeBackpropInput", { dy, filter: byChannel(filters) }, attributes),
    filterGradient(x, dy) {
      const gradient = run("DepthwiseConv2dNativeBackpropFilter", { x, dy }, attributes);
      return tf.reshape(gradient, [...c.kernel, 1, c.outChannels]);
    },
  };
}

type RunKernel = (
  name: string,
  inputs: Readonly<Record<string, Tensor>>,
  attributes: Readonly<Record<string, unknown>>,
) => Tensor;

/** How the image and the output lie along one axis. */
function axisOf(c: ImageConvolution, axis: 0 | 1) {
  const [image, out, pad, d] = [c.image[axis], c.out[axis], c.pad[axis], c.dilation[axis]];
  // Padding behind the image is left out where no window gets there; a dilated image is a multiple of d.
  const reach = d * (c.kernel[axis] - 1) + 1;
  const used = (out - 1) * c.stride[axis] + reach;
  const padded = Math.max(pad + image, used);
  const phase = Math.ceil(padded / d);
  const whole = d * phase;
  return {
    margins: [pad, whole - pad - image] as [number, number],
    /** The size of the image of one phase. */
    phase,
    /** Rows of the output that only the margins give. */
    beyond: d > 1 ? d * (phase - c.kernel[axis] + 1) - out : 0,
  };
}
