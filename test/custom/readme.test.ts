import { readFileSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import * as cortado from "cortado";
import { expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";
import { tensorflow } from "../../src/core/tensor.ts";

const folder = fileURLToPath(new URL("../../layers", import.meta.url));
const readme = readFileSync(`${folder}/README.md`, "utf8");
const tf = tensorflow();

/** The right-hand cells of the tables from Python to TypeScript. */
const cells = readme
  .split("## From Python to TypeScript")[1]!
  .split("## ")[0]!
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split(" | ")[1]!);

test("the tables from Python name only what there is", () => {
  expect(cells.length).toBeGreaterThan(35);
  const places = [
    tf.scalar(0),
    tf,
    new cortado.Blob(new Heap()),
    cortado.Layer.prototype,
    cortado.createRandom(1),
  ];
  const hooks = new Set(["prepare"]); // declared, not defined
  for (const cell of cells) {
    for (const [, name = ""] of cell.matchAll(/\.(\w+)\(/g)) {
      const found = places.some((place) => name in place) || hooks.has(name);
      expect(found, `${name} in: ${cell}`).toBe(true);
    }
    for (const [, name = ""] of cell.matchAll(/(?:await |`)(\w+)\(/g)) {
      if (["setup", "reshape", "forward", "backward", "readFile"].includes(name)) continue;
      expect(name in cortado, `${name} in: ${cell}`).toBe(true);
    }
  }
});

test("array operations of the table do what numpy's do", () => {
  const x = tf.tensor([1, 5, 2, 4, 3, 6], [1, 2, 3]);
  const b = tf.scalar(-1);
  expect(x.argMax(1).dataSync()).toEqual(Int32Array.of(1, 0, 1));
  expect(x.sum([1, 2], true).shape).toEqual([1, 1, 1]);
  expect([...x.where(x.greater(2), b).dataSync()]).toEqual([-1, 5, -1, 4, 3, 6]);
  expect([...x.slice([0, 0], [-1, 1]).squeeze([1]).dataSync()]).toEqual([1, 5, 2]);
  expect(x.transpose([2, 0, 1]).shape).toEqual([3, 1, 2]);
  expect([...x.squeeze([0]).gather([1, 0]).dataSync()]).toEqual([4, 3, 6, 1, 5, 2]);
  expect([...tf.oneHot(tf.tensor1d([2, 0]).toInt(), 3).dataSync()]).toEqual([0, 0, 1, 1, 0, 0]);
  expect(x.concat(x, 1).shape).toEqual([1, 4, 3]);
});

test("the list of files is the folder", () => {
  const listed = [...readme.matchAll(/^\| `([\w-]+\.ts)`/gm)].map(([, file]) => file!);
  const present = readdirSync(folder).filter((file) => file.endsWith(".ts"));
  expect(listed.sort()).toEqual(present.sort());
  for (const file of present) {
    const source = readFileSync(`${folder}/${file}`, "utf8");
    for (const [, name] of source.matchAll(/export class (\w+)/g))
      expect(readme).toContain(`\`${name}\``);
  }
});
