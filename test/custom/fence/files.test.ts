/** @file Images and arrays that the net's process reads for a fenced layer: those that it may read, and no others. */
import { execFileSync } from "node:child_process";
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from "node:fs";
import { Net, loadImage, parsePrototxt } from "cortado";
import sharp from "sharp";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { FenceOptions } from "../../../src/core/fence-options.ts";
import { temporaryFolder } from "../../support/temporary.ts";
import { vocImages, writeSbdd, writeVoc } from "../../support/voc-folder.ts";
import { folderWith, rigOf } from "../support.ts";

const at = temporaryFolder("fence-files");
/** Without bubblewrap Node's permission model is all there is; links must be kept shut there, too. */
const fences: [name: string, fence: FenceOptions][] = [
  ["in whatever fence there is", {}],
  ["in Node's permission model alone", { bubblewrap: false }],
];

beforeAll(async () => {
  for (const name of ["allowed", "secret"]) mkdirSync(at(name));
  await writeVoc(at("allowed"));
  await writeSbdd(at("allowed"));
  const pixels = Uint8Array.from({ length: 12 }, (_, i) => 20 * i);
  const png = sharp(pixels, { raw: { width: 2, height: 2, channels: 3 } }).png();
  const bytes = await png.toBuffer();
  for (const folder of ["allowed", "secret"]) writeFileSync(at(folder, "image.png"), bytes);
  writeFileSync(at("secret", "key.txt"), "top secret");
  symlinkSync(at("secret"), at("allowed", "link"));
  writeFileSync(at("allowed", "large.png"), "");
  truncateSync(at("allowed", "large.png"), 300 * 2 ** 20);
  execFileSync("mkfifo", [at("allowed", "pipe.png")]);
  const header = `${"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }".padEnd(117)}\n`;
  const npy = Buffer.concat([
    Buffer.from("\x93NUMPY\x01\x00", "latin1"),
    Buffer.from([118, 0]),
    Buffer.from(header, "latin1"),
    Buffer.from(Float32Array.of(1, 2, 3, 4, 5, 6.5).buffer),
  ]);
  writeFileSync(at("allowed", "mean.npy"), npy);
});

const vocLayer = (paramStr: string, layer = "VOCSegDataLayer") =>
  `layer { name: "data" type: "Python" top: "data" top: "label"
    python_param { module: "voc_layers" layer: "${layer}" param_str: "${paramStr}" } }`;

/** Values of data and label over some passes, and the state at the end. */
async function passesOf(prototxt: string, fence: FenceOptions | false) {
  const message = parsePrototxt(prototxt, { message: "NetParameter" });
  const net = await Net.load(message, { root: at("allowed"), threads: 1, seed: 1, fence });
  onTestFinished(() => net.dispose());
  const passes = [];
  for (let i = 0; i < 5; i++) {
    const { data, label } = await net.forward();
    passes.push([...net.blobs.get("data")!.shape], [...data!], [...label!]);
  }
  return { passes, state: net.saveState() };
}

describe.each(fences)("%s", (_name, fence) => {
  const mayRead = { ...fence, read: [at("allowed")] };

  test.each([
    ["VOCSegDataLayer", "{'voc_dir': 'VOC2012', 'split': 'train', 'mean': (104, 117, 123)}"],
    ["SBDDSegDataLayer", "{'sbdd_dir': 'sbdd', 'split': 'val', 'seed': 1337}"],
  ])("a data layer gives what it gives unfenced: %s", async (layer, paramStr) => {
    const text = vocLayer(paramStr, layer);
    const unfenced = await passesOf(text, false);
    expect(unfenced.passes[1]).not.toEqual(unfenced.passes[4]);
    expect(await passesOf(text, mayRead)).toEqual(unfenced);
  });

  test("says which folders it may read where a layer wants others", async () => {
    const text = vocLayer("{'voc_dir': 'VOC2012', 'split': 'train'}");
    await expect(passesOf(text, { ...fence, read: [at("secret")] })).rejects.toThrow(
      /it tried to read .*train\.txt, which the fence does not allow$/,
    );
  });

  test("a layer gets an image and an array in setup, in each form", async () => {
    const said = await saidBy(
      `const image = await loadImage("${at("allowed", "image.png")}", "rgb");
       const gray = await loadImage("${at("allowed", "image.png")}", "gray");
       const array = await readNpy("${at("allowed", "mean.npy")}");
       throw new Error(JSON.stringify([image.channels, image.height, image.width, [...image.data],
         gray.channels, array.shape, [...array.data]]));`,
      mayRead,
    );
    const { data } = await loadImage(at("allowed", "image.png"), "rgb");
    expect(JSON.parse(said)).toEqual([3, 2, 2, [...data], 1, [2, 3], [1, 2, 3, 4, 5, 6.5]]);
  });

  test("many files at once are read one after the other", async () => {
    const said = await saidBy(
      `const path = ${JSON.stringify(at("allowed", "image.png"))};
       const images = await Promise.all(Array.from({ length: 30 }, () => loadImage(path)));
       throw new Error(String(images.filter(({ data }) => data.length === 12).length));`,
      mayRead,
    );
    expect(said).toBe("30");
  });

  test.each([
    [
      "elsewhere",
      () => at("secret", "image.png"),
      /it tried to read .*secret.image\.png, which is not in the folders that it may read \(.*allowed\)$/,
    ],
    [
      "elsewhere that does not exist",
      () => at("secret", "nothing.png"),
      /which is not in the folders/,
    ],
    ["by two dots", () => `${at("allowed")}/../secret/image.png`, /which is not in the folders/],
    ["through a link", () => at("allowed", "link", "image.png"), /which is not in the folders/],
    ["that do not exist", () => at("allowed", "nothing.png"), /cannot be read: no such file/],
    ["that are pipes, which would never end", () => at("allowed", "pipe.png"), /is no file$/],
    ["that are folders", () => at("allowed"), /is no file$/],
  ])("images %s are refused", async (_what, path, message) => {
    const code = `await loadImage(${JSON.stringify(path())});`;
    expect(await saidBy(code, mayRead)).toMatch(message);
    const array = `await readNpy(${JSON.stringify(path())});`;
    expect(await saidBy(array, mayRead)).toMatch(
      /not in the folders|no such file|is no file|not found/,
    );
  });

  test("larger files than the fence has memory are refused before they are read", async () => {
    const code = `await loadImage(${JSON.stringify(at("allowed", "large.png"))});`;
    expect(await saidBy(code, { ...mayRead, megabytes: 256 })).toMatch(
      /large\.png: has 300 MiB, and the fence allows 256 MiB$/,
    );
  });

  test("files are not read through links by the layer itself", async () => {
    const path = JSON.stringify(at("allowed", "link", "key.txt"));
    const doors = [
      `readFileSync(${path})`,
      `closeSync(openSync(${path}))`,
      `await promises.readFile(${path})`,
      `await promises.open(${path})`,
      `await new Promise((yes, no) => readFile(${path}, (e, v) => (e ? no(e) : yes(v))))`,
      `await new Promise((yes, no) => createReadStream(${path}).on("error", no).on("data", yes))`,
      `readdirSync(${JSON.stringify(at("allowed", "link"))})`,
    ];
    for (const door of doors) {
      expect(await saidBy(`${door}; throw new Error("through");`, mayRead), door).toMatch(
        /it tried to read .*link.*, which the fence does not allow|ENOENT/,
      );
    }
    const inside = JSON.stringify(at("allowed", "VOC2012", "ImageSets", "Segmentation", "val.txt"));
    expect(await saidBy(`throw new Error(readFileSync(${inside}, "latin1"));`, mayRead)).toContain(
      vocImages[0]!.name,
    );
  });

  test("a layer without folders reads nothing", async () => {
    const code = `await loadImage(${JSON.stringify(at("allowed", "image.png"))});`;
    expect(await saidBy(code, fence)).toMatch(/in the folders that it may read \(none\)$/);
  });
});

test("a process that waits for a file where nobody can, or begins too many, is ended", async () => {
  const asks = (message: object) => `{
    const json = Buffer.from(JSON.stringify(${JSON.stringify(message)}));
    require("fs").writeSync(3, Buffer.concat([
      Buffer.from(Uint32Array.of(0x636e6566, 1, json.length, 0).buffer), json])); }`;
  const file = { kind: "image", form: "bgr", path: "/x.png" };
  const reads = 'const answer = Buffer.alloc(1000); require("fs").readSync(3, answer);';
  const forged = [
    asks({ ask: "take", ticket: 0 }),
    `for (let i = 0; i < 6; i++) { ${asks({ ask: "begin", file })} ${reads} }`,
    asks({ ask: "begin", file: { ...file, form: "raw" } }),
    asks({ ask: "begin", file: { kind: "text", path: "/x" } }),
  ];
  for (const code of forged) {
    const rig = await layerOf(`forward() { ${code} for (;;); }`, {});
    expect(() => rig.run(), code).toThrow(/wrote into the fence's own pipe/);
  }
});

function layerOf(body: string, fence: FenceOptions) {
  const imports = `import { Layer, loadImage, readNpy } from "cortado";
import { readFileSync, readFile, openSync, closeSync, promises, createReadStream, readdirSync } from "node:fs";
[loadImage, readNpy, readFileSync, readFile, openSync, closeSync, promises, createReadStream, readdirSync];`;
  const file = `${imports}\nexport class A extends Layer { reshape(bottom, top) { top[0].reshape(1); } ${body} }`;
  const path = [folderWith({ "a.js": file })];
  return rigOf({ module: "a", className: "A", path, bottoms: [], fence });
}

/** What a layer's `setup` throws, without the layer's name. */
async function saidBy(code: string, fence: FenceOptions): Promise<string> {
  const rig = layerOf(`async setup() { ${code} } forward() {}`, fence);
  const error: unknown = await rig.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof Error)) throw new Error("the layer said nothing");
  expect(error.message).not.toMatch(/\n/);
  return error.message.replace(/^.*A\.setup\): /, "");
}
