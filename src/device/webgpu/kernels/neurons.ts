/** @file Layers that compute each value from one value, on the GPU. What they mean stands in src/layers. */
import type { Blob } from "../../../core/blob.ts";
import { withDefaults } from "../../../schema/index.ts";
import type { KernelRequest } from "../../device.ts";
import {
  expLessOne,
  expOf,
  forPowers,
  isNan,
  logOf,
  logOnePlus,
  powerOf,
  sigmoidOf,
  tanhOf,
} from "../functions.ts";
import { type Argument, type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";

/** The formulas of a layer. In place, x is y by the time of the backward pass. */
interface Neuron {
  /** y, of x. */
  readonly forward: string;
  /** dx, of dy, x and y. */
  readonly backward: string;
  /** WGSL that the formulas call. */
  readonly functions?: string;
}

/** A kernel of one task each way; without formulas the host has to run the layer. */
function neuron(formulas: (request: KernelRequest) => Neuron | undefined): KernelFactory {
  return (gpu, request) => {
    const found = formulas(request);
    if (!found) return undefined;
    const { name } = request;
    const { forward, backward, functions = "" } = found;
    return shapedKernel(gpu, ([x], [y]) => ({
      forward: [formulaTask(`${name} forward`, x!, y!, writes(y!), forward, functions)],
      bottoms: [[formulaTask(`${name} backward`, x!, y!, writesDiff(x!), backward, functions)]],
    }));
  };
}

/** Writes a formula's value for each value of x; binds what the formula names. */
function formulaTask(
  label: string,
  x: Blob,
  y: Blob,
  result: Argument,
  formula: string,
  functions: string,
): TaskSpec<string> {
  const sources = { x: reads(x), y: reads(y), dy: readsDiff(y) };
  const used = Object.entries(sources).filter(([name]) => RegExp(`\\b${name}\\b`).test(formula));
  const args: Record<string, Argument> = {};
  for (const [name, source] of used) args[`${name}_values`] = source;
  const body = (v: Readonly<Record<string, string>>) =>
    [
      ...used.map(([name]) => `  let ${name} = ${v[`${name}_values`]}[i];`),
      `  ${v.result}[i] = ${formula};`,
    ].join("\n");
  return flatTask(label, x.count, { ...args, result }, body, functions);
}

export const absVal = neuron(() => ({ forward: "abs(x)", backward: "dy * sign(x)" }));

export const bnll = neuron(() => ({
  forward: "select(x, 0.0, x < 0.0) + log_one_plus(exp_of(-abs(x)))",
  backward: "dy * sigmoid(min(x, 50.0))",
  functions: logOnePlus + sigmoidOf,
}));

export const clip = neuron(({ param }) => {
  const { min = 0, max = 0 } = param.clipParam ?? {};
  if (!Number.isFinite(min) || !Number.isFinite(max)) return undefined; // No literals in WGSL.
  const [low, high] = [float(min), float(max)];
  return {
    forward: `select(select(select(x, ${high}, x > ${high}), ${low}, x < ${low}), x, is_nan(x))`,
    backward: `select(0.0, dy, x >= ${low} && x <= ${high})`,
    functions: isNan,
  };
});

export const elu = neuron(({ param }) => {
  const alpha = float(withDefaults("ELUParameter", param.eluParam).alpha);
  return {
    forward: `select(x, ${alpha} * exp_less_one(x), x <= 0.0 && !is_nan(x))`,
    backward: `select(dy * (y + ${alpha}), dy, x > 0.0)`,
    functions: expLessOne,
  };
});

export const exp = neuron(({ param }) => {
  const { base, scale, shift } = withDefaults("ExpParameter", param.expParam);
  const logBase = base === -1 ? 1 : Math.log(base);
  const slope = scale * logBase;
  const factor = Math.fround(Math.exp(shift * logBase));
  if (!Number.isFinite(factor)) return undefined; // Infinite values: the host's arithmetic is exact there.
  return {
    forward: `${float(factor)} * exp_of(${float(slope)} * x)`,
    backward: `dy * y * ${float(slope)}`,
    functions: expOf,
  };
});

export const log = neuron(({ param }) => {
  const { base, scale, shift } = withDefaults("LogParameter", param.logParam);
  const factor = base === -1 ? 1 : 1 / Math.log(base);
  const inner = `(${float(shift)} + ${float(scale)} * x)`;
  return {
    forward: `${float(factor)} * log_of(${inner})`,
    backward: `dy * ${float(factor * scale)} / ${inner}`,
    functions: logOf,
  };
});

export const power = neuron(({ param }) => {
  const { power, scale, shift } = withDefaults("PowerParameter", param.powerParam);
  const slope = power * scale;
  if (slope === 0) {
    const constant = Math.fround(power === 0 ? 1 : shift ** power);
    if (!Number.isFinite(constant)) return undefined; // No literal in WGSL.
    return { forward: float(constant), backward: "0.0" };
  }
  const base = `(${float(shift)} + ${float(scale)} * x)`;
  if (power === 1) return { forward: base, backward: `${float(scale)} * dy` };
  return {
    forward: `power(${base})`,
    backward: `dy * ${float(slope)} * lower_power(${base})`,
    functions: forPowers + powerFunction("power", power) + powerFunction("lower_power", power - 1),
  };
});

/** Products and square roots for small exponents. */
function powerFunction(name: string, exponent: number): string {
  const simple: Readonly<Record<number, string>> = {
    [-2]: "1.0 / (base * base)",
    [-1]: "1.0 / base",
    [-0.5]: "inverseSqrt(base)",
    0: "1.0",
    0.5: "sqrt(base)",
    1: "base",
    2: "base * base",
    3: "base * base * base",
    4: "(base * base) * (base * base)",
  };
  const value = simple[exponent];
  if (value === undefined) return powerOf(name, exponent);
  return `fn ${name}(base: f32) -> f32 { return ${value}; }\n`;
}

export const relu = neuron(({ param }) => {
  const slope = float(withDefaults("ReLUParameter", param.reluParam).negativeSlope);
  return {
    forward: `select(x, ${slope} * x, x <= 0.0 && !is_nan(x))`,
    backward: `select(${slope} * dy, dy, x > 0.0)`,
    functions: isNan,
  };
});

export const relu6 = neuron(({ param }) => {
  const slope = float(withDefaults("ReLU6Parameter", param.relu6Param).negativeSlope);
  return {
    forward: `select(select(select(x, ${slope} * x, x <= 0.0), 6.0, x > 6.0), x, is_nan(x))`,
    backward: `select(select(${slope} * dy, dy, x > 0.0), 0.0, x >= 6.0)`,
    functions: isNan,
  };
});

export const sigmoid = neuron(() => ({
  forward: "sigmoid(x)",
  backward: "dy * y * (1.0 - y)",
  functions: sigmoidOf,
}));

export const swish = neuron(({ param }) => {
  const beta = float(withDefaults("SwishParameter", param.swishParam).beta);
  return {
    forward: `x * sigmoid(${beta} * x)`,
    backward: `dy * (${beta} * y + sigmoid(${beta} * x) * (1.0 - ${beta} * y))`,
    functions: sigmoidOf,
  };
});

export const tanh = neuron(() => ({
  forward: "tanh_of(x)",
  backward: "dy * (1.0 - y * y)",
  functions: tanhOf,
}));

export const threshold = neuron(({ param, propagateDown }) => {
  if (propagateDown[0]) return undefined; // The host says that there is no gradient.
  const { threshold } = withDefaults("ThresholdParameter", param.thresholdParam);
  return { forward: `select(0.0, 1.0, x > ${float(threshold)})`, backward: "0.0" };
});
