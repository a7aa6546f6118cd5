/** @file Small solvers for tests. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Logger } from "../../src/core/logger.ts";
import type { NetParameter, SolverParameter } from "../../src/schema/index.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { Solver, type SolverOptions } from "../../src/solver/index.ts";

export function solverParam(text: string): SolverParameter {
  return parsePrototxt(text, { message: "SolverParameter", fileName: "solver.prototxt" });
}

export function netParam(text: string): NetParameter {
  return parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
}

/** y = W x + b, squared error: 6 weights and 2 biases (lr_mult 2, decay_mult 0), batch of 4. */
export const regressionNet = `
  name: "Regression"
  layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 4 dim: 3 } } }
  layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 4 dim: 2 } } }
  layer {
    name: "ip" type: "InnerProduct" bottom: "x" top: "y"
    param { lr_mult: 1 } param { lr_mult: 2 decay_mult: 0 }
    inner_product_param { num_output: 2 weight_filler { type: "xavier" } }
  }
  layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t" top: "loss" }
`;

/** A fixed batch for forward pass `k`; values in [-1, 1]. */
export function batch(k: number, size: number): Float32Array {
  return Float32Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + 2.3 * k + size));
}

/** Feeds the k-th forward pass with the k-th batch. @returns the number of passes so far */
export function feed(solver: Solver, start = 0): () => number {
  let pass = start;
  solver.net.onBeforeForward((net) => {
    for (const name of net.inputs) {
      const blob = net.blobs.get(name)!;
      blob.set(batch(pass, blob.count));
    }
    pass++;
  });
  return () => pass;
}

/** A solver of `regressionNet` (or another net) with fed batches. */
export async function regressionSolver(
  text: string,
  options: SolverOptions & { net?: string } = {},
): Promise<Solver> {
  const netText = options.net ?? regressionNet;
  const param = { ...solverParam(`random_seed: 1 ${text}`), netParam: netParam(netText) };
  const solver = await Solver.load(param, options);
  feed(solver);
  return solver;
}

/** A logger that keeps the messages without their prefix. */
export function recordedLogger(): Logger & { readonly lines: string[] } {
  const lines: string[] = [];
  return { lines, log: (_level, _source, message) => void lines.push(message) };
}

/** A folder that is removed when the test ends; use with `using`. */
export function temporaryFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), "cortado-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
