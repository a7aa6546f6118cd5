/** @file Solver states of other people: they load into the solvers that wrote them. */
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { inputsInsteadOfData } from "../../src/job/data-stand-in.ts";
import { blobFromProto, readCaffemodel, readSolverState } from "../../src/model-file/index.ts";
import { readNetParameter } from "../../src/net/load-definition.ts";
import { Solver } from "../../src/solver/index.ts";
import { expectSameBits } from "../support/same-bits.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { recordedLogger, solverParam, temporaryFolder } from "../support/solver.ts";

const model = (...parts: string[]) => sharedPath("data/models", ...parts);

/** The solver of a published prototxt, with inputs where it has its dataset, without tests and snapshots. */
function solverOf(
  folder: string,
  stem: string,
  image: readonly number[],
  logger = recordedLogger(),
) {
  const state = { phase: "TRAIN", level: 0, stages: [] } as const;
  const net = readNetParameter(model(folder, `${stem}_train_test.prototxt`));
  const param = solverParam(readFileSync(model(folder, `${stem}_solver.prototxt`), "utf8"));
  delete param.net;
  const netParam = inputsInsteadOfData(net, state, image);
  const quiet = { testIter: [], testInterval: 0, snapshot: 0, snapshotAfterTrain: false };
  return Solver.load({ ...param, ...quiet, netParam }, { threads: 1, logger });
}

const STATES: readonly [folder: string, stem: string, iter: number, end: string][] = [
  ["lenet-v1", "lenet", 10_000, ""],
  ["cifar10-quick-v1", "cifar10_quick", 4000, ""],
  ["cifar10-quick-hdf5", "cifar10_quick", 4000, ".h5"],
  ["cifar10-full-v1", "cifar10_full", 70_000, ""],
];

describe.skipIf(!hasShared)("published solver states (need ../shared)", () => {
  test.each(STATES)(
    "of %s: iteration, weights and history are the files'",
    async (folder, stem, iter, end) => {
      const image = folder === "lenet-v1" ? [1, 28, 28] : [3, 32, 32];
      const logger = recordedLogger();
      const solver = await solverOf(folder, stem, image, logger);
      const file = (kind: string) => model(folder, `${stem}_iter_${iter}.${kind}${end}`);
      await solver.restore(file("solverstate"));
      expect(solver.iter).toBe(iter);
      const state = await readSolverState(file("solverstate"));
      expect(solver.history).toHaveLength(state.history.length);
      state.history.forEach((proto, i) => {
        expectSameBits(solver.history[i]!.data, blobFromProto(proto).data, `history ${i}`);
      });
      for (const { name, blobs } of (await readCaffemodel(file("caffemodel"))).layer) {
        blobs.forEach((proto, i) => {
          expectSameBits(solver.net.params.get(name!)![i]!.data, blobFromProto(proto).data, name);
        });
      }
      // The weights of cifar10_full were given another name than the one in its state.
      const isRenamed = folder === "cifar10-full-v1";
      expect(
        logger.lines.some((line) => line.includes("lr2_iter_70000.caffemodel is not there")),
      ).toBe(isRenamed);
      solver.dispose();
    },
  );

  test("without their weights, name the file that is missing; nothing is changed then", async () => {
    using folder = temporaryFolder();
    const state = join(folder.path, "x.solverstate");
    copyFileSync(model("cifar10-full-v1/cifar10_full_iter_70000.solverstate"), state);
    const solver = await solverOf("cifar10-full-v1", "cifar10_full", [3, 32, 32]);
    await expect(solver.restore(state)).rejects.toThrow(
      /examples\/cifar10\/cifar10_full_lr2_iter_70000\.caffemodel: there is no such file/,
    );
    expect(solver.iter).toBe(0);
    solver.dispose();
  });

  test("of another net are refused with the shapes of both", async () => {
    const solver = await solverOf("cifar10-full-v1", "cifar10_full", [3, 32, 32]);
    const state = model("cifar10-quick-v1/cifar10_quick_iter_4000.solverstate");
    await expect(solver.restore(state)).rejects.toThrow(
      /Incorrect length of history blobs: the file has 10, this SGD solver has 8/,
    );
    solver.dispose();
  });
});
