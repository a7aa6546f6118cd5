/** @file Vector helpers. A vector is four float32 lanes. */

/** Bytes of a float. */
export const F: usize = 4;

/** a b + c: rounded once in the relaxed build where the machine can, twice in the plain build. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  else return f32x4.add(f32x4.mul(a, b), c);
}

/** The sum of the four lanes: neighbours first, as x86's `haddps` adds them. */
// @ts-ignore: decorator
@inline
export function sumLanes(v: v128): f32 {
  const pairs = f32x4.add(v, v128.shuffle<i32>(v, v, 1, 0, 3, 2));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 2);
}

/** The first `n` floats at `p`, then zeros; from 4 on the first four. Reads no float past them. */
// @ts-ignore: decorator
@inline
export function loadSome(p: usize, n: i32): v128 {
  return n > 3 ? v128.load(p) : loadFew(p, n);
}

/** Writes the first `n` lanes to `p`, from 4 on all; nothing past them. */
// @ts-ignore: decorator
@inline
export function storeSome(p: usize, v: v128, n: i32): void {
  if (n > 3) v128.store(p, v);
  else storeFew(p, v, n);
}

/**
 * to[i] = value. Used in place of `memory.fill`, which checks the size of the memory as the thread
 * last heard of it: another thread may have grown it since.
 */
export function fillFloats(to: usize, value: f32, count: i32): void {
  const v = f32x4.splat(value);
  for (let n = count; n > 0; n -= 4) {
    storeSome(to, v, n);
    to += 16;
  }
}

/** to[i] = from[i], for blocks that do not overlap; used in place of `memory.copy` likewise. */
export function copyFloats(from: usize, to: usize, count: i32): void {
  for (let n = count; n > 0; n -= 4) {
    storeSome(to, loadSome(from, n), n);
    from += 16;
    to += 16;
  }
}

function loadFew(p: usize, n: i32): v128 {
  let v = f32x4.replace_lane(f32x4.splat(0), 0, load<f32>(p));
  if (n > 1) v = f32x4.replace_lane(v, 1, load<f32>(p, 4));
  if (n > 2) v = f32x4.replace_lane(v, 2, load<f32>(p, 8));
  return v;
}

function storeFew(p: usize, v: v128, n: i32): void {
  store<f32>(p, f32x4.extract_lane(v, 0));
  if (n > 1) store<f32>(p, f32x4.extract_lane(v, 1), 4);
  if (n > 2) store<f32>(p, f32x4.extract_lane(v, 2), 8);
}
