/** @file Functions that WGSL lacks, or that it leaves inaccurate or undefined at their ends. */
import { float } from "./wgsl.ts";

/**
 * NaN with a last bit of the argument's. WGSL has no literal for it, lets no constant be it, and lets a GPU
 * take for granted that none comes up: so it is made of bits that are known at run time only.
 */
export const nanOf = /* wgsl */ `
fn nan_of(x: f32) -> f32 { return bitcast<f32>(0x7fc00000u | (bitcast<u32>(x) & 1u)); }`;

/**
 * Whether x is NaN, by its bits: a GPU may take for granted that x is x, that 0 x is 0, and that one of two
 * comparisons is true, and then shows zeros where a training has failed.
 */
export const isNan = /* wgsl */ `
fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }`;

/** e^x, and NaN of NaN: WGSL lets a GPU answer anything. */
export const expOf = /* wgsl */ `${isNan}
fn exp_of(x: f32) -> f32 { return select(exp(x), x, is_nan(x)); }
`;

/** e^x - 1, also near 0, where the subtraction would cancel. */
export const expLessOne = /* wgsl */ `${expOf}
fn exp_less_one(x: f32) -> f32 {
  let series = x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666667 + x * 0.008333334))));
  return select(exp_of(x) - 1.0, series, abs(x) < 0.1);
}`;

/** log(1 + t) for t from 0 to 1. */
export const logOnePlus = /* wgsl */ `
fn log_one_plus(t: f32) -> f32 {
  let series = t * (1.0 - t * (0.5 - t * (0.33333334 - t * (0.25 - t * 0.2))));
  return select(log(1.0 + t), series, t < 0.03);
}`;

/** 1 / (1 + e^-x), with nothing that overflows. */
export const sigmoidOf = /* wgsl */ `${expOf}
fn sigmoid(x: f32) -> f32 {
  let e = exp_of(-abs(x));
  return select(e, 1.0, x >= 0.0) / (1.0 + e);
}`;

/** tanh x; WGSL's own may overflow inside. */
export const tanhOf = /* wgsl */ `${expOf}
fn tanh_of(x: f32) -> f32 {
  let e = exp_of(-2.0 * abs(x));
  let square = x * x;
  let series = x * (1.0 - square * (0.33333334 - square * (0.13333334 - square * 0.053968254)));
  let size = (1.0 - e) / (1.0 + e);
  return select(select(size, -size, x < 0.0), series, abs(x) < 0.1);
}`;

/** log x as C has it, NaN of NaN and of what is negative. */
export const logOf = /* wgsl */ `${isNan}
${nanOf}
fn log_of(x: f32) -> f32 { return select(log(x), nan_of(x), is_nan(x) || x < 0.0); }
`;

/** x to a power that is neither 0 nor 1, as C has it; WGSL's own knows no negative base. */
export function powerOf(name: string, exponent: number): string {
  const size = `pow(abs(base), ${float(exponent)})`;
  const isOdd = Math.abs(exponent % 2) === 1;
  const negative = !Number.isInteger(exponent) ? "nan_of(base)" : isOdd ? `-${size}` : size;
  return /* wgsl */ `
fn ${name}(base: f32) -> f32 {
  return select(select(${size}, ${negative}, base < 0.0), base, is_nan(base));
}
`;
}

/** What `powerOf` needs. */
export const forPowers = isNan + nanOf;
