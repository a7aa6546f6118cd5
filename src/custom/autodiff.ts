/** @file The gradient of a custom layer, derived from its `forward` with TensorFlow.js. */
import type { Blob } from "../core/blob.ts";
import { type BlobContent, type Tensor, isTensor, tensorflow } from "../core/tensor.ts";
import type { Layer } from "./layer.ts";

/**
 * Runs `forward` again under TensorFlow.js's tape and writes
 *
 *     dE/dx = sum over the tops y of  (dE/dy)^T (dy/dx)
 *
 * to the diff of each bottom x with `propagateDown`, and adds it to the diff of each learnable blob.
 * @throws Error when `forward` takes a way that has no gradient
 */
export function derivedBackward(
  layer: Layer,
  tops: readonly Blob[],
  propagateDown: readonly boolean[],
  bottoms: readonly Blob[],
  paramPropagateDown: readonly boolean[] | undefined,
): void {
  const wanted = [
    ...bottoms.filter((_, i) => propagateDown[i]),
    ...layer.blobs.filter((_, i) => paramPropagateDown?.[i] ?? true),
  ];
  if (wanted.length === 0) return;
  if (bottoms.some((bottom) => tops.includes(bottom))) {
    throw new Error("a layer with autodiff cannot work in place: give its top another name");
  }
  const gradients = differentiate(wanted, (variables) => {
    const written = recordForward(layer, bottoms, tops, new Map(zip(wanted, variables)));
    return weightedSum(tops, written);
  });
  for (const [blob, gradient] of zip(wanted, gradients)) {
    if (bottoms.includes(blob)) blob.setDiff(gradient ?? 0);
    else if (gradient) blob.addToDiff(gradient);
  }
}

/** Gradients of a scalar function; `undefined` where it does not depend on the blob. */
function differentiate(
  wanted: readonly Blob[],
  objective: (variables: Tensor[]) => Tensor,
): (Tensor | undefined)[] {
  const values = wanted.map((blob) => blob.tensor());
  const engine = tensorflow().engine();
  const { grads } = engine.gradients(() => objective(values), values, undefined, true);
  const gradients: (Tensor | undefined)[] = grads;
  if (gradients.every((gradient) => gradient === undefined)) {
    throw new Error(
      "no gradient can be derived: no operation on tensors leads from a bottom or blob to a top. " +
        "dataSync() and numbers made from it break the way",
    );
  }
  return gradients;
}

/**
 * Runs `forward` with blobs that give the tape's variables as their tensors, and keeps what it sets
 * the tops to instead of writing it.
 */
function recordForward(
  layer: Layer,
  bottoms: readonly Blob[],
  tops: readonly Blob[],
  variables: ReadonlyMap<Blob, Tensor>,
): ReadonlyMap<Blob, Tensor> {
  const written = new Map<Blob, Tensor>();
  const override = (blob: Blob, members: PropertyDescriptorMap) => {
    for (const descriptor of Object.values(members)) descriptor.configurable = true;
    Object.defineProperties(blob, members);
    return () => {
      for (const name of Object.keys(members)) Reflect.deleteProperty(blob, name);
    };
  };
  const restore = [
    ...[...variables].map(([blob, variable]) =>
      override(blob, {
        tensor: { value: () => variable },
        data: { get: () => refuse("reads what has a gradient with tensor(), not with data") },
      }),
    ),
    ...tops.map((top) =>
      override(top, {
        set: { value: (values: BlobContent) => written.set(top, asTensor(values)) },
        data: { get: () => refuse("writes its tops with set(tensor), not through data") },
      }),
    ),
  ];
  try {
    layer.forward(bottoms, tops);
  } finally {
    for (const undo of restore) undo();
  }
  return written;
}

function asTensor(values: BlobContent): Tensor {
  return isTensor(values) ? values : refuse("writes its tops with set(tensor), not with numbers");
}

function refuse(rule: string): never {
  throw new Error(`the forward of a layer with autodiff ${rule}`);
}

/** Sum over all tops of y * dE/dy. */
function weightedSum(tops: readonly Blob[], written: ReadonlyMap<Blob, Tensor>): Tensor {
  const terms = tops.map((top, i) => {
    const y = written.get(top) ?? refuse(`sets every top with a tensor, but not top[${i}]`);
    return y
      .reshape([...top.shape])
      .mul(top.diffTensor())
      .sum();
  });
  return tensorflow().addN(terms);
}

function zip<A, B>(as: readonly A[], bs: readonly B[]): [A, B][] {
  return as.map((a, i) => [a, bs[i]!]);
}
