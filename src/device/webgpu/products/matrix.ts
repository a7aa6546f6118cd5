/** @file Operands that are plain matrices, or rows and columns of ones. */
import type { Argument } from "../task.ts";
import type { Operand } from "./product.ts";

export interface MatrixLayout {
  /** Distance in floats between neighbours along the outer index, along the depth, and in the batch. */
  readonly outerStride: number;
  readonly depthStride: number;
  readonly batchStride?: number;
  /** Number of values along the depth. */
  readonly depth: number;
}

/**
 * A matrix by its strides, of which one is 1.
 * @param argument makes the buffer's argument for elements of a WGSL type
 */
export function matrix(argument: (type: string) => Argument, layout: MatrixLayout): Operand {
  const { outerStride, depthStride, batchStride = 0, depth } = layout;
  const along = depthStride === 1 ? "depth" : "outer";
  const isWide =
    along === "depth" && [depth, outerStride, batchStride].every((size) => size % 4 === 0);
  return {
    argument: argument(isWide ? "vec4f" : "f32"),
    along,
    isWide,
    isDear: false,
    code: (p, variable) => /* wgsl */ `
alias ${p}_place = u32;
fn ${p}_outer(i: u32, z: u32) -> u32 { return z * ${batchStride}u + i * ${outerStride}u; }
fn ${p}_depth(k: u32, z: u32) -> u32 { return k * ${depthStride}u; }
${
  isWide
    ? `fn ${p}_load(outer: u32, depth: u32) -> vec4f { return ${variable}[(outer + depth) / 4u]; }`
    : `fn ${p}_load(outer: u32, depth: u32) -> f32 { return ${variable}[outer + depth]; }`
}`,
  };
}

/** Ones: the product with them is a sum along the depth. */
export const ones: Operand = {
  along: "depth",
  isWide: false,
  isDear: false,
  code: (p) => /* wgsl */ `
alias ${p}_place = u32;
fn ${p}_outer(i: u32, z: u32) -> u32 { return 0u; }
fn ${p}_depth(k: u32, z: u32) -> u32 { return 0u; }
fn ${p}_load(outer: u32, depth: u32) -> f32 { return 1.0; }`,
};
