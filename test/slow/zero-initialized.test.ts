/**
 * @file The tutorial's first trainings: FCN-AlexNet without weights, whose convolutions all start at
 * zero, so that only the bias of `score_fr` can learn. The curve that this must give is simulated
 * here from the dataset's labels alone, by code that shares nothing with the net's.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { decodeDatum, openLmdb } from "../../src/data/index.ts";
import type { MetricRecord } from "../../src/job/metrics.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const EPOCHS = 5;

function cortado(...args: string[]): void {
  const run = spawnSync(process.execPath, [join(root, "dist/src/cli/main.js"), ...args], {
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  if (run.status !== 0) throw new Error(`cortado ${args[0]} failed:\n${run.stderr.slice(-2000)}`);
}

function labelsOf(folder: string): Uint8Array[] {
  const reader = openLmdb(folder);
  const cursor = reader.cursor();
  const labels: Uint8Array[] = [];
  while (cursor.next()) labels.push(decodeDatum(cursor.value).data!.slice());
  reader.close();
  return labels;
}

/** What the bilinear deconvolution (kernel 63, stride 32) makes of a map of ones, cropped at 18. */
function axisGain(): number[] {
  const weight = (x: number) => 1 - Math.abs(x / 32 - 62 / 64);
  return Array.from({ length: 256 }, (_, pixel) => {
    let sum = 0;
    for (let cell = 0; cell < 9; cell++) {
      const tap = pixel + 18 - 32 * cell;
      if (tap >= 0 && tap < 63) sum += weight(tap);
    }
    return sum;
  });
}

const gain = axisGain();

/** Mean softmax loss over the pixels of a label for scores `bias[c] * gain`, and its gradient to bias[1] = -bias[0]. */
function lossAndGradient(bias: readonly [number, number], label: Uint8Array) {
  let [loss, gradient] = [0, 0];
  for (let y = 0; y < 256; y++) {
    for (let x = 0; x < 256; x++) {
      const g = gain[y]! * gain[x]!;
      const margin = (bias[1] - bias[0]) * g;
      const foreground = label[256 * y + x] === 1;
      loss += Math.log1p(Math.exp(foreground ? -margin : margin));
      gradient += g * (1 / (1 + Math.exp(-margin)) - (foreground ? 1 : 0));
    }
  }
  return { loss: loss / 65536, gradient: gradient / 65536 };
}

/** Validation losses at epoch 0, 1, ...: SGD on the biases alone, momentum 0.9, lr_mult 2, one step at 33 %. */
function simulate(train: readonly Uint8Array[], val: readonly Uint8Array[]): number[] {
  const maxIter = EPOCHS * train.length;
  const stepSize = Math.ceil((33 * maxIter) / 100);
  const bias: [number, number] = [0, 0];
  const history = [0, 0];
  const validate = () =>
    val.reduce((sum, label) => sum + lossAndGradient(bias, label).loss, 0) / val.length;
  const losses = [validate()];
  for (let iter = 0; iter < maxIter; iter++) {
    const { gradient } = lossAndGradient(bias, train[iter % train.length]!);
    const rate = 2 * 1e-4 * 0.1 ** Math.floor(iter / stepSize);
    for (const [c, sign] of [-1, 1].entries()) {
      history[c] = 0.9 * history[c]! + rate * sign * gradient;
      bias[c]! -= history[c]!;
    }
    if ((iter + 1) % train.length === 0) losses.push(validate());
  }
  return losses;
}

test("the zero-initialised FCN-AlexNet follows the bias-only curve with a Dice of exactly 0", () => {
  const folder = mkdtempSync(join(tmpdir(), "cortado-zero-"));
  try {
    const [phantom, dataset, job] = ["phantom", "dataset", "job"].map((name) => join(folder, name));
    cortado(
      "dataset",
      "phantom",
      "--out",
      phantom!,
      "--patients",
      "3",
      "--slices",
      "6",
      "--seed",
      "5",
    );
    cortado(
      ...["dataset", "sunnybrook", "--images", join(phantom!, "challenge_training")],
      ...["--contours", join(phantom!, "Sunnybrook Cardiac MR Database ContoursPart3")],
      ...["--out", dataset!, "--channels", "L", "--seed", "1"],
    );
    cortado(
      ...["fit", "--dataset", dataset!, "--out", job!, "--mean", "none", "--lr", "1e-4"],
      ...["--network", join(root, "networks/fcn-alexnet/two-classes-dice.prototxt")],
      ...["--layers", join(root, "layers/dice.ts"), "--epochs", `${EPOCHS}`],
    );
    const expected = simulate(
      labelsOf(join(dataset!, "train_db/labels")),
      labelsOf(join(dataset!, "val_db/labels")),
    );
    const metrics = readFileSync(join(job!, "metrics.jsonl"), "utf8").trim().split("\n");
    const val = metrics
      .map((line) => JSON.parse(line) as MetricRecord)
      .filter((m) => m.phase === "val");

    expect(val.length).toBe(EPOCHS + 1);
    expect(val[0]!.values.loss).toBeCloseTo(Math.LN2, 5);
    for (const [epoch, { values }] of val.entries()) {
      console.log(
        `epoch ${epoch}: val loss ${values.loss}, simulated ${expected[epoch]!.toFixed(6)}`,
      );
      expect(Math.abs(values.loss! - expected[epoch]!)).toBeLessThan(1e-3);
      expect(values.dice).toBe(0);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
