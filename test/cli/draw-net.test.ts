import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { runIn } from "../support/golden-cli.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";

const at = temporaryFolder("draw");

async function draw(net: string, ...flags: string[]) {
  writeFileSync(at("net.prototxt"), net);
  const { code, out, err } = await runIn(at(), ["draw-net", "net.prototxt", "net.svg", ...flags]);
  expect(code, err.join("\n")).toBe(0);
  return { svg: readFileSync(at("net.svg"), "utf8"), out, err };
}

/** The texts of the picture's cards, from the head down, by the name of the layer. */
function cards(svg: string): Record<string, string[]> {
  const groups = svg.match(/<g transform="[^"]*"><title>[\s\S]*?<\/g>/g) ?? [];
  const texts = groups.map((group) =>
    [...group.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text!),
  );
  return Object.fromEntries(texts.map(([head, ...rest]) => [head, rest]));
}

/** Where the cards stand. */
function places(svg: string): Record<string, { x: number; y: number }> {
  const found = svg.matchAll(/<g transform="translate\(([\d.]+) ([\d.]+)\)"><title>([^,<]*)/g);
  return Object.fromEntries(
    [...found].map(([, x, y, name]) => [name, { x: Number(x), y: Number(y) }]),
  );
}

const net = `
name: "small"
layer { name: "train" type: "Data" top: "data" top: "label" include { phase: TRAIN }
  data_param { source: "nowhere_train" batch_size: 2 } }
layer { name: "val" type: "Data" top: "data" top: "label" include { phase: TEST }
  data_param { source: "nowhere_val" batch_size: 5 } }
layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" param { lr_mult: 1 } param { lr_mult: 0.5 }
  convolution_param { num_output: 4 kernel_size: 3 stride: 2 pad_h: 1 pad_w: 0 group: 1 } }
layer { name: "relu" type: "ReLU" bottom: "conv" top: "conv" }
layer { name: "drop" type: "Dropout" bottom: "conv" top: "conv" dropout_param { dropout_ratio: 0.2 } }
layer { name: "ip" type: "InnerProduct" bottom: "conv" top: "ip" inner_product_param { num_output: 3 } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "ip" bottom: "label" top: "loss" }
layer { name: "accuracy" type: "Accuracy" bottom: "ip" bottom: "label" top: "accuracy" include { phase: TEST } }`;

describe("draw-net", () => {
  test("shows each layer's type, settings, parameters and shapes, and layers in place in a stack", async () => {
    const { svg, out, err } = await draw(net, "--image=3,9,8");
    expect(out).toEqual(["Drawing net to net.svg: 8 layers"]);
    expect(err).toEqual([]);
    expect(cards(svg)).toEqual({
      train: ["TRAIN", "Data", "nowhere_train", "batches of 2", "data: 2 × 3 × 9 × 8", "label: 2"],
      val: ["TEST", "Data", "nowhere_val", "batches of 5", "data: 5 × 3 × 9 × 8", "label: 5"],
      conv: [
        ...["Convolution", "4 outputs, 3 × 3", "stride 2, pad 1 × 0", "112 parameters"],
        ...["2 × 4 × 5 × 3", "relu  ReLU", "drop  Dropout ratio 0.2"],
      ],
      ip: ["InnerProduct", "3 outputs", "183 parameters", "2 × 3"],
      loss: ["SoftmaxWithLoss", "one value"],
      accuracy: ["TEST", "Accuracy", "one value"],
    });
    expect(svg).toContain(">small</text>");
    expect(svg).toContain(">all phases  ·  8 layers  ·  295 parameters</text>");
    const legend = ["data", "convolution", "activation", "dropout", "loss, score"];
    for (const kind of legend) expect(svg).toContain(`>${kind}</text>`);
    expect(svg).not.toContain(">pooling</text>");
    // Two for data, two for label to the loss, one to the accuracy, and conv, ip, ip.
    expect(svg.match(/marker-end/g)).toHaveLength(8);
  });

  test("is what an SVG reader takes, of the size that it states", async () => {
    const { svg } = await draw(net);
    const [, width, height] = /width="(\d+)" height="(\d+)"/.exec(svg)!;
    const png = await sharp(Buffer.from(svg)).png().toBuffer({ resolveWithObject: true });
    expect(png.info).toMatchObject({ width: Number(width), height: Number(height) });
  });

  test.each([
    ["LR", "x", 1],
    ["rl", "x", -1],
    ["TB", "y", 1],
    ["BT", "y", -1],
  ] as const)("--rankdir %s lets data flow along %s", async (direction, axis, sign) => {
    const found = places((await draw(net, "--rankdir", direction)).svg);
    const along = ["val", "conv", "ip", "loss"].map((name) => sign * found[name]![axis]);
    expect(along).toEqual(along.toSorted((a, b) => a - b));
    expect(new Set(along).size).toBe(4);
  });

  test("--phase draws one net of the two, without badges", async () => {
    const train = cards((await draw(net, "--phase", "TRAIN")).svg);
    expect(Object.keys(train)).toEqual(["train", "conv", "ip", "loss"]);
    expect(train.train![0]).toBe("Data");
    const { svg } = await draw(net, "--phase=test");
    expect(Object.keys(cards(svg))).toEqual(["val", "conv", "ip", "loss", "accuracy"]);
    expect(svg).toContain(">phase TEST  ·  7 layers");
  });

  test("--stage picks layers; without it every stage that the net names is drawn", async () => {
    const staged = `
      layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 2 dim: 3 } } }
      layer { name: "a" type: "Softmax" bottom: "x" top: "a" include { stage: "deploy" } }
      layer { name: "b" type: "Softmax" bottom: "x" top: "b" exclude { stage: "deploy" } }`;
    expect(Object.keys(cards((await draw(staged)).svg))).toEqual(["in", "a", "b"]);
    expect(Object.keys(cards((await draw(staged, "--stage=deploy")).svg))).toEqual(["in", "a"]);
  });

  test("--display_lrm shows the rates of layers that learn", async () => {
    const { svg } = await draw(net, "--display_lrm", "--image=3,9,8");
    expect(cards(svg).conv).toContain("112 parameters, lr × 1, 0.5");
    expect(cards(svg).ip).toContain("183 parameters");
  });

  test("names labels at both ends where their wires would pass many layers", async () => {
    const deep = Array.from({ length: 8 }, (_, i) => {
      const [from, to] = [i === 0 ? "data" : `p${i - 1}`, `p${i}`];
      return `layer { name: "${to}" type: "Power" bottom: "${from}" top: "${to}" }`;
    });
    const { svg } = await draw(`
      layer { name: "d" type: "Data" top: "data" top: "label" }
      ${deep.join("\n")}
      layer { name: "loss" type: "EuclideanLoss" bottom: "p7" bottom: "label" top: "loss" }`);
    expect(cards(svg).loss).toContain("reads label");
    expect(svg.match(/marker-end/g)).toHaveLength(9);
  });

  test("keeps a layer in place apart where its blob was read before", async () => {
    const { svg } = await draw(`
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 } } }
      layer { name: "first" type: "Power" bottom: "x" top: "y" }
      layer { name: "relu" type: "ReLU" bottom: "x" top: "x" }
      layer { name: "second" type: "Power" bottom: "x" top: "z" }`);
    expect(Object.keys(cards(svg))).toEqual(["x", "first", "relu", "second"]);
    expect(svg).toContain("<title>relu, ReLU</title>");
  });

  test("draws nets of 2013, and types that nobody knows", async () => {
    const { svg, err } = await draw(`
      layers { layer { name: "in" type: "data" source: "db" batchsize: 3 } top: "x" top: "l" }
      layers { layer { name: "pad" type: "padding" pad: 2 } bottom: "x" top: "p" }
      layers { layer { name: "c" type: "conv" num_output: 5 kernelsize: 3 } bottom: "p" top: "c" }`);
    expect(cards(svg).c).toContain("pad 2");
    expect(err).toEqual([]);
    const strange = await draw('layer { name: "s" type: "Strange" top: "s" }');
    expect(cards(strange.svg)).toEqual({ s: ["Strange"] });
    expect(strange.svg).toContain(">custom</text>");
    expect(strange.err[0]).toContain("no shapes: ");
    expect(strange.err[0]).toContain("Unknown layer type: Strange");
  });

  test("lets nothing that a stranger names become markup", async () => {
    const name = String.raw`</text><script>alert(1)</script>\" onload=\"x&amp;\'\001\033\377`;
    const { svg } = await draw(
      `name: "${name}" layer { name: "${name}" type: "${name}" top: "${name}" top: "b" }
       layer { name: "d" type: "Silence" bottom: "${name}" }
       layer { name: "py" type: "Python" bottom: "b" top: "t" python_param { module: "${name}" } }`,
    );
    expect(svg).not.toMatch(/<script|<\/text><\/text>| onload="/);
    // No control characters, which XML does not allow.
    expect(svg).not.toMatch(/(?![\n])\p{Cc}/u);
    const tags = new Set([...svg.matchAll(/<([a-z]+)/g)].map(([, tag]) => tag));
    expect([...tags].sort()).toEqual([
      "defs",
      "g",
      "marker",
      "path",
      "rect",
      "svg",
      "text",
      "title",
    ]);
    await expect(sharp(Buffer.from(svg)).png().toBuffer()).resolves.toBeInstanceOf(Buffer);
  });

  test("writes Graphviz' language, too", async () => {
    writeFileSync(at("net.prototxt"), net.replace('name: "ip"', String.raw`name: "i\"p\\"`));
    const { code } = await runIn(at(), ["draw_net", "net.prototxt", "net.dot", "--rankdir=BT"]);
    expect(code).toBe(0);
    const dot = readFileSync(at("net.dot"), "utf8");
    expect(dot).toMatch(/^digraph "small" \{\n {2}rankdir=BT;/);
    expect(dot).toContain(String.raw`label="i\"p\\\nInnerProduct\n3 outputs`);
    expect(dot.match(/ -> /g)).toHaveLength(8);
  });

  test.each([
    [["nope.prototxt", "x.svg"], "File not found"],
    [["net.prototxt", "x.pdf"], "x.pdf: a net is drawn as .svg, which browsers show, or .dot"],
    [
      ["net.prototxt"],
      "missing OUT.svg|OUT.dot; usage: cortado draw-net NET OUT.svg|OUT.dot [flags]",
    ],
    [["net.prototxt", "x.svg", "--rankdir=UP"], "--rankdir is UP; expected LR or TB or BT or RL"],
    [
      ["net.prototxt", "x.svg", "--phase=DEPLOY"],
      "--phase is DEPLOY; expected TRAIN or TEST or ALL",
    ],
    [["net.prototxt", "x.svg", "--image=3"], '--image is "3"; give channels, height and width'],
    [["net.prototxt", "no/folder/x.svg"], "cannot be written"],
    [["many.prototxt", "x.svg"], "a picture of 3001 layers would be too large to look at"],
  ])("%j: one line and code 1", async (args, message) => {
    const layer = (_: unknown, i: number) => `layer { name: "${i}" type: "DummyData" top: "${i}" }`;
    writeFileSync(at("many.prototxt"), Array.from({ length: 3001 }, layer).join("\n"));
    const { code, err } = await runIn(at(), ["draw-net", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(existsSync(at("x.svg"))).toBe(false);
  });

  const models = hasShared ? readdirSync(sharedPath("data/prototxt/BVLC__caffe/models")) : [];
  test.skipIf(!hasShared)(
    "draws BVLC's models with all their shapes (needs ../shared)",
    async () => {
      let drawn = 0;
      for (const model of models) {
        for (const file of ["train_val.prototxt", "deploy.prototxt"]) {
          const path = sharedPath("data/prototxt/BVLC__caffe/models", model, file);
          if (!existsSync(path)) continue;
          const { svg, err } = await draw(readFileSync(path, "utf8"));
          expect(err).toEqual([]);
          for (const [name, lines] of Object.entries(cards(svg))) {
            expect(lines.join("\n"), name).toMatch(/ × |one value/);
          }
          drawn++;
        }
      }
      expect(drawn).toBeGreaterThan(5);
    },
  );
});
