/** @file The three products of a convolution: there, back, and the filters' gradient. */
import { count } from "../../../core/shape.ts";
import { ones } from "../products/matrix.ts";
import type { Product } from "../products/product.ts";
import type { Argument } from "../task.ts";
import {
  type Buffer,
  type Convolved,
  channelRows,
  filters,
  windows,
} from "./convolution-operands.ts";
import {
  classCode,
  imageColumn,
  reachedOuts,
  scatterOf,
  turnedFilters,
} from "./scatter-operands.ts";

/** out = bias + filters * windows of the image. */
export function correlation(
  label: string,
  c: Convolved,
  image: Buffer,
  weight: Buffer,
  bias: Argument | undefined,
  out: Argument,
): Product {
  return {
    label,
    rows: c.outGroup,
    columns: c.images * c.outPixels,
    depth: c.imageGroup * c.taps,
    batches: c.groups,
    a: filters(weight, c),
    b: windows(image, c, "pixel"),
    out,
    ...(bias ? { bias } : {}),
    rowCode: `let channel = z * ${c.outGroup}u + m;
  return Target(i32(channel * ${c.outPixels}u), ${bias ? "bias[channel]" : "0.0"});`,
    columnCode: `return Target(i32(n / ${c.outPixels}u * ${c.outChannels * c.outPixels}u + n % ${c.outPixels}u), 0.0);`,
  };
}

/** image = bias + filters, turned round, * what reaches each pixel from the out side. */
export function scattering(
  label: string,
  c: Convolved,
  out: Buffer,
  weight: Buffer,
  bias: Argument | undefined,
  image: Argument,
): Product {
  const scatter = scatterOf(c);
  const { classes } = scatter;
  const hasOneDepth = scatter.axes.every(({ taps }) => new Set(taps).size === 1);
  return {
    label,
    rows: c.imageGroup,
    columns: c.images * count(scatter.sizes),
    depth: c.outGroup * scatter.mostTaps,
    batches: c.groups * classes,
    ...(hasOneDepth ? {} : { depthOf: `${c.outGroup}u * taps(z)` }),
    a: turnedFilters(weight, scatter),
    b: reachedOuts(out, scatter),
    out: image,
    ...(bias ? { bias } : {}),
    declarations: classCode(scatter),
    rowCode: `let channel = z / ${classes}u * ${c.imageGroup}u + m;
  return Target(i32(channel * ${c.imagePixels}u), ${bias ? "bias[channel]" : "0.0"});`,
    columnCode: imageColumn(scatter),
  };
}

/** The filters' gradient = out side * windows of the image, of which one has values and one diffs. */
export function filterGradient(
  label: string,
  c: Convolved,
  image: Buffer,
  out: Buffer,
  gradient: Argument,
): Product {
  const columns = c.imageGroup * c.taps;
  return {
    label,
    rows: c.outGroup,
    columns,
    depth: c.images * c.outPixels,
    batches: c.groups,
    a: channelRows(out, {
      images: c.images,
      batches: c.groups,
      rows: c.outGroup,
      pixels: c.outPixels,
    }),
    b: windows(image, c, "tap"),
    out: gradient,
    rowCode: `return Target(i32((z * ${c.outGroup}u + m) * ${columns}u), 0.0);`,
    columnCode: "return Target(i32(n), 0.0);",
  };
}

/** The gradient of a bias: for each channel the sum over images and pixels. */
export function channelSums(
  label: string,
  sizes: { readonly images: number; readonly channels: number; readonly pixels: number },
  diff: Buffer,
  gradient: Argument,
): Product {
  const { images, channels, pixels } = sizes;
  return {
    label,
    rows: channels,
    columns: 1,
    depth: images * pixels,
    batches: 1,
    a: channelRows(diff, { images, batches: 1, rows: channels, pixels }),
    b: ones,
    out: gradient,
    rowCode: "return Target(i32(m), 0.0);",
    columnCode: "return Target(0, 0.0);",
  };
}
