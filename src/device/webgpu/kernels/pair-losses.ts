/** @file Losses of detection and of pairs on the GPU: SmoothL1Loss, ContrastiveLoss. */
import { count } from "../../../core/shape.ts";
import { normalizationOf } from "../../../layers/support/loss.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import { type Argument, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";
import { divisorOf, lossTasks } from "./losses.ts";

type Names = Readonly<Record<string, string>>;

/** A square near 0 and a distance farther off; with weights inside of it and outside, if there are any. */
export const smoothL1Loss: KernelFactory = (gpu, { name, param, bottomBlobs }) => {
  const { sigma } = withDefaults("SmoothL1LossParameter", param.smoothL1LossParam);
  const square = sigma * sigma;
  const edge = 1 / square;
  if (!Number.isFinite(edge)) return undefined; // No literal in WGSL.
  const mode = normalizationOf(param.lossParam, "BATCH_SIZE");
  const [isInside, isOutside] = [bottomBlobs.length > 2, bottomBlobs.length > 3];
  const difference = (v: Names) =>
    `    let inside = ${isInside ? `${v.inside}[i]` : "1.0"};
    let outside = ${isOutside ? `${v.outside}[i]` : "1.0"};
    let d = (${v.a}[i] - ${v.b}[i]) * inside;`;
  return shapedKernel(gpu, ([a, b, inside, outside], [loss], scratch) => {
    const sources: Record<string, Argument> = { a: reads(a!), b: reads(b!) };
    if (inside) sources.inside = reads(inside);
    if (outside) sources.outside = reads(outside);
    const { shape } = a!;
    const [items, places] = [shape[0]!, count(shape, 2)];
    // No label is left out here: all values count.
    const divisor = divisorOf(mode === "VALID" ? "FULL" : mode, items, places);
    const zeros = [inside, outside].flatMap((weights) =>
      weights
        ? [
            [
              flatTask(
                `${name} zeros`,
                weights.count,
                { dx: writesDiff(weights) },
                (v) => `  ${v.dx}[i] = 0.0;`,
              ),
            ],
          ]
        : [],
    );
    return {
      forward: lossTasks(scratch, {
        label: `${name} forward`,
        values: a!.count,
        args: sources,
        step: (v) => `${difference(v)}
    let size = abs(d);
    s.s0 += outside * select(size - ${float(0.5 * edge)}, ${float(0.5 * square)} * d * d, size < ${float(edge)});`,
        divisor,
        loss: loss!,
      }),
      bottoms: [
        ...[a!, b!].map((bottom, k) => [
          flatTask(
            `${name} backward`,
            a!.count,
            { ...sources, dy: readsDiff(loss!), dx: writesDiff(bottom) },
            (v) => `${difference(v)}
  let slope = select(sign(d), ${float(square)} * d, abs(d) < ${float(edge)});
  ${v.dx}[i] = ${k === 0 ? "" : "-"}${v.dy}[0] / ${divisor} * slope * inside * outside;`,
          ),
        ]),
        ...zeros,
      ],
    };
  });
};

/** Pairs that are alike are drawn together, others pushed apart up to a margin. */
export const contrastiveLoss: KernelFactory = (gpu, { name, param, propagateDown }) => {
  if (propagateDown[2]) return undefined; // Nothing is written there, on the host either.
  const { margin, legacyVersion } = withDefaults(
    "ContrastiveLossParameter",
    param.contrastiveLossParam,
  );
  const room = legacyVersion
    ? `max(${float(margin)} - square, 0.0)`
    : `max(${float(margin)} - sqrt(square), 0.0)`;
  return shapedKernel(gpu, ([a, b, labels], [loss], scratch) => {
    const items = a!.shape[0]!;
    const width = a!.count / items;
    const squares = scratch(items);
    return {
      forward: [
        ...foldTasks(scratch, {
          label: `${name} distances`,
          rows: { outer: 1, rows: items, inner: width },
          fold: sums(1, (v) => `    let d = ${v.a}[i] - ${v.b}[i];\n    s.s0 += d * d;`),
          args: { a: reads(a!), b: reads(b!) },
          results: { squares: writes(squares) },
          finish: (v) => `${v.squares}[row] = total.s0;`,
        }),
        ...lossTasks(scratch, {
          label: `${name} forward`,
          values: items,
          args: { squares: reads(squares), labels: reads(labels!) },
          step: (v) => `    let square = ${v.squares}[i];
    let room = ${room};
    s.s0 += select(${legacyVersion ? "room" : "room * room"}, square, i32(${v.labels}[i]) != 0);`,
          divisor: float(2 * items),
          loss: loss!,
        }),
      ],
      bottoms: [a!, b!].map((bottom, k) => [
        flatTask(
          `${name} backward`,
          a!.count,
          {
            ...{ a: reads(a!), b: reads(b!), squares: reads(squares), labels: reads(labels!) },
            ...{ dy: readsDiff(loss!), dx: writesDiff(bottom) },
          },
          (v) => `  let square = ${v.squares}[i / ${width}u];
  let room = ${room};
  let apart = select(0.0, ${legacyVersion ? "-1.0" : "-room / (sqrt(square) + 1e-4)"}, room > 0.0);
  let slope = select(apart, 1.0, i32(${v.labels}[i / ${width}u]) != 0);
  ${v.dx}[i] = ${float((k === 0 ? 1 : -1) / items)} * ${v.dy}[0] * slope * (${v.a}[i] - ${v.b}[i]);`,
        ),
      ]),
    };
  });
};
