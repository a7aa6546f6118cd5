/** @file A product as dispatches. */
import type { Gpu } from "../gpu.ts";
import { sharedScratch } from "../scratch.ts";
import type { Argument, TaskSpec } from "../task.ts";
import { flatMain, gridFor, gridOf } from "../wgsl.ts";
import { directBody, dotsCode } from "./dots.ts";
import {
  type Product,
  type ProductNames,
  argumentsOf,
  operandCode,
  putCode,
  targetCode,
} from "./product.ts";
import { type Strategy, chooseStrategy } from "./strategy.ts";
import { type TileShare, type TileTarget, tileGrid, tiledCode } from "./tiled.ts";

type Cut = Exclude<Strategy, { kind: "direct" }>;

/** Multiply-adds of one dispatch, about; a submission may hold a few of them (`Gpu`). */
const MOST_WORK = 2e10;

/** The dispatches that compute a product: one, or two where its sums are split. */
export function productTasks(
  gpu: Gpu,
  product: Product,
  strategy = strategyOf(gpu, product),
  mostWork = MOST_WORK,
): TaskSpec<string>[] {
  const count = product.rows * product.columns * product.batches;
  if (count === 0) return [];
  if (product.depth === 0) return [additionTask(product, 0)];
  if (strategy.kind === "direct") return [directTask(product)];
  if (strategy.splits <= 1) return cutTasks(product, strategy, product.out, mostWork);
  const memory = sharedScratch(gpu, strategy.splits * count);
  return [
    ...cutTasks(product, strategy, { access: "write", memory, type: "f32" }, mostWork),
    additionTask(product, strategy.splits, { access: "read", memory, type: "f32" }),
  ];
}

const workOf = ({ rows, columns, depth, batches }: Product) => rows * columns * depth * batches;

function strategyOf(gpu: Gpu, product: Product): Strategy {
  const isAlongDepth = product.a.along === "depth" && product.b.along === "depth";
  const { maxComputeWorkgroupStorageSize } = gpu.device.limits;
  return chooseStrategy({ ...product, isAlongDepth }, maxComputeWorkgroupStorageSize);
}

function directTask(product: Product): TaskSpec<string> {
  const { label, rows, columns, batches, out } = product;
  const count = rows * columns * batches;
  return {
    label,
    args: { ...argumentsOf(product), out },
    groups: gridFor(count),
    work: workOf(product),
    code: (names) =>
      operandCode(product, names) +
      targetCode(product, names) +
      flatMain(count, directBody(product)),
  };
}

/** Tiles or dots, written to where they belong or, when they are parts of sums, to a buffer of their own. */
function cutTasks(
  product: Product,
  strategy: Cut,
  into: Argument,
  mostWork: number,
): TaskSpec<string>[] {
  const { label, rows, columns, batches } = product;
  const { splits } = strategy;
  const isWhole = splits <= 1;
  const { bias: _, ...withoutBias } = argumentsOf(product);
  const args = { ...(isWhole ? argumentsOf(product) : withoutBias), out: into };
  const target = (names: ProductNames) =>
    isWhole ? finalTarget(product, names) : partialTarget(product, names);
  const work = workOf(product);
  if (strategy.kind === "dots") {
    const groups = gridOf(rows * columns * batches * splits);
    const code = (names: ProductNames) =>
      dotsCode(product, strategy, groups[0], names, target(names));
    return [{ label, args, groups, code, work }];
  }
  const { tile } = strategy;
  const all = Math.ceil(rows / tile.rows) * Math.ceil(columns / tile.columns);
  return shares(all, Math.ceil(work / mostWork)).map((share) => {
    const { width, height } = tileGrid(share.count);
    return {
      label,
      args,
      groups: [width, batches * splits, height],
      code: (names) => tiledCode(product, strategy, share, names, target(names)),
      work: (work * share.count) / all,
    };
  });
}

/** Cuts `count` tiles into `parts` of almost one size, fewer where there are not as many. */
function shares(count: number, parts: number): TileShare[] {
  const each = Math.ceil(count / Math.max(1, Math.min(parts, count)));
  const found: TileShare[] = [];
  for (let first = 0; first < count; first += each) {
    found.push({ first, count: Math.min(each, count - first) });
  }
  return found;
}

function finalTarget(product: Product, names: ProductNames): TileTarget {
  return {
    declarations: targetCode(product, names),
    row: (m) => `target_row(${m}, z)`,
    column: (n) => `target_column(${n}, z)`,
  };
}

/** Parts of sums lie side by side: split, product of the batch, row, column. */
function partialTarget({ rows, columns, batches }: Product, names: ProductNames): TileTarget {
  const row = (m: string) => `i32(((split * ${batches}u + z) * ${rows}u + ${m}) * ${columns}u)`;
  return {
    declarations: putCode(names.out!, "="),
    row: (m) => `Target(${row(m)}, 0.0)`,
    column: (n) => `Target(i32(${n}), 0.0)`,
  };
}

/** Adds the parts of the sums up, always in the same order. */
function additionTask(product: Product, splits: number, partial?: Argument): TaskSpec<string> {
  const { label, rows, columns, batches, bias, out } = product;
  const count = rows * columns * batches;
  return {
    label: `${label}, sum of ${splits} parts`,
    args: { ...(partial ? { partial } : {}), ...(bias ? { bias } : {}), out },
    groups: gridFor(count),
    code: (names) => /* wgsl */ `${product.declarations ?? ""}${targetCode(product, names)}
${flatMain(
  count,
  `  var sum = 0.0;
  ${partial ? `for (var j = i; j < ${splits * count}u; j += ${count}u) { sum += ${names.partial}[j]; }` : ""}
  let m = (i / ${columns}u) % ${rows}u;
  let z = i / ${rows * columns}u;
  let column = target_column(i % ${columns}u, z);
  if (column.at >= 0) { put(target_row(m, z), column, sum); }`,
)}`,
  };
}
