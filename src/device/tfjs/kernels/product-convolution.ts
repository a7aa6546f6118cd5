/** @file Convolutions that are matrix products: of 1 x 1 pixels, or of the whole image. */
import type { Tensor, TensorFlow } from "../../../core/tensor.ts";
import type { ConvolutionOperations, ImageConvolution } from "./image-convolution.ts";

/**
 * The operations where each output sees one pixel, or one output sees all of them; nothing is moved for
 * them. Weights stay in Caffe's shape. `undefined` for all other shapes.
 */
export function productConvolution(
  tf: TensorFlow,
  c: ImageConvolution,
): ConvolutionOperations | undefined {
  const isPointwise = [...c.kernel, ...c.stride].every((n) => n === 1);
  const isWhole = c.out[0] * c.out[1] === 1 && c.kernel.every((size, i) => size === c.image[i]);
  const isPlain = c.groups === 1 && c.pad.every((n) => n === 0);
  if (!isPlain || !(isPointwise || (isWhole && c.dilation.every((d) => d === 1)))) return undefined;
  const { images, outChannels } = c;
  const places = c.out[0] * c.out[1];
  const imageShape = [images, c.imageChannels, ...c.image];
  const outShape = [images, outChannels, ...c.out];
  const columns = (c.imageChannels * c.image[0] * c.image[1]) / places;

  const matrix = (filters: Tensor) => tf.reshape(filters, [1, outChannels, columns]);
  const imageView = (x: Tensor) => tf.reshape(x, [images, columns, places]);
  const outView = (y: Tensor) => tf.reshape(y, [images, outChannels, places]);
  /** (N, rows, P) -> (rows, N P) */
  const joined = (x: Tensor, rows: number) =>
    images === 1
      ? tf.reshape(x, [rows, places])
      : tf.reshape(tf.transpose(x, [1, 0, 2]), [rows, images * places]);

  return {
    correlate: (image, filters) =>
      tf.reshape(tf.matMul(matrix(filters), imageView(image)), outShape),
    scatter: (out, filters) =>
      tf.reshape(tf.matMul(matrix(filters), outView(out), true, false), imageShape),
    filterGradient(image, out) {
      const [dy, x] = [joined(outView(out), outChannels), joined(imageView(image), columns)];
      const gradient = tf.matMul(dy, x, false, true);
      return tf.reshape(gradient, [outChannels, c.imageChannels, ...c.kernel]);
    },
  };
}
