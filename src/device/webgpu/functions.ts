/** @file Functions that WGSL lacks, or that it leaves inaccurate or undefined at their ends. */

/** e^x - 1, also near 0, where the subtraction would cancel. */
export const expLessOne = /* wgsl */ `
fn exp_less_one(x: f32) -> f32 {
  let series = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666667 + x * 0.008333334))));
  return select(exp(x) - 1.0, series, abs(x) < 0.1);
}`;

/** log(1 + t) for t from 0 to 1. */
export const logOnePlus = /* wgsl */ `
fn log_one_plus(t: f32) -> f32 {
  let series = t * (1.0 - t * (0.5 - t * (0.33333334 - t * (0.25 - t * 0.2))));
  return select(log(1.0 + t), series, t < 0.03);
}`;

/** 1 / (1 + e^-x), with nothing that overflows. */
export const sigmoidOf = /* wgsl */ `
fn sigmoid(x: f32) -> f32 {
  let e = exp(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`;

/** tanh x; WGSL's own may overflow inside. */
export const tanhOf = /* wgsl */ `
fn tanh_of(x: f32) -> f32 {
  let e = exp(-2.0 * abs(x));
  let square = x * x;
  let series = x * (1.0 - square * (0.33333334 - square * (0.13333334 - square * 0.053968254)));
  return select(sign(x) * (1.0 - e) / (1.0 + e), series, abs(x) < 0.1);
}`;

/** NaN, which WGSL has no literal for and lets no constant be. */
export const nan = /* wgsl */ `
var<private> nan_bits: u32 = 0x7fc00000u;
fn nan() -> f32 { return bitcast<f32>(nan_bits); }`;
