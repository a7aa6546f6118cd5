/** @file Which way a product is computed, by its sizes alone: so every GPU gives the same bits. */

/**
 * What one workgroup computes: rows x columns of the result, of which an invocation holds
 * 4 rowVectors x 4 columnVectors in registers, in steps of `depth` along the sum.
 */
export interface Tile {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly rowVectors: number;
  readonly columnVectors: number;
}

/**
 * - `tiles`: a workgroup a tile;
 * - `direct`: an invocation a value, for short sums;
 * - `dots`: a workgroup a value, for few values of long sums and for matrices times vectors.
 *
 * With several `splits` the sums are cut into as many parts, which a second pass adds up in order.
 */
export type Strategy =
  | { readonly kind: "tiles"; readonly tile: Tile; readonly splits: number; readonly chunk: number }
  | { readonly kind: "direct" }
  | { readonly kind: "dots"; readonly splits: number; readonly chunk: number };

export interface ProductSizes {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly batches: number;
  /** Whether both operands have neighbours of the sum side by side in memory. */
  readonly isAlongDepth: boolean;
}

/** Invocations of a workgroup of `dots`. */
export const DOT_LANES = 128;

/** @param big whether an invocation holds two vectors of rows, of columns */
const tile = (rows: number, columns: number, depth: number, big: [boolean, boolean]): Tile => ({
  rows,
  columns,
  depth,
  rowVectors: big[0] ? 2 : 1,
  columnVectors: big[1] ? 2 : 1,
});

/**
 * For large matrices, for small ones, and for slim ones. A workgroup has 64 to 256 invocations, a
 * multiple of the vectors of its rows, of those of its columns, and of the steps of its depth.
 */
export const TILES: readonly Tile[] = [
  tile(128, 128, 8, [true, true]),
  tile(128, 64, 16, [true, true]),
  tile(64, 128, 16, [true, true]),
  tile(96, 64, 16, [true, true]),
  tile(64, 96, 16, [true, true]),
  tile(64, 64, 16, [true, true]),
  tile(64, 32, 16, [true, false]),
  tile(32, 64, 16, [false, true]),
  tile(32, 32, 16, [false, false]),
  tile(128, 16, 16, [true, false]),
  tile(16, 128, 16, [false, true]),
  tile(64, 16, 16, [false, false]),
  tile(16, 64, 16, [false, false]),
  tile(128, 8, 16, [false, false]),
  tile(8, 128, 16, [false, false]),
  tile(256, 4, 16, [false, false]),
  tile(4, 256, 16, [false, false]),
];

/** Of an outer index's place that is kept: its offset and, for three axes, its coordinates. */
const PLACE_BYTES = 16;

/** Invocations of a tile's workgroup. */
export function invocations({ rows, columns, rowVectors, columnVectors }: Tile): number {
  return (rows * columns) / (16 * rowVectors * columnVectors);
}

/** Bytes of workgroup memory: both operands' slices, whose rows may be padded by one vector, and their places. */
export function workgroupBytes({ rows, columns, depth }: Tile): number {
  return 16 * depth * (rows / 4 + 1 + (columns / 4 + 1)) + PLACE_BYTES * (rows + columns);
}

/** What costs are reckoned for: cores of a large GPU, each of which works on 128 invocations at once. */
const CORES = 128;
const CORE_LANES = 128;
const FULL = 4 * CORES * CORE_LANES;
/** Clocks until a result can be used, which other invocations of a core have to fill. */
const LATENCY = 64;
/** Clocks of starting a workgroup, and of a second pass: its start, and bytes that go over in a clock. */
const START = 800;
const SECOND_PASS = 5_000;
const MEMORY_BYTES = 1_500;
const CACHE_BYTES = 3_000;
/** Instructions for finding, checking and reading one value of an operand. */
const LOAD = 8;
/** Floats that partial sums may take. */
const PARTIAL_LIMIT = 2 ** 22;
const SPLITS = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128];
/** Steps along the sum that a part has at least. */
const MIN_STEPS = 4;
/** The longest sum that one invocation works through alone when there are few rows or columns. */
const SHORT = 128;
const FEW = 4;
/** Workgroups along one axis at most, in every WebGPU; the batch and the splits share one. */
const MAX_GROUPS = 65_535;

export function chooseStrategy(sizes: ProductSizes, workgroupMemory: number): Strategy {
  const { rows, columns, depth, batches, isAlongDepth } = sizes;
  if (depth <= FEW || (Math.min(rows, columns) < FEW && depth <= SHORT)) return { kind: "direct" };
  if (batches > MAX_GROUPS) return { kind: "direct" };
  const isVector = Math.min(rows, columns) === 1;
  const isSmall = Math.min(rows, columns) < FEW && rows * columns <= 64;
  if (isAlongDepth && (isVector || isSmall)) return dots(rows * columns * batches, depth);
  if (isVector && rows * columns * batches >= FULL) return { kind: "direct" };
  const fitting = TILES.filter((candidate) => workgroupBytes(candidate) <= workgroupMemory);
  const all = fitting.flatMap((candidate) => cuts(candidate, sizes));
  return all.reduce((best, next) => (next.cost < best.cost ? next : best)).strategy;
}

/** Enough workgroups for a large GPU, each with enough to do. */
function dots(values: number, depth: number): Strategy {
  const wanted = Math.ceil(FULL / DOT_LANES / Math.max(1, values));
  const possible = Math.max(1, Math.floor(depth / (16 * DOT_LANES)));
  const parts = Math.min(wanted, possible);
  // Whole vectors of four to a part.
  const chunk = 4 * Math.ceil(depth / parts / 4);
  return { kind: "dots", splits: Math.ceil(depth / chunk), chunk };
}

/** A tile with each number of splits that makes sense, and what it costs. */
function cuts(candidate: Tile, sizes: ProductSizes) {
  const { rows, columns, depth, batches } = sizes;
  const values = rows * columns * batches;
  const steps = Math.max(1, Math.ceil(depth / candidate.depth));
  const made: { cost: number; strategy: Strategy & { kind: "tiles" } }[] = [];
  for (const wanted of SPLITS) {
    const perPart = Math.ceil(steps / wanted);
    if (wanted > 1 && (perPart < MIN_STEPS || wanted * values > PARTIAL_LIMIT)) break;
    if (wanted * batches > MAX_GROUPS) break;
    const splits = Math.ceil(steps / perPart);
    const chunk = perPart * candidate.depth;
    const strategy = { kind: "tiles", tile: candidate, splits, chunk } as const;
    made.push({ cost: costOf(strategy, sizes), strategy });
  }
  return made;
}

/** About how many clocks it takes. */
function costOf(
  { tile: t, splits, chunk }: Strategy & { kind: "tiles" },
  { rows, columns, batches }: ProductSizes,
): number {
  const lanes = invocations(t);
  const groups = Math.ceil(rows / t.rows) * Math.ceil(columns / t.columns) * batches * splits;
  // How many invocations take turns at each place of the fullest core.
  const turns = (Math.ceil(groups / CORES) * lanes) / CORE_LANES;
  const products = 16 * t.rowVectors * t.columnVectors;
  const step = products + (LOAD * (t.rows + t.columns)) / lanes + t.rowVectors + t.columnVectors;
  const arithmetic = chunk * Math.max(turns * step, step + LATENCY);
  const reading = (4 * groups * chunk * (t.rows + t.columns)) / CACHE_BYTES;
  const writing = Math.max(1, turns) * 4 * products;
  const values = rows * columns * batches;
  const parts = splits > 1 ? SECOND_PASS + (8 * splits * values) / MEMORY_BYTES : 0;
  return START + Math.max(arithmetic, reading) + writing + parts;
}
