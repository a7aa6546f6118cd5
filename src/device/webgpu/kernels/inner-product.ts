/** @file InnerProduct on the GPU. */
import { withDefaults } from "../../../schema/index.ts";
import { matrix } from "../products/matrix.ts";
import type { Product } from "../products/product.ts";
import { productTasks } from "../products/tasks.ts";
import { type Argument, reads, readsDiff, updatesDiff, writes, writesDiff } from "../task.ts";
import { channelSums } from "./convolution-products.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** y (M, N) = x (M, K) w (N, K)^T + b, dx = dy w, dw = dy^T x; w is (K, N) where it is transposed. */
export const innerProduct: KernelFactory = (gpu, { name, param, layer }) => {
  const { transpose } = withDefaults("InnerProductParameter", param.innerProductParam);
  const [weight, bias] = layer.blobs;
  const shape = weight!.shape as [number, number];
  const [N, K] = transpose ? [shape[1], shape[0]] : shape;
  return shapedKernel(gpu, ([x], [y]) => {
    const M = y!.count / N;
    const tasks = (product: Product) => productTasks(gpu, product);
    const dense = (rows: number, columns: number) => ({
      rows,
      columns,
      batches: 1,
      rowCode: `return Target(i32(m * ${columns}u), 0.0);`,
      columnCode: "return Target(i32(n), 0.0);",
    });
    /** Values of a matrix (rows, columns), by row along the columns, or by column along the rows. */
    const byRow = (columns: number) => ({ outerStride: columns, depthStride: 1, depth: columns });
    const byColumn = (rows: number, columns: number) => ({
      outerStride: 1,
      depthStride: columns,
      depth: rows,
    });
    const forward: Product = {
      ...dense(M, N),
      label: `${name} forward`,
      depth: K,
      a: matrix((type) => reads(x!, type), byRow(K)),
      b: matrix((type) => reads(weight!, type), transpose ? byColumn(K, N) : byRow(K)),
      out: writes(y!),
      ...(bias ? { bias: reads(bias) } : {}),
      columnCode: `return Target(i32(n), ${bias ? "bias[n]" : "0.0"});`,
    };
    const backward: Product = {
      ...dense(M, K),
      label: `${name} backward`,
      depth: N,
      a: matrix((type) => readsDiff(y!, type), byRow(N)),
      b: matrix((type) => reads(weight!, type), transpose ? byRow(N) : byColumn(N, K)),
      out: writesDiff(x!),
    };
    const diffs = matrix((type) => readsDiff(y!, type), byColumn(M, N));
    const values = matrix((type) => reads(x!, type), byColumn(M, K));
    const weightGradient = (into: Argument): Product => ({
      ...(transpose ? dense(K, N) : dense(N, K)),
      label: `${name} weights' gradient`,
      depth: M,
      ...(transpose ? { a: values, b: diffs } : { a: diffs, b: values }),
      out: into,
    });
    const biasGradient = (into: Argument): Product => ({
      ...channelSums(
        `${name} bias gradient`,
        { images: M, channels: N, pixels: 1 },
        (type) => readsDiff(y!, type),
        into,
      ),
      a: diffs,
    });
    const learns = layer.paramPropagateDown ?? [];
    return {
      forward: tasks(forward),
      bottoms: [tasks(backward)],
      params: [weightGradient, ...(bias ? [biasGradient] : [])].map((gradient, i) => {
        const blob = layer.blobs[i]!;
        if (!learns[i]) return undefined;
        return {
          blob,
          write: tasks(gradient(writesDiff(blob))),
          add: tasks(gradient(updatesDiff(blob))),
        };
      }),
    };
  });
};
