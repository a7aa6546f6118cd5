import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { readCaffemodel, writeCaffemodel } from "../../src/model-file/index.ts";
import { Net } from "../../src/net/net.ts";
import { createMessage, decodeMessage, encodeMessage, upgradeNet } from "../../src/schema/index.ts";
import { forkProto, hasProtoc, protoc } from "../support/protoc.ts";
import { temporaryFolder } from "../support/solver.ts";

/** Fields of test/support/fork.proto that caffe.proto lacks, at every level of a net. */
const NET = `name: "fork"
default_forward_type: 2
layer {
  name: "data"
  type: "Input"
  top: "data"
  phase: 1
  input_param {
    shape {
      dim: 1
      dim: 2
      layout: "columns"
    }
  }
  forward_type: 3
}
layer {
  name: "bias"
  type: "Bias"
  bottom: "data"
  top: "out"
  blobs {
    data: 1
    data: -2.5
    shape {
      dim: 2
      layout: "rows"
    }
    global_scale: 0.125
  }
  phase: 1
  convolution_param {
    engine: OTHER
    tiling: 8
    tiling: 300
  }
  bias_param {
    filler {
      type: "xavier"
      salt: -7
    }
    lanes: 16
  }
  forward_type: 2
  backward_type: 1
  debug: true
  fingerprint: 18446744073709551615
  Note {
    text: "kept"
  }
  Note {
  }
}
history: "first"
history: "second"
`;

function fromFork(message: string, text: string): Uint8Array {
  const { output, errors } = protoc("encode", message, text, forkProto);
  expect(errors).toBe("");
  return new Uint8Array(output);
}

const toFork = (message: string, bytes: Uint8Array) =>
  protoc("decode", message, bytes, forkProto).output.toString("utf8");

describe.skipIf(!hasProtoc)("what another fork wrote (needs protoc)", () => {
  test("survives reading and writing, in messages of every level", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "fork.caffemodel");
    writeFileSync(path, fromFork("NetParameter", NET));
    const net = await readCaffemodel(path);
    const bias = net.layer[1]!;
    expect(bias.blobs[0]?.data).toEqual(Float32Array.of(1, -2.5));
    // Numbers that cortado knows with another type, and a value that its enum does not have.
    expect([bias.parameterParam, bias.recurrentParam]).toEqual([undefined, undefined]);
    expect(bias.convolutionParam?.engine).toBeUndefined();
    await writeCaffemodel(path, net);
    expect(toFork("NetParameter", readFileSync(path))).toBe(NET);
  });

  test("stays with the layers when a net is built from it and saved", async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "fork.caffemodel");
    writeFileSync(path, fromFork("NetParameter", NET));
    const net = await Net.load(await readCaffemodel(path), { phase: "TEST", threads: 1 });
    const { out } = await net.forward({ data: [10, 20] });
    expect([...out!]).toEqual([11, 17.5]);
    await net.save(path);
    net.dispose();
    // The blob's values are new ones, so what was said of the old ones is gone.
    const saved = NET.replace(/ +layout: "rows"\n| +global_scale.*\n/g, "");
    expect(toFork("NetParameter", readFileSync(path))).toBe(saved);
  });

  test("stays through upgrades, where numbers keep their meaning", () => {
    const layers = 'layers { name: "a" type: 4 blobs { data: 1 global_scale: 2 } }';
    const old = decodeMessage("NetParameter", fromFork("NetParameter", `history: "h" ${layers}`));
    expect(toFork("NetParameter", encodeMessage("NetParameter", upgradeNet(old)))).toBe(
      'layer {\n  name: "a"\n  type: "Convolution"\n  blobs {\n    data: 1\n    global_scale: 2\n  }\n}\n' +
        'history: "h"\n',
    );
  });

  test("stays in a solver's state", () => {
    const text = 'iter: 3\nlearned_net: "n"\nbest_score: 0.75\n';
    const state = decodeMessage("SolverState", fromFork("SolverState", text));
    expect(toFork("SolverState", encodeMessage("SolverState", state))).toBe(text);
  });
});

test("a packed list keeps values that its enum does not have", () => {
  // V1's blob_share_mode, packed: STRICT, 7, PERMISSIVE.
  const layer = decodeMessage("V1LayerParameter", Uint8Array.of(0xd2, 0x3e, 3, 0, 7, 1));
  expect(layer).toEqual(
    createMessage("V1LayerParameter", { blobShareMode: ["STRICT", "PERMISSIVE"] }),
  );
  expect(encodeMessage("V1LayerParameter", layer)).toEqual(
    Uint8Array.of(0xd0, 0x3e, 0, 0xd0, 0x3e, 1, 0xd0, 0x3e, 7),
  );
});
