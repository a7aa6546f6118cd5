import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createRandom } from "../../src/core/random.ts";
import { createRecords, encodeDatum, encodePng } from "../../src/data/index.ts";
import { readCaffemodel, readSolverState } from "../../src/model-file/index.ts";
import { hasProgram, startProgram } from "../support/program.ts";
import { temporaryFolder } from "../support/solver.ts";

/** Where the train net's images come from; both have a position, and one an order of its own. */
const sources = {
  database: 'type: "Data" data_param { source: "db" backend: LMDB batch_size: 4 }',
  "shuffled files":
    'type: "ImageData" image_data_param { source: "list.txt" batch_size: 4 shuffle: true }',
};

/** All that has a position or draws random numbers: crop, mirror, dropout, two test nets on one database. */
const netText = (source: keyof typeof sources) => `
  name: "Everything"
  layer { name: "data" top: "data" top: "label" include { phase: TRAIN } ${sources[source]}
    transform_param { crop_size: 8 mirror: true scale: 0.00390625 } }
  layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST not_stage: "b" }
    data_param { source: "db" backend: LMDB batch_size: 3 } transform_param { crop_size: 8 } }
  layer { name: "data" type: "Data" top: "data" top: "label" include { phase: TEST stage: "b" }
    data_param { source: "db" backend: LMDB batch_size: 2 } transform_param { crop_size: 8 mirror: true } }
  layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 } param { lr_mult: 2 }
    convolution_param { num_output: 5 kernel_size: 3 weight_filler { type: "xavier" } } }
  layer { name: "bn" type: "BatchNorm" bottom: "conv" top: "conv" }
  layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
  layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" }
  layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip"
    inner_product_param { num_output: 3 weight_filler { type: "gaussian" std: 0.1 } } }
  layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }`;

const solverText = (type: string, maxIter: number) => `
  net: "net.prototxt" type: "${type}" base_lr: 0.01 momentum: 0.9 weight_decay: 0.001 iter_size: 2
  lr_policy: "multistep" gamma: 0.5 stepvalue: 3 stepvalue: 7
  test_iter: 2 test_iter: 1 test_state { } test_state { stage: "b" } test_interval: 3
  display: 1 max_iter: ${maxIter} snapshot: 5 snapshot_prefix: "s" random_seed: 7`;

/** A folder with 23 images in a database and in files, so that rounds and batches never end together. */
async function workshop(source: keyof typeof sources = "database") {
  const folder = temporaryFolder();
  const file = (name: string) => join(folder.path, name);
  const records = await createRecords(file("db"), "LMDB");
  const random = createRandom(3);
  for (let i = 0; i < 23; i++) {
    const data = Uint8Array.from({ length: 300 }, () => random.integer(255));
    const image = { channels: 3, height: 10, width: 10, data };
    await records.put(String(i).padStart(4, "0"), encodeDatum({ ...image, label: i % 3 }));
    writeFileSync(file(`${i}.png`), await encodePng(image));
  }
  await records.close();
  const names = Array.from({ length: 23 }, (_, i) => `${i}.png ${i % 3}\n`);
  writeFileSync(file("list.txt"), names.join(""));
  writeFileSync(file("net.prototxt"), netText(source));
  return {
    path: folder.path,
    file,
    write: (name: string, text: string) => writeFileSync(file(name), text),
    read: (name: string) => readFileSync(file(name)),
    [Symbol.dispose]: folder[Symbol.dispose],
  };
}

const train = ["train", "-solver", "solver.prototxt", "-threads", "1"];
/** The files of a snapshot in the order in which they are written. */
const ends = ["caffemodel", "resume.json", "solverstate"] as const;

/** The log from an iteration on, without what depends on time. */
function linesFrom(log: string, first: string): string[] {
  const lines = log.split("\n").map((line) => line.replace(/^\S+ \S+ +\d+ /, ""));
  return lines
    .slice(lines.findIndex((line) => line.includes(first)))
    .map((line) => line.replace(/\(\S+ iter\/s, \S+s\//, ""));
}

// Several processes of their own, one after the other, take long on a busy machine.
const patience = { timeout: 120_000 };

describe.skipIf(!hasProgram)("a training that is killed (needs the build)", patience, () => {
  test.each([
    ["SGD", "database"],
    ["Adam", "shuffled files"],
  ] as const)(
    "goes on after SIGKILL bit by bit as one that never stopped: %s, %s",
    async (type, source) => {
      using shop = await workshop(source);
      shop.write("solver.prototxt", solverText(type, 10));
      const straight = startProgram(shop.path, train);
      expect(await straight.exit, straight.err()).toBe(0);
      const [half, whole] = [5, 10].map((iter) =>
        ends.map((end) => shop.read(`s_iter_${iter}.${end}`)),
      );

      shop.write("solver.prototxt", solverText(type, 1e8));
      const killed = startProgram(shop.path, train);
      await killed.shows("Iteration 7, lr");
      killed.child.kill("SIGKILL");
      expect(await killed.exit).toBe(null);
      expect(ends.map((end) => shop.read(`s_iter_5.${end}`))).toEqual(half);

      shop.write("solver.prototxt", solverText(type, 10));
      const resumed = startProgram(shop.path, [...train, "-snapshot", "s_iter_5.solverstate"]);
      expect(await resumed.exit, resumed.err()).toBe(0);
      expect(ends.map((end) => shop.read(`s_iter_10.${end}`))).toEqual(whole);
      const from = "Iteration 5 ";
      expect(linesFrom(resumed.err(), from)).toEqual(linesFrom(straight.err(), from));
    },
  );

  test.each(ends.flatMap((end) => ["write", "rename"].map((call) => [call, end] as const)))(
    "in the %s of the second snapshot's %s leaves the first one whole and no state of the second",
    async (call, end) => {
      using shop = await workshop();
      shop.write("solver.prototxt", solverText("SGD", 10));
      shop.write("die.mjs", dieIn(call, `s_iter_10.${end}`));
      const killed = startProgram(shop.path, train, [`--import=${shop.file("die.mjs")}`]);
      expect(await killed.exit).toBe(null);
      const names = readdirSync(shop.path).filter((name) => name.startsWith("s_iter_"));
      const second = ends.slice(0, ends.indexOf(end)).map((before) => `s_iter_10.${before}`);
      expect(names.filter((name) => name.startsWith("s_iter_10"))).toEqual(second);
      const { iter, learnedNet } = await readSolverState(shop.file("s_iter_5.solverstate"));
      expect({ iter, learnedNet }).toEqual({ iter: 5, learnedNet: "s_iter_5.caffemodel" });
      expect((await readCaffemodel(shop.file(learnedNet!))).name).toBe("Everything");
      expect(JSON.parse(shop.read("s_iter_5.resume.json").toString()).iter).toBe(5);
    },
  );
});

/** A module that kills its process half-way through writing a file, or before it gets its name. */
function dieIn(call: string, name: string): string {
  return `
    import fs from "node:fs/promises";
    import { syncBuiltinESMExports } from "node:module";
    const { open, rename } = fs;
    const die = () => process.kill(process.pid, "SIGKILL");
    if (${call === "rename"}) {
      fs.rename = async (from, to) => (to.endsWith("/${name}") ? die() : rename(from, to));
    } else {
      fs.open = async (path, flags) => {
        const file = await open(path, flags);
        const write = file.write.bind(file);
        if (path.includes(".${name}.writing")) {
          file.write = async (chunk, at, size) => (await write(chunk, at, size >> 1), die());
        }
        return file;
      };
    }
    syncBuiltinESMExports();`;
}
