import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMessage, encodeMessage } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, labels, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";

const layer = (param = "") => `type: "InfogainLoss" ${param}`;
const identity = { shape: [3, 3], values: listed([1, 0, 0, 0, 1, 0, 0, 0, 1]) };
const propagateDown = [true, false, false];

describe("InfogainLoss", () => {
  test.each(["", "loss_param { ignore_label: 0 }", "loss_param { normalization: FULL }"])(
    "has a true gradient with { %s }",
    async (param) => {
      const specs = [[2, 3, 4], { shape: [2, 4], values: labels(3) }, [3, 3]];
      const secondShapes = [[1, 3, 2], { shape: [1, 2], values: labels(3) }, [3, 3]];
      await checkLayer(layer(param), specs, { propagateDown, secondShapes });
    },
  );

  test("takes the classes from another axis", async () => {
    const specs = [[2, 4, 3], { shape: [2, 4], values: labels(3) }, identity];
    const secondShapes = [[1, 2, 3], { shape: [1, 2], values: labels(3) }, identity];
    await checkLayer(layer("infogain_loss_param { axis: -1 }"), specs, {
      propagateDown,
      secondShapes,
    });
  });

  test("is the cross-entropy where H is the identity, and gives p as a second top", async () => {
    const bench = await runLayer(
      layer(),
      [{ shape: [1, 3], values: () => 0 }, { shape: [1], values: () => 2 }, identity],
      { tops: 2 },
    );
    expectClose(bench.tops[0]!.data, [Math.log(3)]);
    expectClose(bench.tops[1]!.data, [1 / 3, 1 / 3, 1 / 3]);
  });

  test("reads H from a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "infogain-"));
    onTestFinished(() => rm(folder, { recursive: true }));
    const data = new Float32Array([1, 0, 0, 2]);
    const blob = createMessage("BlobProto", { data, num: 1, channels: 1, height: 2, width: 2 });
    await writeFile(join(folder, "H.binaryproto"), encodeMessage("BlobProto", blob));
    const text = layer('infogain_loss_param { source: "H.binaryproto" }');
    const specs = [
      { shape: [1, 2], values: () => 0 },
      { shape: [1], values: () => 1 },
    ];
    const resolvePath = (path: string) => join(folder, path);
    const bench = await runLayer(text, specs, { resolvePath });
    expectClose(bench.tops[0]!.data, [2 * Math.LN2]);
    const wrong = [[1, 3], { shape: [1], values: () => 1 }];
    await expect(benchLayer(text, wrong, { resolvePath })).rejects.toThrow(
      "the infogain matrix has 4 values; 3 classes need 3 3 (9)",
    );
  });

  test("refuses `normalize`, and to do without H", async () => {
    const specs = [[1, 3], { shape: [1], values: () => 1 }];
    await expect(benchLayer(layer("loss_param { normalize: true }"), specs)).rejects.toThrow(
      'normalize is deprecated. use "normalization"',
    );
    await expect(benchLayer(layer(), specs)).rejects.toThrow(
      "Infogain matrix source must be specified",
    );
    const missing = layer('infogain_loss_param { source: "no/such/file" }');
    await expect(benchLayer(missing, specs)).rejects.toThrow(
      /layer "\w+" \(InfogainLoss\): File not found: .*no.such.file/,
    );
  });
});
