/** @file DummyData: blobs that fillers fill. */
import { fill } from "../core/filler.ts";
import { type LayerContext, type LayerDefinition, atLeast, exactly } from "../core/layer.ts";
import type { DummyDataParameter, FillerParameter } from "../schema/index.ts";

/**
 * Makes data from fillers, for tests and timings.
 *
 * - Tops: any number, of the shapes in `shape` (or `num`, `channels`, `height`, `width`).
 *
 * Constant values are written once, when the net is built; others are drawn anew in each forward pass.
 */
export const dummyData: LayerDefinition = {
  type: "DummyData",
  bottoms: exactly(0),
  tops: atLeast(1),
  setUp(context) {
    const { tops, random } = context;
    const fillers = tops.map((_, i) => fillerOf(context, i));
    const refilled = fillers.map((filler) => (filler?.type ?? "constant") !== "constant");
    tops.forEach((top, i) => {
      top.reshape(...shapeOf(context, i));
      if (!refilled[i]) fill(top, fillers[i], random);
    });
    return {
      blobs: [],
      reshape() {},
      forward(_, tops) {
        for (let i = 0; i < tops.length; i++) if (refilled[i]) fill(tops[i]!, fillers[i], random);
      },
    };
  },
};

/** The filler of top i; absent: constant 0. */
function fillerOf({ param, tops, fail }: LayerContext, i: number): FillerParameter | undefined {
  const fillers = param.dummyDataParam?.dataFiller ?? [];
  if (fillers.length > 1 && fillers.length !== tops.length) {
    fail(
      "Number of data fillers must be 0, 1 or equal to the number of tops: " +
        `${tops.length}; you specified ${fillers.length} data fillers.`,
      "dummyDataParam.dataFiller",
    );
  }
  return fillers.length === 1 ? fillers[0] : fillers[i];
}

function shapeOf(context: LayerContext, i: number): readonly number[] {
  const param = context.param.dummyDataParam;
  const sizes = (["num", "channels", "height", "width"] as const).map((field) => ({
    field,
    values: param?.[field] ?? [],
  }));
  if (sizes.every(({ values }) => values.length === 0)) {
    return pick(context, param?.shape ?? [], "shape", i).dim;
  }
  if (param?.shape.length) {
    context.fail("Both shape and legacy fields were specified", "dummyDataParam.shape");
  }
  return sizes.map(({ field, values }) => pick(context, values, field, i));
}

/** The value for top i of a field that is given once, or once for each top. */
function pick<T>(
  { tops, fail }: LayerContext,
  values: readonly T[],
  field: keyof DummyDataParameter,
  i: number,
): T {
  if (values.length !== 1 && values.length !== tops.length) {
    fail(
      `Must specify '${field}' once, or once per top blob (${tops.length}); ` +
        `specified ${values.length}.`,
      `dummyDataParam.${field}`,
    );
  }
  return (values.length === 1 ? values[0] : values[i])!;
}
