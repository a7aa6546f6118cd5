/** @file Trainings on the data layers that draw or carry a place: N + snapshot + N iterations are 2 N, bit for bit. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createRecords, encodeDatum, encodePng } from "../../src/data/index.ts";
import { Solver } from "../../src/solver/index.ts";
import { netParam, solverParam, temporaryFolder } from "../support/solver.ts";

const HEIGHT = 9;
const WIDTH = 8;

/** Eleven images "0.png" ..., a list, a window file, and a LevelDB of them, half of it encoded. */
async function writeSources(folder: string): Promise<void> {
  const writer = await createRecords(join(folder, "db"), "LEVELDB");
  const windows: string[] = [];
  const lines: string[] = [];
  for (let i = 0; i < 11; i++) {
    const size = { channels: 3, height: HEIGHT, width: WIDTH };
    const data = Uint8Array.from(
      { length: 3 * HEIGHT * WIDTH },
      (_, k) => (k * 37 + i * 101) & 255,
    );
    const png = await encodePng({ ...size, data });
    writeFileSync(join(folder, `${i}.png`), png);
    const record = i % 2 ? { encoded: true, data: png } : { ...size, data };
    await writer.put(String(i).padStart(3, "0"), encodeDatum({ ...record, label: i }));
    lines.push(`${i}.png ${i}`);
    const rows = ["1 0.9 1 1 6 6", "2 0.8 0 2 7 8", "0 0.1 2 0 5 7", "0 0 1 3 4 8"];
    windows.push(`# ${i}`, `${i}.png`, `3 ${HEIGHT} ${WIDTH}`, String(rows.length), ...rows);
  }
  await writer.close();
  writeFileSync(join(folder, "list.txt"), lines.join("\n"));
  writeFileSync(join(folder, "win.txt"), windows.join("\n"));
}

const transform = "transform_param { crop_size: 5 mirror: true scale: 0.01 }";
const layers: Readonly<Record<string, string>> = {
  ImageData: `image_data_param { source: "list.txt" batch_size: 4 shuffle: true rand_skip: 5 } ${transform}`,
  "ImageData, resized": `image_data_param { source: "list.txt" batch_size: 4 shuffle: true new_height: 7 new_width: 6 } ${transform}`,
  WindowData: `window_data_param { source: "win.txt" batch_size: 4 scale: 0.01 context_pad: 1 } transform_param { crop_size: 5 mirror: true }`,
  Data: `data_param { source: "db" backend: LEVELDB batch_size: 4 } ${transform}`,
  "Data, augmented": `data_param { source: "db" backend: LEVELDB batch_size: 4 } ${transform} augmentation_param { rotate: 20 elastic: 0.1 noise: 0.2 }`,
  "ImageData, augmented": `image_data_param { source: "list.txt" batch_size: 4 shuffle: true } ${transform} augmentation_param { flip_y: true gamma: 0.5 }`,
  MemoryData: "memory_data_param { batch_size: 4 channels: 3 height: 5 width: 5 }",
};

test.each(Object.entries(layers))("%s", async (name, param) => {
  using folder = temporaryFolder();
  await writeSources(folder.path);
  const net = netParam(`name: "N"
    layer { name: "d" type: "${name.split(",")[0]}" top: "x" top: "t" ${param} }
    layer { name: "t" type: "Reshape" bottom: "t" top: "t4" reshape_param { shape { dim: -1 dim: 1 } } }
    layer { name: "noise" type: "Dropout" bottom: "x" top: "x" }
    layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y"
      inner_product_param { num_output: 1 weight_filler { type: "xavier" } } }
    layer { name: "loss" type: "EuclideanLoss" bottom: "y" bottom: "t4" top: "loss" }`);
  const text =
    'base_lr: 0.001 lr_policy: "fixed" momentum: 0.9 snapshot_prefix: "s" random_seed: 4';
  const begin = async (snapshot?: string) => {
    const options = { root: folder.path, threads: 1, ...(snapshot ? { snapshot } : {}) };
    const solver = await Solver.load({ ...solverParam(text), netParam: net }, options);
    if (name === "MemoryData") {
      const data = Float32Array.from({ length: 12 * 75 }, (_, i) => Math.sin(i));
      solver.net.setInputArrays(
        data,
        Float32Array.from({ length: 12 }, (_, i) => i),
      );
    }
    return solver;
  };
  const weights = (solver: Solver) => [...solver.net.params.get("ip")![0]!.data];

  const straight = await begin();
  await straight.step(14);
  const first = await begin();
  await first.step(7);
  const { state } = await first.snapshot();
  // It reads on, into a batch that the snapshot must not count.
  await first.step(1);
  first.dispose();
  const resumed = await begin(state);
  expect(resumed.iter).toBe(7);
  await resumed.step(7);
  expect(weights(resumed)).toEqual(weights(straight));
  expect(weights(resumed).some((weight) => weight !== 0)).toBe(true);
  straight.dispose();
  resumed.dispose();
});
