/** @file The image, the filters and the out side of a convolution as operands of products. */
import type { ConvolutionShape } from "../../../core/engine.ts";
import { count } from "../../../core/shape.ts";
import { type MatrixLayout, matrix } from "../products/matrix.ts";
import type { Operand } from "../products/product.ts";
import type { Argument } from "../task.ts";

/** An argument for elements of a WGSL type. */
export type Buffer = (type: string) => Argument;

/** Numbers of a convolution that its operands share. */
export interface Convolved extends ConvolutionShape {
  /** Pixels of the image and of the out side, and values of a kernel. */
  readonly imagePixels: number;
  readonly outPixels: number;
  readonly taps: number;
  /** Channels of a group. */
  readonly imageGroup: number;
  readonly outGroup: number;
}

export function convolved(shape: ConvolutionShape): Convolved {
  return {
    ...shape,
    imagePixels: count(shape.image),
    outPixels: count(shape.out),
    taps: count(shape.kernel),
    imageGroup: shape.imageChannels / shape.groups,
    outGroup: shape.outChannels / shape.groups,
  };
}

/** WGSL that splits the index `name` into one of each axis, name0, name1, ..., the last one fastest. */
export function splitIndex(name: string, sizes: readonly number[]): string {
  let rest = name;
  const lines: string[] = [];
  for (let axis = sizes.length - 1; axis > 0; axis--) {
    lines.push(`let ${name}${axis} = ${rest} % ${sizes[axis]}u;`);
    rest = `(${rest} / ${sizes[axis]}u)`;
  }
  if (sizes.length > 0) lines.push(`let ${name}0 = ${rest};`);
  return lines.join("\n  ");
}

/** Distances between neighbours along each axis. */
export function strides(sizes: readonly number[]): number[] {
  return sizes.map((_, axis) => count(sizes, axis + 1));
}

/** A sum of products as WGSL, or 0. */
export function sumOf(terms: readonly string[], zero = "0i"): string {
  return terms.length > 0 ? terms.join(" + ") : zero;
}

/**
 * WGSL for places in a side of `sizes`: an offset, and a coordinate for each axis that is `checked`, on
 * which the sum of two places may lie outside; 0 is read there.
 */
export function placeCode(
  p: string,
  variable: string,
  sizes: readonly number[],
  checked: readonly number[],
): string {
  const inside = checked.map((axis) => `(u32(o.p${axis} + d.p${axis}) < ${sizes[axis]}u)`);
  const value = `${variable}[u32(o.at + d.at)]`;
  return /* wgsl */ `
struct ${p}_place { at: i32, ${checked.map((axis) => `p${axis}: i32, `).join("")}}
fn ${p}_load(o: ${p}_place, d: ${p}_place) -> f32 {
  return ${inside.length > 0 ? `select(0.0, ${value}, ${inside.join(" & ")})` : value};
}`;
}

/** WGSL of a place from its offset and the coordinates p0, p1, ... */
export function makePlace(p: string, at: string, checked: readonly number[]): string {
  return `return ${p}_place(${[at, ...checked.map((axis) => `p${axis}`)].join(", ")});`;
}

/** Whether a window reaches beyond the image on an axis; a kernel larger than its image does without pad. */
function reachesOut(c: Convolved, axis: number): boolean {
  const last = (c.out[axis]! - 1) * c.stride[axis]! + c.dilation[axis]! * (c.kernel[axis]! - 1);
  return c.pad[axis]! > 0 || last >= c.image[axis]!;
}

/**
 * The image as the windows see it: an index is an out pixel of all images, the other one a channel of the
 * group and a tap of the kernel. The matrix of columns that this is is never written.
 * @param outer which of the two is the outer index
 */
export function windows(buffer: Buffer, c: Convolved, outer: "pixel" | "tap"): Operand {
  const steps = strides(c.image);
  const axes = c.image.map((_, axis) => axis);
  const checked = axes.filter((axis) => reachesOut(c, axis));
  const offset = sumOf(axes.map((axis) => `p${axis} * ${steps[axis]}`));
  const [pixel, tap] = outer === "pixel" ? ["outer", "depth"] : ["depth", "outer"];
  return {
    argument: buffer("f32"),
    along: outer === "pixel" ? "outer" : "depth",
    isWide: false,
    isDear: outer === "tap",
    code: (p, variable) => /* wgsl */ `${placeCode(p, variable, c.image, checked)}
fn ${p}_${pixel}(n: u32, z: u32) -> ${p}_place {
  let image = n / ${c.outPixels}u;
  let o = n % ${c.outPixels}u;
  ${splitIndex("o", c.out)}
  ${axes.map((axis) => `let p${axis} = i32(o${axis}) * ${c.stride[axis]} - ${c.pad[axis]};`).join("\n  ")}
  let at = i32(image * ${c.imageChannels * c.imagePixels}u + z * ${c.imageGroup * c.imagePixels}u) + ${offset};
  ${makePlace(p, "at", checked)}
}
fn ${p}_${tap}(k: u32, z: u32) -> ${p}_place {
  let channel = k / ${c.taps}u;
  let t = k % ${c.taps}u;
  ${splitIndex("t", c.kernel)}
  ${axes.map((axis) => `let p${axis} = i32(t${axis}) * ${c.dilation[axis]};`).join("\n  ")}
  let at = i32(channel * ${c.imagePixels}u) + ${offset};
  ${makePlace(p, "at", checked)}
}`,
  };
}

/** The filters of a group: a row for each out channel, with its channels and taps along the depth. */
export function filters(buffer: Buffer, c: Convolved): Operand {
  const depth = c.imageGroup * c.taps;
  const layout: MatrixLayout = {
    outerStride: depth,
    depthStride: 1,
    batchStride: c.outGroup * depth,
    depth,
  };
  return matrix(buffer, layout);
}

/**
 * Channels (images, batches * rows, pixels) as a matrix: a row for each channel, with the pixels of all
 * images along the depth.
 */
export function channelRows(
  buffer: Buffer,
  sizes: { images: number; batches: number; rows: number; pixels: number },
): Operand {
  const { images, batches, rows, pixels } = sizes;
  const batchStride = rows * pixels;
  if (images === 1) {
    return matrix(buffer, { outerStride: pixels, depthStride: 1, batchStride, depth: pixels });
  }
  const isWide = pixels % 4 === 0;
  const index = isWide ? "(outer + depth) / 4u" : "outer + depth";
  return {
    argument: buffer(isWide ? "vec4f" : "f32"),
    along: "depth",
    isWide,
    isDear: false,
    code: (p, variable) => /* wgsl */ `
alias ${p}_place = u32;
fn ${p}_outer(m: u32, z: u32) -> u32 { return z * ${batchStride}u + m * ${pixels}u; }
fn ${p}_depth(k: u32, z: u32) -> u32 {
  return k / ${pixels}u * ${batches * batchStride}u + k % ${pixels}u;
}
fn ${p}_load(outer: u32, depth: u32) -> ${isWide ? "vec4f" : "f32"} { return ${variable}[${index}]; }`,
  };
}
