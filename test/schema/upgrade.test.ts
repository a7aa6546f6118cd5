import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { NetDefinitionError } from "../../src/errors.ts";
import {
  decodeMessage,
  encodeMessage,
  locationOf,
  needsNetUpgrade,
  parsePrototxt,
  printPrototxt,
  upgradeNet,
  upgradeNetChecked,
  upgradeSolver,
} from "../../src/schema/index.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

const net = (text: string) =>
  parsePrototxt(text, { message: "NetParameter", fileName: "in.prototxt" });

function collector() {
  const lines: string[] = [];
  const log = (level: string, source: string, message: string) => {
    lines.push(`${level[0]!.toUpperCase()} ${source}] ${message}`);
  };
  return { lines, log };
}

describe.skipIf(!hasShared)("real Caffe's upgrades (need ../shared)", () => {
  const read = (name: string, file: string) =>
    readFileSync(sharedPath("golden", "upgrade", name, file));
  const logOf = (name: string) =>
    read(name, "log.txt")
      .toString("utf8")
      .split("\n")
      .filter((line) => line.includes(" upgrade_proto.cpp:"));

  test.each([
    "v0_bad_fields",
    "v0_data",
    "v0_net",
    "v1_all_types",
    "v2_batchnorm_params",
    "v2_data_old_transform_not_upgraded",
    "v2_input_fields",
  ])("%s gives the same text and the same log", (name) => {
    const logger = collector();
    const { net: upgraded, isComplete } = upgradeNetChecked(
      net(read(name, "in.prototxt").toString("utf8")),
      logger,
    );
    expect(printPrototxt(upgraded)).toBe(read(name, "out.prototxt").toString("utf8"));
    expect(logger.lines).toEqual(logOf(name));
    expect(isComplete ? 0 : 1).toBe(Number(read(name, "rc.txt").toString("utf8")));
  });

  test("a V1 caffemodel gives the same bytes and the same log", () => {
    const logger = collector();
    const old = decodeMessage("NetParameter", read("v1_caffemodel_binary", "in.bin"));
    const upgraded = upgradeNet(old, logger, "in.bin");
    const bytes = encodeMessage("NetParameter", upgraded);
    expect(read("v1_caffemodel_binary", "out.bin").equals(bytes)).toBe(true);
    expect(logger.lines).toEqual(logOf("v1_caffemodel_binary"));
    expect(
      existsSync(sharedPath("golden", "upgrade", "v1_caffemodel_binary", "net.prototxt")),
    ).toBe(true);
  });

  test("a solver's enum gives the same text and the same log", () => {
    const logger = collector();
    const text = read("solver_enum", "in.prototxt").toString("utf8");
    const solver = parsePrototxt(text, { message: "SolverParameter", fileName: "in.prototxt" });
    expect(printPrototxt(upgradeSolver(solver, logger))).toBe(
      read("solver_enum", "out.prototxt").toString("utf8"),
    );
    expect(logger.lines).toEqual(logOf("solver_enum"));
  });
});

describe("an upgraded net", () => {
  const old = net(`layers {
  name: "d" type: DATA top: "d"
  data_param { source: "db" scale: 0.5 mirror: true mean_file: "m" crop_size: 9 batch_size: 2 }
  transform_param { mean_value: 3 }
}
layers { name: "c" type: CONVOLUTION param: "w" blob_share_mode: PERMISSIVE
  blobs_lr: 1 blobs_lr: 2 weight_decay: 0 include { phase: TEST } loss_weight: 3 }`);
  const upgraded = upgradeNet(old);

  test("has the transformation of V1 data layers in transform_param", () => {
    expect(upgraded.layer[0]).toMatchObject({
      type: "Data",
      transformParam: { scale: 0.5, mirror: true, meanFile: "m", cropSize: 9, meanValue: [3] },
    });
    expect(upgraded.layer[0]!.dataParam).toEqual({ source: "db", batchSize: 2 });
  });

  test("has names, rates and decays of blobs in param", () => {
    expect(upgraded.layer[1]).toMatchObject({
      type: "Convolution",
      param: [{ name: "w", shareMode: "PERMISSIVE", lrMult: 1, decayMult: 0 }, { lrMult: 2 }],
      include: [{ phase: "TEST" }],
      lossWeight: [3],
    });
  });

  test("keeps the places of its layers and leaves the old one alone", () => {
    expect(locationOf(upgraded.layer[1]!)).toEqual({ file: "in.prototxt", line: 6, column: 1 });
    expect(locationOf(upgraded.layer[0]!, "dataParam.source")).toMatchObject({
      line: 3,
      column: 16,
    });
    expect(old.layers[0]!.dataParam!.scale).toBe(0.5);
    expect(old.layer).toEqual([]);
  });

  test("is not upgraded again", () => {
    expect(needsNetUpgrade(old)).toBe(true);
    expect(needsNetUpgrade(upgraded)).toBe(false);
    expect(upgradeNet(upgraded)).toBe(upgraded);
  });
});

test("input_dim gives four sizes to each input, and inputs without any shape are dropped", () => {
  const dims = [1, 2, 3, 4, 5, 6, 7, 8].map((dim) => `input_dim: ${dim}`).join(" ");
  const { layer } = upgradeNet(net(`input: "a" input: "b" ${dims} layer { name: "r" }`));
  expect(layer[0]).toMatchObject({
    type: "Input",
    top: ["a", "b"],
    inputParam: { shape: [{ dim: [1, 2, 3, 4] }, { dim: [5, 6, 7, 8] }] },
  });
  expect(layer[1]!.name).toBe("r");
  expect(upgradeNet(net('input: "a" layer { name: "r" }')).layer).toHaveLength(1);
});

describe("what Caffe refuses to upgrade", () => {
  test.each([
    [
      'layer { name: "a" }\nlayers { name: "b" }',
      "in.prototxt:2:1: Refusing to upgrade inconsistent NetParameter input; the definition " +
        "includes both 'layer' and 'layers' fields. Write every layer as layer { type: \"...\" }.",
    ],
    ['layers { layer { type: "foo" } }', "in.prototxt:1:1: Unknown layer name: foo"],
    [
      'layers { layer { type: "constructor" } }',
      "in.prototxt:1:1: Unknown layer name: constructor",
    ],
    [
      'layers { bottom: "x" layer { name: "r" type: "relu" } }',
      "in.prototxt:1:1: Unknown blob input x to layer r",
    ],
    [
      'input: "x" layers { layer { type: "padding" pad: 1 } bottom: "x" top: "p" }\n' +
        'layers { layer { type: "relu" } bottom: "p" top: "y" }',
      "in.prototxt:2:1: Padding layer input to non-convolutional / non-pooling layer type relu",
    ],
    [
      'input: "a"\ninput_dim: 1',
      "in.prototxt:2:1: 1 inputs need four input_dim each, but the net has 1 in all",
    ],
  ])("%s", (text, message) => {
    const upgrade = () => upgradeNet(net(text));
    expect(upgrade).toThrow(NetDefinitionError);
    expect(upgrade).toThrow(message);
  });

  test("a solver with both kinds of type", () => {
    const text = 'type: "Adam"\nsolver_type: ADAM';
    const solver = parsePrototxt(text, { message: "SolverParameter", fileName: "s.prototxt" });
    expect(() => upgradeSolver(solver)).toThrow(
      "s.prototxt:2:1: Failed to upgrade solver: old solver_type field (enum) and new type field " +
        "(string) cannot be both specified in solver proto text.",
    );
  });
});

describe("what Caffe would lose", () => {
  const unpacked = (bytes: readonly number[]) =>
    decodeMessage("NetParameter", Uint8Array.from(bytes));
  /** A message in a field: tag, length, content; all of them short. */
  const nested = (number: number, content: readonly number[]) => [
    number * 8 + 2,
    content.length,
    ...content,
  ];
  const name = [0x22, 1, 0x61]; // V1: name "a"

  test("a V1 layer among V0 layers stays what it is", () => {
    const text =
      'layers { layer { type: "data" } top: "x" } layers { name: "r" type: RELU bottom: "x" top: "y" }';
    expect(upgradeNet(net(text)).layer[1]).toMatchObject({ name: "r", type: "ReLU", top: ["y"] });
  });

  test("a fork's field of a V1 layer stays where its number is free", () => {
    const field = [0xf8, 0x3f, 7]; // field 1023, varint 7
    const { net: upgraded, isComplete } = upgradeNetChecked(
      unpacked(nested(2, [...name, ...field])),
    );
    expect(isComplete).toBe(true);
    const bytes = Buffer.from(encodeMessage("NetParameter", upgraded));
    expect(bytes.includes(Buffer.from(field))).toBe(true);
  });

  test("a fork's layer type or setting without a place is named, and the upgrade is not complete", () => {
    const logger = collector();
    const type = [0x28, 99]; // V1: type 99
    const old = unpacked([...nested(2, [...name, ...type])]);
    expect(upgradeNetChecked(old, logger).isComplete).toBe(false);
    expect(logger.lines).toContain(
      'E upgrade_proto.cpp:865] layer "a": what its field 5 says is unknown to Caffe, and dropped',
    );
    const v0 = [0x12, 4, ...Buffer.from("conv"), 0xf8, 0x3f, 7];
    const second = collector();
    expect(upgradeNetChecked(unpacked(nested(2, nested(1, v0))), second).isComplete).toBe(false);
    expect(second.lines).toContain(
      "E upgrade_proto.cpp:538] Unknown parameter number 1023 for layer type conv",
    );
  });
});
