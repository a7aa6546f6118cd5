/** @file Products of few values: a workgroup for each value, whose invocations share the sum. */
import { type Product, type ProductNames, operandCode } from "./product.ts";
import { DOT_LANES } from "./strategy.ts";
import type { TileTarget } from "./tiled.ts";

/** The kernel; workgroup x, y, z together count columns, rows, products of the batch and splits. */
export function dotsCode(
  product: Product,
  { splits, chunk }: { splits: number; chunk: number },
  width: number,
  names: ProductNames,
  target: TileTarget,
): string {
  const { rows, columns, batches, a, b } = product;
  const groups = rows * columns * batches * splits;
  const isWide = a.isWide && b.isWide;
  const step = isWide ? 4 : 1;
  const x = factorOf("a", a.isWide && !isWide);
  const y = factorOf("b", b.isWide && !isWide);
  return /* wgsl */ `${operandCode(product, names)}
${target.declarations}
var<workgroup> shares: array<f32, ${DOT_LANES}>;
@compute @workgroup_size(${DOT_LANES})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let i = group.y * ${width}u + group.x;
  if (i >= ${groups}u) { return; }
  let n = i % ${columns}u;
  let m = (i / ${columns}u) % ${rows}u;
  let z = (i / ${columns * rows}u) % ${batches}u;
  let split = i / ${columns * rows * batches}u;
  let first = split * ${chunk}u;
  let end = min(depth_of(z), first + ${chunk}u);
  let outer_a = a_outer(m, z);
  let outer_b = b_outer(n, z);
  var share = ${isWide ? "vec4f()" : "0.0"};
  for (var k = first + lane * ${step}u; k < end; k += ${DOT_LANES * step}u) {
    share = fma(${x}, ${y}, share);
  }
  shares[lane] = ${isWide ? "dot(share, vec4f(1.0))" : "share"};
  for (var step = ${DOT_LANES / 2}u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) { shares[lane] += shares[lane + step]; }
  }
  if (lane == 0u) {
    let column = ${target.column("n")};
    if (column.at >= 0) { put(${target.row("m")}, column, shares[0]); }
  }
}`;
}

/** One value, picked out of four where only the other side comes one by one. */
function factorOf(p: "a" | "b", isPicked: boolean): string {
  return isPicked
    ? `${p}_load(outer_${p}, ${p}_depth(k / 4u * 4u, z))[k % 4u]`
    : `${p}_load(outer_${p}, ${p}_depth(k, z))`;
}

/** The kernel with an invocation for each value, whose sums are short. */
export function directBody({ rows, columns, a, b }: Product): string {
  return /* wgsl */ `  let n = i % ${columns}u;
  let m = (i / ${columns}u) % ${rows}u;
  let z = i / ${columns * rows}u;
  let end = depth_of(z);
  let outer_a = a_outer(m, z);
  let outer_b = b_outer(n, z);
  var sum = 0.0;
  for (var k = 0u; k < end; k++) {
    sum = fma(${factorOf("a", a.isWide)}, ${factorOf("b", b.isWide)}, sum);
  }
  let column = target_column(n, z);
  if (column.at >= 0) { put(target_row(m, z), column, sum); }`;
}
