/** @file Normalize on the GPU: y = scale x / l, where l is the length of an item or of each of its places. */
import type { Blob } from "../../../core/blob.ts";
import type { SyncedMemory } from "../../../core/synced-memory.ts";
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import {
  type Argument,
  type TaskSpec,
  reads,
  readsDiff,
  updatesDiff,
  writes,
  writesDiff,
} from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type Scratch, shapedKernel } from "./kernel.ts";

type Names = Readonly<Record<string, string>>;

/** x (N, C, places) with what it is divided by. */
interface Layout {
  readonly items: number;
  readonly channels: number;
  readonly places: number;
  /** Whether all places of an item have one length. */
  readonly isWhole: boolean;
}

export const normalize: KernelFactory = (gpu, { name, param, layer }) => {
  const { acrossSpatial, channelShared, eps } = withDefaults(
    "NormalizeParameter",
    param.normParam ?? param.normalizeBboxParam,
  );
  const scales = layer.blobs[0]!;
  const learns = layer.paramPropagateDown?.[0] ?? false;
  return shapedKernel(gpu, ([x], [y], scratch) => {
    const [items, channels] = x!.shape as [number, number];
    const layout = { items, channels, places: count(x!.shape, 2), isWhole: acrossSpatial };
    const inverse = scratch(groupsOf(layout));
    const products = scratch(groupsOf(layout));
    // In place the values are kept for the way back.
    const kept = x === y ? scratch(x!.count) : x!;
    const scaleAt = (v: Names) => `${v.scales}[${channelShared ? "0" : channelOf(layout)}]`;
    const gradient = (assign: string, into: Argument) =>
      scaleGradient(name, scratch, layout, channelShared, kept, inverse, y!, assign, into);
    return {
      forward: [
        ...groupSums(scratch, layout, {
          label: `${name} lengths`,
          args: { x: reads(x!) },
          term: (v, at) => `${v.x}[${at}] * ${v.x}[${at}]`,
          result: writes(inverse),
          finish: (sum) => `1.0 / sqrt(${sum} + ${float(eps)})`,
        }),
        flatTask(
          `${name} forward`,
          x!.count,
          {
            ...{ x: reads(x!), inverse: reads(inverse), scales: reads(scales), y: writes(y!) },
            ...(x === y ? { kept: writes(kept) } : {}),
          } as Record<string, Argument>,
          (v) => `  let value = ${v.x}[i];${x === y ? `\n  ${v.kept}[i] = value;` : ""}
  ${v.y}[i] = ${scaleAt(v)} * (value * ${v.inverse}[${groupOf(layout)}]);`,
        ),
      ],
      bottoms: [
        [
          ...groupSums(scratch, layout, {
            label: `${name} products`,
            args: { x: reads(kept), dy: readsDiff(y!), scales: reads(scales) },
            term: (v, at) =>
              `${v.scales}[${channelShared ? "0" : channelOf(layout, at)}] * ${v.x}[${at}] * ${v.dy}[${at}]`,
            result: writes(products),
            finish: (sum) => sum,
          }),
          flatTask(
            `${name} backward`,
            x!.count,
            {
              ...{ x: reads(kept), dy: readsDiff(y!), dx: writesDiff(x!) },
              ...{ inverse: reads(inverse), products: reads(products), scales: reads(scales) },
            },
            (v) => `  let inverse = ${v.inverse}[${groupOf(layout)}];
  let along = ${v.products}[${groupOf(layout)}] * inverse * inverse;
  ${v.dx}[i] = (${scaleAt(v)} * ${v.dy}[i] - ${v.x}[i] * along) * inverse;`,
          ),
        ],
      ],
      params: [
        learns
          ? {
              blob: scales,
              write: gradient("=", writesDiff(scales)),
              add: gradient("+=", updatesDiff(scales)),
            }
          : undefined,
      ],
    };
  });
};

const groupsOf = ({ items, places, isWhole }: Layout) => items * (isWhole ? 1 : places);

const channelOf = ({ channels, places }: Layout, at = "i") => `${at} / ${places}u % ${channels}u`;

/** The length that value `i` is divided by. */
function groupOf({ channels, places, isWhole }: Layout): string {
  const item = `i / ${channels * places}u`;
  return isWhole ? item : `${item} * ${places}u + i % ${places}u`;
}

interface GroupSums {
  readonly label: string;
  readonly args: Readonly<Record<string, Argument>>;
  /** Of the value at a flat index. */
  readonly term: (names: Names, at: string) => string;
  readonly result: Argument;
  readonly finish: (sum: string) => string;
}

/** A sum for each length: of an item, or along the channels. */
function groupSums(
  scratch: Scratch,
  layout: Layout,
  { label, args, term, result, finish }: GroupSums,
): TaskSpec<string>[] {
  const { items, channels, places, isWhole } = layout;
  if (isWhole) {
    return foldTasks(scratch, {
      label,
      rows: { outer: 1, rows: items, inner: channels * places },
      fold: sums(1, (v) => `    s.s0 += ${term(v, "i")};`),
      args,
      results: { result },
      finish: (v) => `${v.result}[row] = ${finish("total.s0")};`,
    });
  }
  return [
    flatTask(
      label,
      items * places,
      { ...args, result },
      (v) => `  let first = i / ${places}u * ${channels * places}u + i % ${places}u;
  var sum = 0.0;
  for (var j = first; j < first + ${channels * places}u; j += ${places}u) { sum += ${term(v, "j")}; }
  ${v.result}[i] = ${finish("sum")};`,
    ),
  ];
}

function scaleGradient(
  name: string,
  scratch: Scratch,
  layout: Layout,
  isShared: boolean,
  x: Blob | SyncedMemory,
  inverse: SyncedMemory,
  y: Blob,
  assign: string,
  into: Argument,
): TaskSpec<string>[] {
  const { items, channels, places } = layout;
  return foldTasks(scratch, {
    label: `${name} scales' gradient`,
    rows: isShared
      ? { outer: 1, rows: 1, inner: items * channels * places }
      : { outer: items, rows: channels, inner: places },
    fold: sums(1, (v) => `    s.s0 += ${v.dy}[i] * ${v.x}[i] * ${v.inverse}[${groupOf(layout)}];`),
    args: { x: reads(x), dy: readsDiff(y), inverse: reads(inverse) },
    results: { sum: into },
    finish: (v) => `${v.sum}[row] ${assign} total.s0;`,
  });
}
