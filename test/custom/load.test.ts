import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Layer, loadCustomLayer } from "../../src/custom/index.ts";
import { CustomLayerError } from "../../src/errors.ts";
import { folderWith } from "./support.ts";

const LAYER = (name: string, value = 0) => `
  import { Layer } from "cortado";
  export class ${name} extends Layer {
    static value = ${value};
    reshape(bottom, top) { top[0].reshape(1); }
    forward(bottom, top) { top[0].set(${value}); }
  }`;

async function failureOf(promise: Promise<unknown>): Promise<CustomLayerError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof CustomLayerError) return error;
  throw new Error("expected a CustomLayerError", { cause: error });
}

const staticValue = async (module: string, className: string, path: string[]) => {
  const { layerClass } = await loadCustomLayer(module, className, path);
  return "value" in layerClass ? layerClass.value : undefined;
};

test("finds a module as .ts, .js or .mjs in a folder of the layer path", async () => {
  const folder = folderWith({ "a.ts": LAYER("A"), "b.js": LAYER("B"), "c.mjs": LAYER("C") });
  for (const [module, name] of [
    ["a", "A"],
    ["b", "B"],
    ["c", "C"],
  ] as const) {
    const { layerClass, className } = await loadCustomLayer(module, name, [folder]);
    expect(className).toBe(name);
    expect(layerClass.prototype).toBeInstanceOf(Layer);
  }
});

test("takes the first folder that has the module, and a given file before any folder", async () => {
  const first = folderWith({ "a.ts": LAYER("A", 1) });
  const second = folderWith({ "a.ts": LAYER("A", 2) });
  expect(await staticValue("a", "A", [first, second])).toBe(1);
  expect(await staticValue("a", "A", [second, first])).toBe(2);
  expect(await staticValue("a", "A", [first, join(second, "a.ts")])).toBe(2);
});

test("finds cortado's own layers without any layer path", async () => {
  const { module } = await loadCustomLayer("dice", "Dice", []);
  expect(module.file).toMatch(/layers[\\/]dice\.ts$/);
});

test("takes a dotted module for a file in a folder, as Python does", async () => {
  const folder = folderWith({ "a.ts": LAYER("A", 3) });
  const parent = join(folder, "..");
  expect(await staticValue(`${folder.slice(parent.length + 1)}.a`, "A", [parent])).toBe(3);
});

test("takes a hyphen in a file's name for an underscore of the module, but prefers the same name", async () => {
  const folder = folderWith({ "my-layers.ts": LAYER("A", 6) });
  expect(await staticValue("my_layers", "A", [folder])).toBe(6);
  expect(await staticValue("my_layers", "A", [join(folder, "my-layers.ts")])).toBe(6);
  writeFileSync(join(folder, "my_layers.mjs"), LAYER("A", 7));
  expect(await staticValue("my_layers", "A", [folder])).toBe(7);
});

test("takes a given file for digits_python_layers, whatever its name is", async () => {
  const folder = folderWith({ "dice.ts": LAYER("Dice", 4), "other.ts": LAYER("Other") });
  const files = ["dice.ts", "other.ts"].map((name) => join(folder, name));
  expect(await staticValue("digits_python_layers", "Dice", files)).toBe(4);
});

test("takes a file in the net's folder for digits_python_layers, without running the others", async () => {
  const folder = folderWith({
    "dice.ts": LAYER("Dice", 5),
    "script.ts": `throw new Error("this script was run, only because it mentions Dice");`,
  });
  expect(await staticValue("digits_python_layers", "Dice", [folder])).toBe(5);
});

test("finds cortado's own Dice for digits_python_layers when nothing was uploaded", async () => {
  const { module } = await loadCustomLayer("digits_python_layers", "Dice", [folderWith({})]);
  expect(module.file).toMatch(/layers[\\/]dice\.ts$/);
});

test("asks for a module name when two given files export the class", async () => {
  const folder = folderWith({ "a.ts": LAYER("Dice"), "b.ts": LAYER("Dice") });
  const files = ["a.ts", "b.ts"].map((name) => join(folder, name));
  const { message } = await failureOf(loadCustomLayer("digits_python_layers", "Dice", files));
  expect(message).toBe(
    `2 files export a class Dice: ${files.join(", ")}. ` +
      'Write the name of one of them as module instead of "digits_python_layers".',
  );
});

test("says where it looked for a missing module, in Python's words", async () => {
  const folder = folderWith({});
  const { message } = await failureOf(loadCustomLayer("nowhere", "A", [folder]));
  expect(message).toMatch(
    /^No module named "nowhere": there is no nowhere\.ts, \.js or \.mjs in .*cortado-layers-\w+, .*layers\. Put the file beside the network, or name it with --layers/,
  );
});

test("says that a layer file that was given does not exist", async () => {
  const file = join(folderWith({}), "typo.ts");
  const { message } = await failureOf(loadCustomLayer("dice", "Dice", [file]));
  expect(message).toBe(`the layer file ${file} does not exist`);
});

test("tells the owner of a Python layer to carry it over", async () => {
  const folder = folderWith({ "dice.py": "class Dice(caffe.Layer): pass", "notes.txt": "" });
  const advice = `${folder}/dice.py is written in Python; cortado runs layers in TypeScript. Carry its class over to dice.ts, line by line: layers/README.md shows how`;
  const given = await failureOf(loadCustomLayer("dice", "Dice", [`${folder}/dice.py`]));
  expect(given.message).toBe(advice);
  const { message } = await failureOf(loadCustomLayer("notes", "A", [`${folder}/notes.txt`]));
  expect(message).toBe(`${folder}/notes.txt cannot be a layer: layer files end in .ts, .js, .mjs`);
  // A TypeScript layer further down the path is still found.
  expect((await loadCustomLayer("dice", "Dice", [folder])).className).toBe("Dice");
  const other = folderWith({ "mine.py": "" });
  expect((await failureOf(loadCustomLayer("mine", "A", [other]))).message).toMatch(
    /mine\.py is written in/,
  );
});

test("lists the layers that a file has when the class is missing", async () => {
  const folder = folderWith({ "a.ts": `${LAYER("A")}\n${LAYER("B").replace(/import.*/, "")}` });
  const { message } = await failureOf(loadCustomLayer("a", "Dice", [folder]));
  expect(message).toBe(`${folder}/a.ts does not export a class Dice; its layers are A, B`);
});

test("says that a class does not extend Layer", async () => {
  const folder = folderWith({ "a.ts": "export class A {}" });
  const { message } = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(message).toBe(
    `${folder}/a.ts exports A, but not as a class that extends Layer of "cortado"; it exports no layer`,
  );
});

test("names the method that a class lacks", async () => {
  const folder = folderWith({
    "a.ts": `import { Layer } from "cortado"; export class A extends Layer { reshape() {} }`,
  });
  const { message } = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(message).toBe(`${folder}/a.ts: class A has no method forward(bottom, top)`);
});

test("finds a class that is the default export", async () => {
  const folder = folderWith({ "a.ts": LAYER("A", 6).replace("export", "export default") });
  expect(await staticValue("a", "A", [folder])).toBe(6);
});

test("reports a syntax error with file, line, column and the line", async () => {
  const folder = folderWith({ "a.ts": 'const é = "é"; const a = f(1;\n' });
  const error = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(error.message).toBe(`${folder}/a.ts:1:29: does not compile: Expected ")" but found ";"`);
  expect(error.excerpt).toBe(`const é = "é"; const a = f(1;\n${" ".repeat(28)}^`);
});

test("reports a misspelt operation and a misspelt import with their lines", async () => {
  const folder = folderWith({
    "operation.ts": `import * as tf from "@tensorflow/tfjs";\nexport const x = () => tf.argmax([1]);`,
    "name.ts": `import { Lair } from "cortado";\nexport class A extends Lair {}`,
  });
  const operation = await failureOf(loadCustomLayer("operation", "A", [folder]));
  expect(operation.message).toMatch(/operation\.ts:2:\d+: does not compile: .*"argmax"/);
  const name = await failureOf(loadCustomLayer("name", "A", [folder]));
  expect(name.message).toMatch(
    /name\.ts:1:10: does not compile: No matching export in "cortado".*"Lair"/,
  );
});

test("reports what a file throws while it is loaded, with its line", async () => {
  const folder = folderWith({ "a.ts": `const a: number = 1;\n\n  throw new Error("no " + a);` });
  const error = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(error.message).toBe(`${folder}/a.ts:3:9: no 1`);
});

test("reports a package that is not installed, with the line of its import", async () => {
  const folder = folderWith({ "a.ts": `\nimport x from "no-such-package";\nexport const y = x;` });
  const error = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(error.message).toMatch(/a\.ts:2:\d+: Cannot find module 'no-such-package'/);
});

test("gives a layer the running cortado and its own TensorFlow.js under both names", async () => {
  const folder = folderWith({
    "a.ts": `
      import { Layer, Blob } from "cortado";
      import * as tf from "@tensorflow/tfjs";
      import { square } from "@tensorflow/tfjs-core";
      import { basename } from "node:path";
      export class A extends Layer {
        static seen = [Layer, Blob, tf.square === square, basename("x/y"), tf.grad(square)(3).dataSync()[0]];
        reshape() {}
        forward() {}
      }`,
  });
  const { layerClass } = await loadCustomLayer("a", "A", [folder]);
  const { Blob } = await import("../../src/core/blob.ts");
  expect("seen" in layerClass && layerClass.seen).toEqual([Layer, Blob, true, "y", 6]);
});

test("bundles what a layer imports by relative path, and places errors in that file", async () => {
  const folder = folderWith({
    "a.ts": `import { value } from "./b.ts";\n${LAYER("A").replace("= 0", "= value()")}`,
    "b.ts": `// first line\nexport function value(): number {\n  throw new Error("from b");\n}`,
  });
  const error = await failureOf(loadCustomLayer("a", "A", [folder]));
  expect(error.message).toBe(`${folder}/b.ts:3:9: from b`);
});

test("loads a file again when it has changed, and only then", async () => {
  const folder = folderWith({ "a.ts": LAYER("A", 1) });
  const first = await loadCustomLayer("a", "A", [folder]);
  expect((await loadCustomLayer("a", "A", [folder])).layerClass).toBe(first.layerClass);
  writeFileSync(join(folder, "a.ts"), LAYER("A", 2));
  expect(await staticValue("a", "A", [folder])).toBe(2);
});
