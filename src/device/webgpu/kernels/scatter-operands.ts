/**
 * @file The transposed convolution as a product. A pixel of the image gets something from a tap only where
 * the stride divides its distance; so pixels with the same remainder form a class, and each class has a
 * product of its own with just the taps that reach it. Within a class neighbouring taps meet neighbours on
 * the out side, `dilation / gcd` apart, and are `stride / gcd` apart in the kernel.
 */
import { count } from "../../../core/shape.ts";
import type { Operand } from "../products/product.ts";
import {
  type Buffer,
  type Convolved,
  makePlace,
  placeCode,
  splitIndex,
  strides,
  sumOf,
} from "./convolution-operands.ts";

/** What the classes of one axis have in common, and the first tap and the number of taps of each. */
interface AxisClasses {
  readonly stride: number;
  /** Distance of a class's taps in the kernel, and of what they meet on the out side. */
  readonly tapStep: number;
  readonly outStep: number;
  readonly first: readonly number[];
  readonly taps: readonly number[];
}

export interface Scatter {
  readonly c: Convolved;
  readonly axes: readonly AxisClasses[];
  /** Classes on all axes; the number in the batch is group * classes + class. */
  readonly classes: number;
  /** Pixels of a class along each axis, rounded up. */
  readonly sizes: readonly number[];
  /** The most taps that a class has. */
  readonly mostTaps: number;
}

export function scatterOf(c: Convolved): Scatter {
  const axes = c.image.map((_, axis) => classesOf(c, axis));
  return {
    c,
    axes,
    classes: count(c.stride),
    sizes: c.image.map((size, axis) => Math.ceil(size / c.stride[axis]!)),
    mostTaps: count(axes.map(({ taps }) => Math.max(...taps))),
  };
}

function classesOf(c: Convolved, axis: number): AxisClasses {
  const [stride, pad] = [c.stride[axis]!, c.pad[axis]!];
  const [kernel, dilation] = [c.kernel[axis]!, c.dilation[axis]!];
  const common = greatestCommonDivisor(stride, dilation);
  const tapStep = stride / common;
  const remainders = Array.from({ length: stride }, (_, i) => i);
  const first = remainders.map((remainder) => {
    for (let tap = 0; tap < Math.min(kernel, tapStep); tap++) {
      if ((remainder + pad - dilation * tap) % stride === 0) return tap;
    }
    return -1;
  });
  return {
    stride,
    tapStep,
    outStep: dilation / common,
    first: first.map((tap) => Math.max(0, tap)),
    taps: first.map((tap) => (tap < 0 ? 0 : Math.ceil((kernel - tap) / tapStep))),
  };
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}

/** Constants and functions of the classes: `first_tap_0(z)`, `taps_0(z)`, `taps(z)`, ... */
export function classCode({ axes, classes, c }: Scatter): string {
  const steps = strides(c.stride);
  const perAxis = axes.map(({ stride, first, taps }, axis) => {
    const pick = (values: readonly number[], type: string, suffix: string) =>
      stride === 1
        ? `${values[0]}${suffix}`
        : `array<${type}, ${stride}>(${values.map((value) => `${value}${suffix}`).join(", ")})[remainder_${axis}(z)]`;
    return /* wgsl */ `
fn remainder_${axis}(z: u32) -> u32 { return ${stride === 1 ? "0u" : `z % ${classes}u / ${steps[axis]}u % ${stride}u`}; }
fn first_tap_${axis}(z: u32) -> i32 { return ${pick(first, "i32", "i")}; }
fn taps_${axis}(z: u32) -> u32 { return ${pick(taps, "u32", "u")}; }`;
  });
  const all = axes.map((_, axis) => `taps_${axis}(z)`).join(" * ");
  return `${perAxis.join("")}
fn taps(z: u32) -> u32 { return ${all || "1u"}; }
`;
}

/** WGSL of the pixel `n` of a class: its image, and `q0`, `q1`, ... in the image. */
function pixelCode({ axes, sizes }: Scatter): string {
  const pixels = count(sizes);
  return `let image = n / ${pixels}u;
  let s = n % ${pixels}u;
  ${splitIndex("s", sizes)}
  ${axes.map(({ stride }, axis) => `let q${axis} = i32(s${axis} * ${stride}u + remainder_${axis}(z));`).join("\n  ")}`;
}

/** WGSL that splits `k` into `channel` and the taps `j0`, `j1`, ... of a class. */
function tapCode({ axes }: Scatter): string {
  const lines = ["let channel = k / taps(z);"];
  let rest = "(k % taps(z))";
  for (let axis = axes.length - 1; axis > 0; axis--) {
    lines.push(`let j${axis} = i32(${rest} % taps_${axis}(z));`);
    rest = `(${rest} / taps_${axis}(z))`;
  }
  if (axes.length > 0) lines.push(`let j0 = i32(${rest});`);
  return lines.join("\n  ");
}

/** The filters turned round: a row for each image channel, out channels and taps along the depth. */
export function turnedFilters(buffer: Buffer, scatter: Scatter): Operand {
  const { c, axes, classes } = scatter;
  const steps = strides(c.kernel);
  const row = c.imageGroup * c.taps;
  const first = sumOf(axes.map((_, axis) => `first_tap_${axis}(z) * ${steps[axis]}`));
  const taps = sumOf(axes.map(({ tapStep }, axis) => `j${axis} * ${tapStep * steps[axis]!}`));
  return {
    argument: buffer("f32"),
    along: scatter.mostTaps < 4 ? "outer" : "depth",
    isWide: false,
    isDear: false,
    code: (p, variable) => /* wgsl */ `
alias ${p}_place = u32;
fn ${p}_outer(m: u32, z: u32) -> u32 {
  return z / ${classes}u * ${c.outGroup * row}u + m * ${c.taps}u + u32(${first});
}
fn ${p}_depth(k: u32, z: u32) -> u32 {
  ${tapCode(scatter)}
  return channel * ${row}u + u32(${taps});
}
fn ${p}_load(outer: u32, depth: u32) -> f32 { return ${variable}[outer + depth]; }`,
  };
}

/** The out side as a class of image pixels sees it. */
export function reachedOuts(buffer: Buffer, scatter: Scatter): Operand {
  const { c, axes, classes } = scatter;
  const steps = strides(c.out);
  const all = axes.map((_, axis) => axis);
  // One tap without padding meets what is there, and nothing else.
  const checked = all.filter((axis) => c.kernel[axis]! > 1 || c.pad[axis]! > 0);
  const offset = sumOf(all.map((axis) => `p${axis} * ${steps[axis]}`));
  return {
    argument: buffer("f32"),
    along: "outer",
    isWide: false,
    isDear: false,
    code: (p, variable) => /* wgsl */ `${placeCode(p, variable, c.out, checked)}
fn ${p}_outer(n: u32, z: u32) -> ${p}_place {
  ${pixelCode(scatter)}
  ${axes
    .map(
      ({ stride }, axis) =>
        `let p${axis} = (q${axis} + ${c.pad[axis]} - first_tap_${axis}(z) * ${c.dilation[axis]}) / ${stride};`,
    )
    .join("\n  ")}
  let at = i32(image * ${c.outChannels * c.outPixels}u + z / ${classes}u * ${c.outGroup * c.outPixels}u) + ${offset};
  ${makePlace(p, "at", checked)}
}
fn ${p}_depth(k: u32, z: u32) -> ${p}_place {
  ${tapCode(scatter)}
  ${axes.map(({ outStep }, axis) => `let p${axis} = -j${axis} * ${outStep};`).join("\n  ")}
  let at = i32(channel * ${c.outPixels}u) + ${offset};
  ${makePlace(p, "at", checked)}
}`,
  };
}

/** WGSL of the body of `target_column`: where the pixel lies in the image, or -1 where it ends before. */
export function imageColumn(scatter: Scatter): string {
  const { c, axes } = scatter;
  const steps = strides(c.image);
  const outside = axes.flatMap(({ stride }, axis) =>
    c.image[axis]! % stride === 0 ? [] : [`q${axis} >= ${c.image[axis]}`],
  );
  const at = sumOf(axes.map((_, axis) => `q${axis} * ${steps[axis]}`));
  return `${pixelCode(scatter)}
  ${outside.length > 0 ? `if (${outside.join(" || ")}) { return Target(-1, 0.0); }` : ""}
  return Target(i32(image) * ${c.imageChannels * c.imagePixels} + ${at}, 0.0);`;
}
