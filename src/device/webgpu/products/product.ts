/** @file Products of matrices that are read through functions: what convolutions and inner products are made of. */
import type { Argument } from "../task.ts";

/** The index of a matrix that is not summed over is its outer one, the other one its depth. */
export type Direction = "outer" | "depth";

/** One side of a product: a matrix whose values lie anywhere in a buffer. */
export interface Operand {
  /** Where the values are; absent when they are computed. */
  readonly argument?: Argument;
  /** The index along which neighbours lie side by side in memory, so that a workgroup reads along it. */
  readonly along: Direction;
  /** Whether four neighbours along the depth are read at once. */
  readonly isWide: boolean;
  /** Whether an outer index costs so much arithmetic that a workgroup computes it once and keeps it. */
  readonly isDear: boolean;
  /**
   * WGSL for the side `p` ("a" or "b") of a buffer's variable: the type `p_place` and the functions
   * `p_outer(i: u32, z: u32)` and `p_depth(k: u32, z: u32)`, which return places, and
   * `p_load(outer: p_place, depth: p_place)`, which returns f32, or vec4f where it is wide. Indices
   * are within the product's sizes; `z` is the number of the product in its batch.
   */
  readonly code: (p: Side, variable: string) => string;
}

export type Side = "a" | "b";

/**
 * `batches` products out[z][m, n] = sum over k of a[z](m, k) b[z](n, k).
 */
export interface Product {
  readonly label: string;
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  readonly batches: number;
  /** WGSL of an expression of `z`, where some products of the batch are less deep; whole vectors where a side is wide. */
  readonly depthOf?: string;
  readonly a: Operand;
  readonly b: Operand;
  readonly out: Argument;
  /** Added to each value; `rowCode` and `columnCode` may read it as `bias`. */
  readonly bias?: Argument;
  /** WGSL, besides the operands': constants and functions that they use. */
  readonly declarations?: string;
  /**
   * WGSL of the bodies of functions of (m, z) and (n, z), which return a `Target`: what the row or
   * column adds to the index in `out`, less than 0 where the value is dropped, and its bias.
   */
  readonly rowCode: string;
  readonly columnCode: string;
}

/** Names of a product's buffers in WGSL. */
export type ProductNames = Readonly<Record<string, string>>;

/** The buffers of a product but `out`. */
export function argumentsOf({ a, b, bias }: Product): Record<string, Argument> {
  return {
    ...(a.argument ? { a: a.argument } : {}),
    ...(b.argument ? { b: b.argument } : {}),
    ...(bias ? { bias } : {}),
  };
}

/** The functions that both operands and the target are reached by. */
export function operandCode(product: Product, names: ProductNames): string {
  const { a, b, declarations = "", depth, depthOf } = product;
  return /* wgsl */ `${declarations}
${a.code("a", names.a ?? "")}
${b.code("b", names.b ?? "")}
fn depth_of(z: u32) -> u32 { return ${depthOf ?? `${depth}u`}; }
`;
}

/** Writing one value where it belongs. `out` is the variable, `assign` what happens to what is there. */
export function putCode(out: string, assign: "=" | "+="): string {
  return /* wgsl */ `
struct Target { at: i32, bias: f32 }
// A target, or none where the index is beyond the matrix.
fn within(i: u32, size: u32, found: Target) -> Target { return Target(select(-1, found.at, i < size), found.bias); }
fn put(row: Target, column: Target, value: f32) {
  if (row.at >= 0) { ${out}[u32(row.at + column.at)] ${assign} value + (row.bias + column.bias); }
}
`;
}

/** `target_row`, `target_column`, and `put` for the product's own `out`. */
export function targetCode({ rowCode, columnCode, out }: Product, names: ProductNames): string {
  return /* wgsl */ `${putCode(names.out!, out.access === "update" ? "+=" : "=")}
fn target_row(m: u32, z: u32) -> Target {
  ${rowCode}
}
fn target_column(n: u32, z: u32) -> Target {
  ${columnCode}
}
`;
}
