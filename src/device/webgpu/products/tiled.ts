/**
 * @file The tiled product in WGSL. A workgroup computes a tile of the result: it reads a slice of both
 * operands into its memory while it still works on the slice before, and each invocation adds the outer
 * products of vectors of four rows and four columns to what it holds in registers.
 *
 * The four values of a vector are not neighbours: vector s of a tile with S vectors has the rows s, s + S,
 * s + 2 S and s + 3 S. So neighbouring invocations read and write neighbours in the buffers, and yet whole
 * vectors in the workgroup's memory, without conflicts of its banks.
 */
import type { Operand, Product, ProductNames, Side } from "./product.ts";
import { operandCode } from "./product.ts";
import { type Tile, invocations } from "./strategy.ts";

/** How a workgroup reads its slices of one operand. */
interface Slice {
  readonly p: Side;
  readonly operand: Operand;
  /** Vectors of the tile along the outer index. */
  readonly vectors: number;
  /** Distance of vectors of neighbouring depths in the workgroup's memory. */
  readonly stride: number;
  /** Rounds in which all invocations together read a slice. */
  readonly rounds: number;
  /** Whether some invocations have nothing to read in the last round. */
  readonly isUneven: boolean;
  /** Outer indices of the product, and the first of the tile. */
  readonly outer: number;
  readonly start: string;
}

const range = (count: number) => Array.from({ length: count }, (_, i) => i);

/** Tiles that one dispatch computes, numbered down the columns of the result. */
export interface TileShare {
  readonly first: number;
  readonly count: number;
}

/** The kernel of the tiles. */
export function tiledCode(
  product: Product,
  { tile, splits, chunk }: { tile: Tile; splits: number; chunk: number },
  share: TileShare,
  names: ProductNames,
  target: TileTarget,
): string {
  const lanes = invocations(tile);
  const a = sliceOf("a", product.a, tile.rows, product.rows, tile.depth, lanes);
  const b = sliceOf("b", product.b, tile.columns, product.columns, tile.depth, lanes);
  const tileRows = Math.ceil(product.rows / tile.rows);
  const isMasked = product.depthOf !== undefined || product.depth % tile.depth !== 0;
  const { width } = tileGrid(share.count);
  return /* wgsl */ `${operandCode(product, names)}
${target.declarations}
${workgroupMemory(a, tile.depth)}
${workgroupMemory(b, tile.depth)}
${readingCode(a, isMasked)}
${readingCode(b, isMasked)}
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let mine = group.z * ${width}u + group.x;
  if (mine >= ${share.count}u) { return; }
  let tile = ${share.first}u + mine;
  let start_a = (tile % ${tileRows}u) * ${tile.rows}u;
  let start_b = (tile / ${tileRows}u) * ${tile.columns}u;
  let z = group.y / ${splits}u;
  let split = group.y % ${splits}u;
  let first = split * ${chunk}u;
  let end = min(depth_of(z), first + ${chunk}u);
${[a, b].map((slice) => preparation(slice, tile.depth, lanes)).join("")}
${accumulators(tile)}
  for (var k0 = first; ; k0 += ${tile.depth}u) {
    let has_more = k0 < end;
    if (has_more) {
${reading(a, tile.depth, lanes)}
${reading(b, tile.depth, lanes)}
    }
    if (k0 > first) {
${multiplication(tile, a, b)}
    }
    if (!has_more) { break; }
    workgroupBarrier();
${storing(a, tile.depth, lanes)}
${storing(b, tile.depth, lanes)}
    workgroupBarrier();
  }
${writing(product, tile, target)}
}`;
}

/** Where values go. */
export interface TileTarget {
  /** WGSL of `Target`, `within` and `put`. */
  readonly declarations: string;
  /** WGSL expressions for the target of a row's number `m`, of a column's number `n`. */
  readonly row: (m: string) => string;
  readonly column: (n: string) => string;
}

/** Workgroups for so many tiles on the axes x and z, of which each has its limit. */
export function tileGrid(tiles: number): { width: number; height: number } {
  const height = Math.max(1, Math.ceil(tiles / 65_535));
  return { width: Math.max(1, Math.ceil(tiles / height)), height };
}

function sliceOf(
  p: Side,
  operand: Operand,
  size: number,
  outer: number,
  depth: number,
  lanes: number,
): Slice {
  const vectors = size / 4;
  const perDepth = operand.isWide ? depth / 4 : depth;
  const units = vectors * perDepth;
  return {
    p,
    operand,
    vectors,
    // Invocations that write to neighbouring depths would meet in one bank if the stride were even.
    stride: operand.along === "depth" ? vectors + 1 - (vectors % 2) : vectors,
    rounds: Math.ceil(units / lanes),
    isUneven: units % lanes !== 0,
    outer,
    start: `start_${p}`,
  };
}

function workgroupMemory({ p, operand, stride, vectors }: Slice, depth: number): string {
  const kept = operand.isDear
    ? `\nvar<workgroup> ${p}_places: array<${p}_place, ${4 * vectors}>;`
    : "";
  return `var<workgroup> ${p}_slice: array<vec4f, ${depth * stride}>;${kept}`;
}

/** A function that reads one value, or four along the depth, and gives 0 outside of the matrix. */
function readingCode({ p, operand, outer, vectors }: Slice, isMasked: boolean): string {
  const type = operand.isWide ? "vec4f" : "f32";
  const checks = [
    ...(outer % (4 * vectors) === 0 ? [] : [`(i < ${outer}u)`]),
    ...(isMasked ? ["(k < end)"] : []),
  ];
  // Without branches: reading elsewhere costs less, and does no harm in WebGPU.
  const load = `${p}_load(outer, depth)`;
  const value = checks.length > 0 ? `select(${type}(), ${load}, ${checks.join(" & ")})` : load;
  return /* wgsl */ `
fn ${p}_value(i: u32, outer: ${p}_place, k: u32, depth: ${p}_place, end: u32) -> ${type} {
  return ${value};
}`;
}

/** Which vectors and depths an invocation reads, and registers for them. */
function preparation(slice: Slice, depth: number, lanes: number): string {
  const { p, operand, vectors, rounds, start } = slice;
  const registers = range(rounds * (operand.isWide ? 4 : 1));
  const mine =
    operand.along === "depth"
      ? `  let ${p}_k = lane % ${perDepth(slice, depth)}u${operand.isWide ? " * 4u" : ""};
  let ${p}_s = lane / ${perDepth(slice, depth)}u;`
      : `  let ${p}_k = lane / ${vectors}u;
  let ${p}_s = lane % ${vectors}u;`;
  const places = operand.isDear
    ? `
  for (var i = lane; i < ${4 * vectors}u; i += ${lanes}u) { ${p}_places[i] = ${p}_outer(${start} + i, z); }
  workgroupBarrier();`
    : "";
  return `${mine}${places}
${registers.map((i) => `  var ${p}_${i}: vec4f;`).join("\n")}
`;
}

const perDepth = ({ operand }: Slice, depth: number) => (operand.isWide ? depth / 4 : depth);

/** WGSL of the vector and the depth, within the tile, that an invocation reads in a round. */
function unit(slice: Slice, round: number, depth: number, lanes: number): { s: string; k: string } {
  const { p, operand, vectors } = slice;
  if (operand.along === "outer") {
    return { s: `${p}_s`, k: `(${p}_k + ${(round * lanes) / vectors}u)` };
  }
  return { s: `(${p}_s + ${(round * lanes) / perDepth(slice, depth)}u)`, k: `${p}_k` };
}

/** The condition under which an invocation has something to read in a round. */
function condition(slice: Slice, round: number, depth: number, lanes: number): string {
  if (!slice.isUneven || round + 1 < slice.rounds) return "";
  const { s, k } = unit(slice, round, depth, lanes);
  return slice.operand.along === "outer"
    ? `if (${k} < ${depth}u) `
    : `if (${s} < ${slice.vectors}u) `;
}

/** Reads the slice at `k0` into registers. */
function reading(slice: Slice, depth: number, lanes: number): string {
  const { p, operand, vectors, rounds, start } = slice;
  return range(rounds)
    .map((round) => {
      const { s, k } = unit(slice, round, depth, lanes);
      const values = range(4).map((c) => {
        const outer = `${s} + ${c * vectors}u`;
        const place = operand.isDear
          ? `${p}_places[${outer}]`
          : `${p}_outer(${start} + ${outer}, z)`;
        return `${p}_value(${start} + ${outer}, ${place}, k0 + ${k}, depth, end)`;
      });
      const taken = operand.isWide
        ? `${values.map((value, c) => `let v${c} = ${value};`).join("\n        ")}
        ${range(4)
          .map((j) => `${p}_${4 * round + j} = vec4f(v0[${j}], v1[${j}], v2[${j}], v3[${j}]);`)
          .join("\n        ")}`
        : `${p}_${round} = vec4f(${values.join(", ")});`;
      return `      ${condition(slice, round, depth, lanes)}{
        let depth = ${p}_depth(k0 + ${k}, z);
        ${taken}
      }`;
    })
    .join("\n");
}

/** Writes the registers to the workgroup's memory. */
function storing(slice: Slice, depth: number, lanes: number): string {
  const { p, operand, stride, rounds } = slice;
  return range(rounds)
    .map((round) => {
      const { s, k } = unit(slice, round, depth, lanes);
      const writes = operand.isWide
        ? range(4).map(
            (j) => `${p}_slice[(${k} + ${j}u) * ${stride}u + ${s}] = ${p}_${4 * round + j};`,
          )
        : [`${p}_slice[${k} * ${stride}u + ${s}] = ${p}_${round};`];
      return `    ${condition(slice, round, depth, lanes)}{ ${writes.join(" ")} }`;
    })
    .join("\n");
}

/** Names of the registers that hold the result: row vector r, its value i, column vector q. */
const sum = (r: number, i: number, q: number) => `sum_${r}_${i}_${q}`;

function accumulators({ columns, columnVectors, rowVectors }: Tile): string {
  const across = columns / 4 / columnVectors;
  const names = range(rowVectors).flatMap((r) =>
    range(4).flatMap((i) => range(columnVectors).map((q) => sum(r, i, q))),
  );
  return `  let row_vector = lane / ${across}u;
  let column_vector = lane % ${across}u;
${names.map((name) => `  var ${name}: vec4f;`).join("\n")}`;
}

function multiplication(tile: Tile, a: Slice, b: Slice): string {
  const { rowVectors, columnVectors, depth } = tile;
  const down = tile.rows / 4 / rowVectors;
  const across = tile.columns / 4 / columnVectors;
  const takes = [
    ...range(rowVectors).map(
      (r) => `let x${r} = a_slice[k * ${a.stride}u + row_vector + ${r * down}u];`,
    ),
    ...range(columnVectors).map(
      (q) => `let y${q} = b_slice[k * ${b.stride}u + column_vector + ${q * across}u];`,
    ),
  ];
  const adds = range(rowVectors).flatMap((r) =>
    range(4).flatMap((i) =>
      range(columnVectors).map(
        (q) => `${sum(r, i, q)} = fma(vec4f(x${r}[${i}]), y${q}, ${sum(r, i, q)});`,
      ),
    ),
  );
  return `      for (var k = 0u; k < ${depth}u; k++) {
        ${[...takes, ...adds].join("\n        ")}
      }`;
}

/** Writes the values; rows and columns beyond the matrix have targets less than 0, where nothing goes. */
function writing({ rows, columns }: Product, tile: Tile, target: TileTarget): string {
  const places = (vector: string, start: string, size: number, vectors: number) =>
    range(vectors).flatMap((v) =>
      range(4).map((i) => `${start} + ${vector} + ${(v * size) / 4 / vectors + (i * size) / 4}u`),
    );
  const rowPlaces = places("row_vector", "start_a", tile.rows, tile.rowVectors);
  const columnPlaces = places("column_vector", "start_b", tile.columns, tile.columnVectors);
  const within = (index: string, size: number, tileSize: number, found: string) =>
    size % tileSize === 0 ? found : `within(${index}, ${size}u, ${found})`;
  const rowTargets = rowPlaces.map(
    (m, i) => `  let row_${i} = ${within(m, rows, tile.rows, target.row(m))};`,
  );
  const blocks = columnPlaces.map((n, j) => {
    const puts = rowPlaces.map((_, i) => {
      const value = `${sum(i >> 2, i & 3, j >> 2)}[${j & 3}]`;
      return `      put(row_${i}, column, ${value});`;
    });
    return `  {
    let column = ${within(n, columns, tile.columns, target.column(n))};
    if (column.at >= 0) {
${puts.join("\n")}
    }
  }`;
  });
  return [...rowTargets, ...blocks].join("\n");
}
