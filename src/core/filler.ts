/** @file Fillers: the values that learnable blobs start with. */
import { NetDefinitionError } from "../errors.ts";
import {
  type FillerParameter,
  excerptOf,
  locationOf,
  type Resolved,
  withDefaults,
} from "../schema/index.ts";
import type { Blob } from "./blob.ts";
import type { RandomSource } from "./random.ts";
import { shapeString } from "./shape.ts";

type Filler = Resolved<"FillerParameter">;
/** Ends the filling with an error at a field of the filler. */
type Fail = (problem: string, field: keyof FillerParameter) => never;
type Fill = (blob: Blob, filler: Filler, random: RandomSource, fail: Fail) => void;

const fillers: Readonly<Record<string, Fill>> = {
  bilinear: fillBilinear,
  constant: (blob, { value }) => void blob.data.fill(value),
  gaussian: fillGaussian,
  msra: (blob, filler, random, fail) =>
    fillNormal(blob.data, 0, Math.sqrt(Math.fround(2 / fan(blob, filler, fail))), random),
  positive_unitball: fillUnitBall,
  uniform: fillUniform,
  xavier(blob, filler, random, fail) {
    const scale = Math.fround(Math.sqrt(Math.fround(3 / fan(blob, filler, fail))));
    fillBetween(blob.data, -scale, scale, random);
  },
};

/**
 * Fills `blob.data` in C order, as the filler of Caffe with that name does.
 * @param parameter the prototxt's filler; absent: constant 0
 * @throws NetDefinitionError at the filler's place for an unknown type or values that do not fit
 */
export function fill(
  blob: Blob,
  parameter: FillerParameter | undefined,
  random: RandomSource,
): void {
  const filler = withDefaults("FillerParameter", parameter);
  const fail: Fail = (problem, field) => {
    throw new NetDefinitionError(problem, {
      location: parameter && locationOf(parameter, field),
      excerpt: parameter && excerptOf(parameter, field),
    });
  };
  const run = Object.hasOwn(fillers, filler.type) ? fillers[filler.type] : undefined;
  if (!run) {
    const known = Object.keys(fillers).join(", ");
    fail(`Unknown filler name: ${filler.type} (known: ${known})`, "type");
  }
  if (filler.sparse !== -1 && filler.type !== "gaussian") {
    fail("Sparsity not supported by this Filler.", "sparse");
  }
  run(blob, filler, random, fail);
}

function fillUniform({ data }: Blob, { min, max }: Filler, random: RandomSource, fail: Fail): void {
  if (!(min <= max && Number.isFinite(max - min))) {
    fail(`a uniform filler draws from min to max, not from ${min} to ${max}`, "min");
  }
  fillBetween(data, min, max, random);
}

/** N(mean, std); with `sparse`, each value is kept with probability sparse / shape(0). */
function fillGaussian(blob: Blob, filler: Filler, random: RandomSource, fail: Fail): void {
  const { mean, std, sparse } = filler;
  if (!(std > 0)) fail(`std of a gaussian filler must be positive, not ${std}`, "std");
  fillNormal(blob.data, mean, std, random);
  if (sparse < -1) fail(`sparse must be at least 0, or -1 for none; it is ${sparse}`, "sparse");
  if (sparse === -1) return;
  const outputs = rows(blob, filler, fail, "sparse");
  if (sparse > outputs) {
    fail(`sparse (${sparse}) must not exceed the number of outputs (${outputs})`, "sparse");
  }
  const keep = Math.fround(sparse / outputs);
  const { data } = blob;
  for (let i = 0; i < data.length; i++) data[i]! *= random.bernoulli(keep) ? 1 : 0;
}

/** Uniform in [0, 1], then each row of the first axis divided by its sum. */
function fillUnitBall(blob: Blob, filler: Filler, random: RandomSource, fail: Fail): void {
  const { data } = blob;
  const width = blob.count / rows(blob, filler, fail, "type");
  fillBetween(data, 0, 1, random);
  for (let start = 0; start < data.length; start += width) {
    let sum = 0;
    for (let i = start; i < start + width; i++) sum = Math.fround(sum + data[i]!);
    for (let i = start; i < start + width; i++) data[i]! /= sum;
  }
}

/**
 * Bilinear interpolation for a square kernel of side k, in every pair of channels:
 *
 *     w(y, x) = (1 - |x / f - c|) (1 - |y / f - c|),  f = ceil(k / 2),  c = (k - 1) / (2 f)
 *
 * in float32 steps, as BVLC BilinearFiller.
 */
function fillBilinear({ data, shape }: Blob, _: Filler, __: RandomSource, fail: Fail): void {
  if (shape.length !== 4) {
    fail(`Blob must be 4 dim., but its shape is ${shapeString(shape)}`, "type");
  }
  const [height, width] = [shape[2]!, shape[3]!];
  if (height !== width) fail(`Filter must be square, not ${height} x ${width}`, "type");
  const f = Math.ceil(width / 2);
  const c = Math.fround((width - 1) / (2 * f));
  const along = Float32Array.from({ length: width }, (_, x) => {
    return 1 - Math.abs(Math.fround(Math.fround(x / f) - c));
  });
  for (let i = 0; i < data.length; i++) {
    data[i] = along[i % width]! * along[Math.floor(i / width) % height]!;
  }
}

function fillBetween(data: Float32Array, min: number, max: number, random: RandomSource): void {
  for (let i = 0; i < data.length; i++) data[i] = random.uniform(min, max);
}

function fillNormal(data: Float32Array, mean: number, std: number, random: RandomSource): void {
  for (let i = 0; i < data.length; i++) data[i] = random.gaussian(mean, std);
}

/** The n of xavier and msra: inputs to an output, outputs from an input, or their mean. */
function fan(blob: Blob, filler: Filler, fail: Fail): number {
  const fanIn = blob.count / rows(blob, filler, fail, "type");
  const fanOut = blob.shape.length > 1 ? blob.count / blob.shape[1]! : blob.count;
  if (filler.varianceNorm === "AVERAGE") return (fanIn + fanOut) / 2;
  return filler.varianceNorm === "FAN_OUT" ? fanOut : fanIn;
}

/** Size of the first axis. */
function rows({ shape }: Blob, filler: Filler, fail: Fail, field: keyof FillerParameter): number {
  if (shape.length > 0) return shape[0]!;
  return fail(`a ${filler.type} filler cannot fill a scalar; use "constant"`, field);
}
