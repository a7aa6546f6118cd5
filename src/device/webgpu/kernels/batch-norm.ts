/** @file BatchNorm and MVN on the GPU: values less their mean, over their deviation. */
import { count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type Rows, foldTasks, moments, sums } from "../fold.ts";
import { type Argument, reads, readsDiff, updates, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type KernelTasks, type Scratch, shapedKernel } from "./kernel.ts";
import type { Blob } from "../../../core/blob.ts";
import type { SyncedMemory } from "../../../core/synced-memory.ts";

/** By the batch's own statistics, or by their moving averages. */
export const batchNorm: KernelFactory = (gpu, { name, param, phase, layer }) => {
  const { movingAverageFraction, eps, useGlobalStats } = withDefaults(
    "BatchNormParameter",
    param.batchNormParam,
  );
  const blobs = layer.blobs as readonly [Blob, Blob, Blob];
  const usesGlobal = useGlobalStats ?? phase === "TEST";
  return shapedKernel(gpu, ([x], [y], scratch) => {
    const [outer, rows] = x!.shape as [number, number];
    const layout = { outer, rows, inner: count(x!.shape, 2) };
    if (usesGlobal) return byMovingAverages(name, layout, blobs, eps, x!, y!);
    return byBatch(name, layout, blobs, eps, movingAverageFraction, x!, y!, scratch);
  });
};

function byMovingAverages(
  name: string,
  layout: Rows,
  [means, variances, factor]: readonly [Blob, Blob, Blob],
  eps: number,
  x: Blob,
  y: Blob,
): KernelTasks {
  const statistics = { variances: reads(variances), factor: reads(factor) };
  const scale = (v: Names) => `  let row = ${rowOf(layout)};
  let weight = select(1.0 / ${v.factor}[0], 0.0, ${v.factor}[0] == 0.0);
  let scale = 1.0 / sqrt(${v.variances}[row] * weight + ${float(eps)});`;
  return {
    forward: [
      flatTask(
        `${name} forward`,
        x.count,
        { x: reads(x), y: writes(y), means: reads(means), ...statistics },
        (v) => `${scale(v)}
  ${v.y}[i] = (${v.x}[i] - ${v.means}[row] * weight) * scale;`,
      ),
    ],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { dy: readsDiff(y), dx: writesDiff(x), ...statistics },
          (v) => `${scale(v)}
  ${v.dx}[i] = ${v.dy}[i] * scale;`,
        ),
      ],
    ],
  };
}

function byBatch(
  name: string,
  layout: Rows,
  [means, variances, factor]: readonly [Blob, Blob, Blob],
  eps: number,
  fraction: number,
  x: Blob,
  y: Blob,
  scratch: Scratch,
): KernelTasks {
  const m = layout.outer * layout.inner;
  const keep = float(fraction);
  return normalization(name, layout, x, y, scratch, {
    results: { means: updates(means), variances: updates(variances), factor: updates(factor) },
    scale: (v) => `
    let variance = total.m2 / ${float(m)};
    let scale = 1.0 / sqrt(variance + ${float(eps)});
    ${v.means}[row] = ${v.means}[row] * ${keep} + total.mean;
    ${v.variances}[row] = ${v.variances}[row] * ${keep} + variance * ${float(m > 1 ? m / (m - 1) : 1)};
    if (row == 0u) { ${v.factor}[0] = ${v.factor}[0] * ${keep} + 1.0; }`,
    usesVariance: true,
    // A layer in place after this one may overwrite the top.
    normalized: scratch(x.count),
  });
}

/** MVN: each channel of each item, or each item. */
export const mvn: KernelFactory = (gpu, { name, param }) => {
  const { acrossChannels, normalizeVariance, eps } = withDefaults("MVNParameter", param.mvnParam);
  return shapedKernel(gpu, ([x], [y], scratch) => {
    const rows = count(x!.shape.slice(0, acrossChannels ? 1 : 2));
    const inner = x!.count / rows;
    const deviation = `sqrt(total.m2 / ${float(inner)}) + ${float(eps)}`;
    return normalization(name, { outer: 1, rows, inner }, x!, y!, scratch, {
      results: {},
      scale: () => `let scale = ${normalizeVariance ? `1.0 / (${deviation})` : "1.0"};`,
      usesVariance: normalizeVariance,
      normalized: y!,
    });
  });
};

type Names = Readonly<Record<string, string>>;

interface NormalizationSpec {
  /** What `scale` uses. */
  readonly results: Readonly<Record<string, Argument>>;
  /** Sets `scale` from the moments of a row, `total`. */
  readonly scale: (names: Names) => string;
  /** Whether the scale depends on x. */
  readonly usesVariance: boolean;
  /** Where y is kept for the way back. */
  readonly normalized: Blob | SyncedMemory;
}

/** y = (x - mean) scale,  dx = (dy - mean(dy) - y mean(dy y)) scale, row by row. */
function normalization(
  name: string,
  layout: Rows,
  x: Blob,
  y: Blob,
  scratch: Scratch,
  { results, scale, usesVariance, normalized }: NormalizationSpec,
): KernelTasks {
  const m = float(layout.outer * layout.inner);
  const statistics = scratch(2 * layout.rows);
  const gradients = scratch(2 * layout.rows);
  const isKept = normalized !== y;
  return {
    forward: [
      ...foldTasks(scratch, {
        label: `${name} statistics`,
        rows: layout,
        fold: moments((v) => `${v.x}[i]`),
        args: { x: reads(x) },
        results: { statistics: writes(statistics, "vec2f"), ...results },
        finish: (v) => `${scale(v)}
    ${v.statistics}[row] = vec2f(total.mean, scale);`,
      }),
      flatTask(
        `${name} forward`,
        x.count,
        {
          x: reads(x),
          statistics: reads(statistics, "vec2f"),
          y: writes(y),
          ...(isKept ? { kept: writes(normalized) } : {}),
        } as Record<string, Argument>,
        (v) => `  let of_row = ${v.statistics}[${rowOf(layout)}];
  let value = (${v.x}[i] - of_row.x) * of_row.y;
  ${v.y}[i] = value;${isKept ? `\n  ${v.kept}[i] = value;` : ""}`,
      ),
    ],
    bottoms: [
      [
        ...foldTasks(scratch, {
          label: `${name} backward sums`,
          rows: layout,
          fold: sums(
            2,
            (v) => `    s.s0 += ${v.dy}[i];
    s.s1 += ${v.dy}[i] * ${v.y}[i];`,
          ),
          args: { dy: readsDiff(y), y: reads(normalized) },
          results: { gradients: writes(gradients, "vec2f") },
          finish: (v) => `${v.gradients}[row] = vec2f(total.s0, total.s1) / ${m};`,
        }),
        flatTask(
          `${name} backward`,
          x.count,
          {
            dy: readsDiff(y),
            y: reads(normalized),
            statistics: reads(statistics, "vec2f"),
            gradients: reads(gradients, "vec2f"),
            dx: writesDiff(x),
          },
          (v) => `  let row = ${rowOf(layout)};
  let of_row = ${v.gradients}[row];
  let through = ${usesVariance ? `${v.y}[i] * of_row.y` : `0.0 * ${v.y}[i]`};
  ${v.dx}[i] = (${v.dy}[i] - of_row.x - through) * ${v.statistics}[row].y;`,
        ),
      ],
    ],
  };
}

/** The row of value `i`. */
function rowOf({ rows, inner }: Rows): string {
  return `i / ${inner}u % ${rows}u`;
}
