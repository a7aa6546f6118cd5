import { describe, expect, test } from "vitest";
import type { JobDataset } from "../../src/job/dataset.ts";
import { prepareNet } from "../../src/job/prepare-net.ts";
import { type JobSettings, defaultSettings } from "../../src/job/settings.ts";
import { parsePrototxt, printPrototxt } from "../../src/schema/index.ts";

const dataset: JobDataset = {
  folder: "/d",
  train: { count: 234, features: "/d/train_db/features", labels: "/d/train_db/labels" },
  val: { count: 26, features: "/d/val_db/features", labels: "/d/val_db/labels" },
  featureShape: [1, 256, 256],
  mean: { file: "/d/train_db/mean.binaryproto", channels: [82.5] },
};

function prepare(text: string, changes: Partial<JobSettings> = {}, on = dataset) {
  const settings = {
    ...defaultSettings,
    dataset: "/d",
    network: "net.prototxt",
    mean: "none",
    ...changes,
  };
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" });
  return prepareNet(net, on, settings as JobSettings);
}

/** A layer that can be in any net: it reads what all of them have. */
const probe = (rules: string) =>
  `layer { name: "probe" type: "Power" bottom: "data" top: "p" ${rules} }`;

describe("the three states", () => {
  test.each([
    // rules, train, val, deploy
    ["", "T V D"],
    ["include { phase: TRAIN }", "T"],
    ['include { stage: "train" }', "T"],
    ["include { phase: TEST }", "V D"],
    ['include { stage: "val" }', "V"],
    ['include { stage: "deploy" }', "D"],
    ['exclude { stage: "deploy" }', "T V"],
    ['include { stage: "train" } include { stage: "val" }', "T V"],
    ['include { phase: TEST not_stage: "deploy" }', "V"],
    ['include { stage: "train" stage: "val" }', ""],
    ["exclude { phase: TRAIN }", "V D"],
    ["include { min_level: 1 }", ""],
    ["exclude { max_level: 0 }", ""],
  ])("puts a layer with the rules '%s' into %s", (rules, expected) => {
    const { trainVal, deploy } = prepare(probe(rules));
    const inTrainVal = trainVal.layer.find(({ name }) => name === "probe");
    const phases = inTrainVal?.include.map(({ phase }) => phase) ?? [];
    const found = [
      inTrainVal && phases[0] !== "TEST" ? "T" : "",
      inTrainVal && phases[0] !== "TRAIN" ? "V" : "",
      deploy.layer.some(({ name }) => name === "probe") ? "D" : "",
    ];
    expect(found.filter(Boolean).join(" ")).toBe(expected);
    expect(inTrainVal?.exclude ?? []).toEqual([]);
  });

  test("gives the deploy net one input of the dataset's shape and no rules", () => {
    const { deploy } = prepare(
      `${probe('include { stage: "deploy" }')} input: "other" input_dim: 3`,
    );
    expect(printPrototxt(deploy, { message: "NetParameter" })).toBe(
      'input: "data"\ninput_shape {\n  dim: 1\n  dim: 1\n  dim: 256\n  dim: 256\n}\n' +
        'layer {\n  name: "probe"\n  type: "Power"\n  bottom: "data"\n  top: "p"\n}\n',
    );
  });

  test("removes Input layers", () => {
    const { deploy, trainVal } = prepare('layer { name: "in" type: "Input" top: "data" }');
    expect(deploy.layer).toEqual([]);
    expect(trainVal.layer.map(({ type }) => type)).toEqual(["Data", "Data", "Data", "Data"]);
  });
});

describe("data layers", () => {
  const text = `
    layer { name: "my-data" type: "Data" top: "data" include { phase: TRAIN }
      data_param { source: "mine" backend: LMDB batch_size: 7 } transform_param { scale: 0.5 mean_value: 3 } }
    layer { name: "my-labels" type: "Data" top: "label" include { stage: "train" } data_param { batch_size: 9 } }
    layer { name: "late" type: "Data" top: "data" include { phase: TEST } data_param { batch_size: 3 } }`;

  test("are rebuilt in the order train data, train label, val data, val label", () => {
    const { trainVal } = prepare(text);
    const seen = trainVal.layer.map(({ name, top, include, dataParam, transformParam }) => ({
      name,
      top: top.join(),
      phase: include[0]?.phase,
      source: dataParam?.source,
      batch: dataParam?.batchSize,
      backend: dataParam?.backend,
      scale: transformParam?.scale,
    }));
    const lmdb = { backend: "LMDB" };
    expect(seen).toEqual([
      {
        ...lmdb,
        name: "my-data",
        top: "data",
        phase: "TRAIN",
        source: "/d/train_db/features",
        batch: 7,
        scale: 0.5,
      },
      {
        ...lmdb,
        name: "my-labels",
        top: "label",
        phase: "TRAIN",
        source: "/d/train_db/labels",
        batch: 7,
        scale: undefined,
      },
      {
        ...lmdb,
        name: "late",
        top: "data",
        phase: "TEST",
        source: "/d/val_db/features",
        batch: 3,
        scale: undefined,
      },
      {
        ...lmdb,
        name: "label",
        top: "label",
        phase: "TEST",
        source: "/d/val_db/labels",
        batch: 3,
        scale: undefined,
      },
    ]);
  });

  test("take the form's batch size for both nets, and its own validation batch size", () => {
    expect(prepare(text, { batchSize: 4 }).data).toMatchObject({ batchSize: 4, valBatchSize: 4 });
    const own = prepare(text, { batchSize: 4, valBatchSize: 2 }).data;
    expect(own).toMatchObject({ batchSize: 4, valBatchSize: 2 });
  });

  test("have a batch size of 16 where nobody says one", () => {
    expect(prepare("").data).toMatchObject({ batchSize: 16, valBatchSize: 16 });
  });

  test("are left out where the dataset has no such database", () => {
    const scalar = { ...dataset, val: undefined, train: { ...dataset.train, labels: undefined } };
    const both =
      'layer { name: "d" type: "Data" top: "data" top: "label" include { stage: "train" } }';
    const { trainVal } = prepare(both, {}, scalar);
    expect(trainVal.layer.map(({ name, top }) => [name, ...top])).toEqual([["d", "data", "label"]]);
  });

  test("are new ones where the text's are for both phases", () => {
    const { trainVal } = prepare('layer { name: "any" type: "Data" top: "data" }');
    expect(trainVal.layer.map(({ name }) => name)).toEqual(["data", "label", "data", "label"]);
  });

  test.each([
    ["none", [3], undefined],
    ["pixel", [82.5], undefined],
    ["image", [], "/d/train_db/mean.binaryproto"],
  ] as const)("subtract the mean '%s' from images only", (mean, meanValue, meanFile) => {
    const { trainVal, data } = prepare(text, { mean });
    const [image, label] = trainVal.layer;
    expect(image?.transformParam).toMatchObject({ scale: 0.5, meanValue });
    expect(image?.transformParam?.meanFile).toBe(meanFile);
    expect(label?.transformParam).toBeUndefined();
    const notes = ["Ignoring data_param.source of layer my-data"];
    if (mean !== "none") notes.push("Ignoring mean_value from network in layer my-data");
    expect(data.notes).toEqual(notes);
  });

  test("crop images to the form's size, and the deploy net with them", () => {
    const { trainVal, deploy } = prepare(text, { cropSize: 128 });
    expect(trainVal.layer.map(({ transformParam }) => transformParam?.cropSize)).toEqual([
      128,
      undefined,
      128,
      undefined,
    ]);
    expect(deploy.inputShape[0]?.dim).toEqual([1, 1, 128, 128]);
  });

  test("refuse a crop that is larger than the image", () => {
    expect(() => prepare(text, { cropSize: 257 })).toThrow(
      "crop_size is larger than the image size: 257 does not fit 256 x 256 pixels",
    );
  });

  test("refuse another kind of data layer", () => {
    expect(() => prepare('layer { name: "x" type: "HDF5Data" top: "data" }')).toThrow(
      'net.prototxt:1:1: Unsupported data layer type HDF5Data: a job reads its dataset with layers of type "Data"',
    );
  });

  test("refuse two layers for one role", () => {
    const twice = '"Data" top: "data" include { phase: TRAIN } }';
    expect(() =>
      prepare(`layer { name: "a" type: ${twice} layer { name: "b" type: ${twice}`),
    ).toThrow("cannot specify two train image data layers");
  });
});

describe("the sanity check", () => {
  const loss =
    'layer { name: "loss" type: "SoftmaxWithLoss" bottom: "data" bottom: "label" top: "loss"';
  const sentence = (bottom: string, phase: string) =>
    `Layer 'loss' references bottom '${bottom}' at the ${phase} stage however this blob is not included at that stage. ` +
    "Please consider using an include directive to limit the scope of this layer.";

  test("names the layer of the deploy net that wants a label, and says how to leave it out", () => {
    expect(() => prepare(`${loss} }`)).toThrow(
      `net.prototxt:1:1: ${sentence("label", "TEST")} (This is the deploy net, which has the input "data" and no ` +
        "labels: to keep 'loss' for training only, give it `exclude { stage: \"deploy\" }`.)",
    );
  });

  test("names the layer of the training net whose bottom nobody makes", () => {
    expect(() => prepare(`${loss.replace("label", "nowhere")} include { phase: TRAIN } }`)).toThrow(
      sentence("nowhere", "TRAIN"),
    );
  });

  test("lets a net pass that is split well", () => {
    expect(() => prepare(`${loss} exclude { stage: "deploy" } }`)).not.toThrow();
  });

  test("wants a num_output in each InnerProduct", () => {
    expect(() =>
      prepare('layer { name: "ip" type: "InnerProduct" bottom: "data" top: "ip" }'),
    ).toThrow("Don't leave inner_product_param.num_output unset for generic networks (layer ip)");
  });
});
