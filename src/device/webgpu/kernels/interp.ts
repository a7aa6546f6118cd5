/** @file Interp and Upsample on the GPU. */
import type { SyncedMemory } from "../../../core/synced-memory.ts";
import { bilinear } from "../../../layers/support/bilinear.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { Scratch } from "../scratch.ts";
import { type Argument, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** Numbers of a place of the target along an axis: its neighbours in the source, and their weights. */
const NEIGHBOURS = 4;
/** Numbers of a place of the source: the first place of the target that looks at it, and the one after the last. */
const RANGE = 2;

/** Bilinear interpolation of each plane to another size. */
export const interp: KernelFactory = (gpu, { name, param }) => {
  const { padBeg, padEnd } = withDefaults("InterpParameter", param.interpParam);
  return shapedKernel(gpu, ([x, sized], [y], scratch) => {
    const [, , height, width] = x!.shape as [number, number, number, number];
    const [, , outHeight, outWidth] = y!.shape as [number, number, number, number];
    const cut = padBeg + padEnd;
    const rows = axisTable(scratch, height, height + cut, outHeight, -padBeg);
    const columns = axisTable(scratch, width, width + cut, outWidth, -padBeg);
    const tables = { rows: reads(rows), columns: reads(columns) };
    return {
      forward: [
        flatTask(
          `${name} forward`,
          y!.count,
          { ...tables, x: reads(x!), y: writes(y!) } as Record<string, Argument>,
          (v) => `  let r = i / ${outWidth}u % ${outHeight}u * ${NEIGHBOURS}u;
  let c = i % ${outWidth}u * ${NEIGHBOURS}u;
  let plane = i / ${outHeight * outWidth}u * ${height * width}u;
  let above = plane + u32(${v.rows}[r]) * ${width}u;
  let below = plane + u32(${v.rows}[r + 1u]) * ${width}u;
  let left = u32(${v.columns}[c]);
  let right = u32(${v.columns}[c + 1u]);
  let p = ${v.columns}[c + 2u];
  let q = ${v.columns}[c + 3u];
  ${v.y}[i] = ${v.rows}[r + 2u] * (p * ${v.x}[above + left] + q * ${v.x}[above + right])
    + ${v.rows}[r + 3u] * (p * ${v.x}[below + left] + q * ${v.x}[below + right]);`,
        ),
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { ...tables, dy: readsDiff(y!), dx: writesDiff(x!) } as Record<string, Argument>,
            (v) => `  let h = i / ${width}u % ${height}u;
  let w = i % ${width}u;
  let plane = i / ${height * width}u * ${outHeight * outWidth}u;
  let r = ${NEIGHBOURS * outHeight}u + h * ${RANGE}u;
  let c = ${NEIGHBOURS * outWidth}u + w * ${RANGE}u;
  var sum = 0.0;
  for (var row = u32(${v.rows}[r]); row < u32(${v.rows}[r + 1u]); row++) {
    var part = 0.0;
    for (var column = u32(${v.columns}[c]); column < u32(${v.columns}[c + 1u]); column++) {
      part += ${weightOf(v.columns!, "column", "w")} * ${v.dy}[plane + row * ${outWidth}u + column];
    }
    sum += ${weightOf(v.rows!, "row", "h")} * part;
  }
  ${v.dx}[i] = sum;`,
          ),
        ],
        // A second bottom only gives the size.
        sized
          ? [
              flatTask(
                `${name} backward`,
                sized.count,
                { dx: writesDiff(sized) },
                (v) => `  ${v.dx}[i] = 0.0;`,
              ),
            ]
          : [],
      ],
    };
  });
};

/** What place `from` of the source counts at place `to` of the target; both neighbours may be one place. */
function weightOf(table: string, to: string, from: string): string {
  const number = (k: number) => `${table}[${to} * ${NEIGHBOURS}u + ${k}u]`;
  const share = (k: number) => `select(0.0, ${number(k + 2)}, u32(${number(k)}) == ${from})`;
  return `(${share(0)} + ${share(1)})`;
}

/**
 * The neighbours of each place of the target, and then the range of each place of the source.
 * @param size places of the source, of which `from` count, from `start` on
 */
function axisTable(
  scratch: Scratch,
  size: number,
  from: number,
  to: number,
  start: number,
): SyncedMemory {
  const { first, second, firstWeight, secondWeight } = bilinear(from, to, start, 1);
  const table = scratch(NEIGHBOURS * to + RANGE * size);
  const numbers = table.hostView();
  for (let i = 0; i < to; i++) {
    numbers.set([first[i]!, second[i]!, firstWeight[i]!, secondWeight[i]!], NEIGHBOURS * i);
  }
  for (let place = 0; place < size; place++) {
    const looks = (i: number) => first[i] === place || second[i] === place;
    const begin = first.findIndex((_, i) => looks(i));
    const end = first.findLastIndex((_, i) => looks(i)) + 1;
    numbers.set([Math.max(0, begin), end], NEIGHBOURS * to + RANGE * place);
  }
  return table;
}

/** Copies of each value along the last two axes. The way back of a pooling, by its mask, stays on the host. */
export const upsample: KernelFactory = (gpu, { name, param, bottomBlobs }) => {
  if (bottomBlobs.length === 2) return undefined; // Where a mask names a place twice, the order counts.
  const scale = param.upsampleParam?.scale ?? 1;
  return shapedKernel(gpu, ([x], [y]) => {
    const width = x!.shape.at(-1)!;
    const wide = width * scale;
    return {
      forward: [
        flatTask(
          `${name} forward`,
          y!.count,
          { x: reads(x!), y: writes(y!) },
          (v) =>
            `  ${v.y}[i] = ${v.x}[i / ${wide * scale}u * ${width}u + i % ${wide}u / ${scale}u];`,
        ),
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { dy: readsDiff(y!), dx: writesDiff(x!) },
            (v) => `  let first = i / ${width}u * ${wide * scale}u + i % ${width}u * ${scale}u;
  var sum = 0.0;
  for (var row = 0u; row < ${scale}u; row++) {
    for (var column = 0u; column < ${scale}u; column++) { sum += ${v.dy}[first + row * ${wide}u + column]; }
  }
  ${v.dx}[i] = sum;`,
          ),
        ],
      ],
    };
  });
};
