/** @file Axis parameters: negatives count from the end, and an axis that is not there is an error. */
import type { LayerContext } from "../../core/layer.ts";
import { type Shape, canonicalAxis, shapeString } from "../../core/shape.ts";

/**
 * The index of the axis that a prototxt names.
 * @param field the field that holds it, as in `context.fail`
 */
export function axisOf(
  { fail }: Pick<LayerContext, "fail">,
  shape: Shape,
  axis: number,
  field: string,
): number {
  return (
    canonicalAxis(shape, axis) ??
    fail(
      `axis ${axis} out of range for ${shape.length}-D Blob with shape ${shapeString(shape)}`,
      field,
    )
  );
}

/**
 * Finds the axis of Concat and Slice, which older prototxts give by another name and without negatives.
 * @throws NetDefinitionError where both names are used
 */
export function legacyAxis(
  context: Pick<LayerContext, "param" | "fail">,
  message: "concatParam" | "sliceParam",
  legacy: "concatDim" | "sliceDim",
): (blob: { readonly shape: Shape }) => number {
  const { param, fail } = context;
  const given: { axis?: number; concatDim?: number; sliceDim?: number } = param[message] ?? {};
  const old = given[legacy];
  if (old === undefined) {
    return ({ shape }) => axisOf(context, shape, given.axis ?? 1, `${message}.axis`);
  }
  const name = legacy.replace("Dim", "_dim");
  const field = `${message}.${legacy}`;
  if (given.axis !== undefined) {
    fail(`Either axis or ${name} should be specified; not both.`, field);
  }
  return ({ shape }) =>
    old < shape.length
      ? old
      : fail(`${name} out of range. It is ${old} for a blob of shape ${shapeString(shape)}`, field);
}
