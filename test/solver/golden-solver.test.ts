import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCaffemodel, readSolverState } from "../../src/model-file/index.ts";
import { type BlobProto, type LayerParameter, decodeMessage } from "../../src/schema/index.ts";
import { Solver, type SolverOptions, readSolverParameter } from "../../src/solver/index.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/solver.ts";

interface GoldenArray {
  readonly shape: readonly number[];
  readonly file: string;
}
interface GoldenParam extends GoldenArray {
  readonly layer: string;
  readonly index: number;
}
interface Manifest {
  readonly num_batches: number;
  readonly iters: number;
  readonly lr: readonly number[];
  readonly loss: readonly number[];
  readonly feed: readonly (GoldenArray & { readonly blob: string })[];
  readonly after: readonly { readonly iter: number; readonly params: readonly GoldenParam[] }[];
  readonly history: Readonly<
    Record<string, { readonly current_step: number; readonly blobs: readonly GoldenArray[] }>
  >;
}

const cases = hasShared
  ? readdirSync(sharedPath("golden/solver")).filter((name) => !name.includes("."))
  : ["none"];

/** A golden case in a folder of its own, since a solver writes snapshots there. */
function golden(name: string) {
  const folder = temporaryFolder();
  cpSync(sharedPath("golden/solver", name), folder.path, { recursive: true });
  const manifest: Manifest = JSON.parse(readFileSync(join(folder.path, "manifest.json"), "utf8"));
  const floats = ({ file }: GoldenArray) => {
    const bytes = readFileSync(join(folder.path, file));
    return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length));
  };
  const feeds = manifest.feed.map(({ blob, ...array }) => ({ blob, values: floats(array) }));
  async function load(firstBatch: number, options: SolverOptions): Promise<Solver> {
    const file = join(folder.path, "solver.prototxt");
    const solver = await Solver.load(file, { root: folder.path, ...options });
    let pass = firstBatch;
    solver.net.onBeforeForward((net) => {
      for (const { blob: name, values } of feeds) {
        const blob = net.blobs.get(name)!;
        const at = (pass % manifest.num_batches) * blob.count;
        blob.set(values.subarray(at, at + blob.count));
      }
      pass++;
    });
    return solver;
  }
  return { ...manifest, path: folder.path, floats, load, [Symbol.dispose]: folder[Symbol.dispose] };
}

/** The bytes of a file with zeros in place of its blobs' values, which are packed floats. */
function withoutNumbers(file: Buffer, message: "NetParameter" | "SolverState"): Buffer {
  const bytes = Buffer.from(file);
  const { layer = [], history = [] }: { layer?: LayerParameter[]; history?: BlobProto[] } =
    decodeMessage(message, file);
  for (const blob of [...history, ...layer.flatMap(({ blobs }) => blobs)]) {
    for (const values of [blob.data, blob.diff]) {
      if (!values?.length) continue;
      const written = Buffer.from(Float32Array.from(values).buffer);
      const at = bytes.indexOf(written);
      expect(at).toBeGreaterThan(0);
      bytes.fill(0, at, at + written.length);
    }
  }
  return bytes;
}

/** At most 1e-4 of the largest value: gemm adds in another order than OpenBLAS. */
function expectClose(actual: Float32Array, expected: Float32Array, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = expected.reduce((max, value) => Math.max(max, Math.abs(value)), 1e-3);
  const worst = expected.reduce((max, v, i) => Math.max(max, Math.abs(v - actual[i]!)), 0);
  expect(worst / scale, what).toBeLessThan(1e-4);
}

function expectParams(
  solver: Solver,
  params: readonly GoldenParam[],
  floats: (array: GoldenArray) => Float32Array,
): void {
  for (const entry of params) {
    const { data } = solver.net.params.get(entry.layer)![entry.index]!;
    expectClose(data, floats(entry), `iteration ${solver.iter}: ${entry.layer}[${entry.index}]`);
  }
}

/** The same names, shapes and, nearly, values. */
async function expectSameHdf5(ours: string, theirs: string): Promise<void> {
  const isState = ours.endsWith(".solverstate.h5");
  const contents = await Promise.all(
    [ours, theirs].map(async (path) => {
      if (!isState) {
        const { layer } = await readCaffemodel(path);
        const blobs = layer.flatMap((one) => one.blobs);
        return { head: layer.map(({ name }) => name), blobs };
      }
      const { history, ...head } = await readSolverState(path);
      return { head, blobs: history };
    }),
  );
  const [a, b] = contents as [(typeof contents)[number], (typeof contents)[number]];
  expect(a.head).toEqual(b.head);
  expect(a.blobs.map(({ shape }) => shape)).toEqual(b.blobs.map(({ shape }) => shape));
  for (const [i, { data }] of b.blobs.entries()) {
    if (data) expectClose(a.blobs[i]!.data!, data, `${ours}: blob ${i}`);
  }
}

describe.skipIf(!hasShared)("solvers compute what Caffe computes (needs ../shared)", () => {
  test.each(cases)("%s, and writes the same files but for the numbers", async (name) => {
    using run = golden(name);
    const snapshots = readdirSync(run.path).filter((file) => file.startsWith("snap_"));
    const theirs = snapshots.map((file) => readFileSync(join(run.path, file)));
    for (const file of snapshots) rmSync(join(run.path, file)); // Caffe's; ours come here
    const weights = join(run.path, "init.caffemodel");
    const solver = await run.load(0, { weights });
    for (let iter = 0; iter < run.iters; iter++) {
      expect(solver.learningRate).toBe(Math.fround(run.lr[iter]!));
      await solver.step(1);
      const loss = solver.net.blobs.get("loss")!.data[0]!;
      expect(Math.abs(loss / run.loss[iter]! - 1)).toBeLessThan(1e-4);
      const expected = run.after.find((after) => after.iter === iter + 1);
      if (expected) expectParams(solver, expected.params, run.floats);
    }
    for (const [iter, expected] of Object.entries(run.history)) {
      const state = await readSolverState(join(run.path, `snap_iter_${iter}.solverstate`));
      expect(state.currentStep ?? 0).toBe(expected.current_step);
      expect(state.history.map(({ shape }) => shape?.dim)).toEqual(
        expected.blobs.map(({ shape }) => shape),
      );
      for (const [i, blob] of expected.blobs.entries()) {
        expectClose(state.history[i]!.data!, run.floats(blob), `history ${i} at ${iter}`);
      }
    }
    for (const [i, file] of snapshots.entries()) {
      if (file.endsWith(".h5")) {
        writeFileSync(join(run.path, `theirs_${file}`), theirs[i]!);
        await expectSameHdf5(join(run.path, file), join(run.path, `theirs_${file}`));
        continue;
      }
      const ours = readFileSync(join(run.path, file));
      const message = file.endsWith("model") ? "NetParameter" : "SolverState";
      expect(withoutNumbers(ours, message)).toEqual(withoutNumbers(theirs[i]!, message));
    }
    solver.dispose();
  });

  test.each(cases)("%s goes on from Caffe's own snapshot", async (name) => {
    using run = golden(name);
    const [state] = readdirSync(run.path).filter((file) => file.startsWith("snap_iter_10.solver"));
    const snapshot = join(run.path, state!);
    const { iterSize = 1 } = await readSolverParameter(join(run.path, "solver.prototxt"));
    const solver = await run.load(10 * iterSize, { snapshot });
    await solver.step(10);
    expectParams(solver, run.after.find(({ iter }) => iter === 20)!.params, run.floats);
    solver.dispose();
  });
});
