import { expect, test } from "vitest";
import { completeMessage, parsePrototxt, printPrototxt } from "../../src/schema/index.ts";
import { locationOf } from "../../src/schema/message.ts";

test("fills in the lists that a draft leaves out, all the way down", () => {
  const net = completeMessage("NetParameter", {
    layer: [
      { name: "x", type: "Input", top: ["x"], inputParam: { shape: [{ dim: [1, 3] }] } },
      { name: "ip", type: "InnerProduct", bottom: ["x"], top: ["y"] },
    ],
  });
  expect(net.input).toEqual([]);
  expect(net.layer[1]).toEqual({
    ...{ name: "ip", type: "InnerProduct", bottom: ["x"], top: ["y"] },
    ...{ lossWeight: [], param: [], blobs: [], include: [], exclude: [], propagateDown: [] },
  });
  expect(printPrototxt(net)).toContain('layer {\n  name: "x"\n  type: "Input"\n  top: "x"\n');
});

test("gives a whole message back as it is, with its place in the file", () => {
  const text = 'layer { name: "a" type: "ReLU" bottom: "x" top: "y" relu_param { } }';
  const net = parsePrototxt(text, { message: "NetParameter", fileName: "n.prototxt" });
  expect(completeMessage("NetParameter", net)).toBe(net);
  const named = completeMessage("NetParameter", { ...net, name: "n", layer: [net.layer[0]!, {}] });
  expect(named.layer[0]).toBe(net.layer[0]);
  expect(locationOf(named.layer[0]!)).toMatchObject({ file: "n.prototxt", line: 1 });
});

test("takes numbers from typed arrays, and makes those that the schema wants", () => {
  const { layer } = completeMessage("NetParameter", {
    layer: [{ blobs: [{ shape: { dim: Int32Array.of(2, 1) as never }, data: [1, 2] as never }] }],
  });
  expect(layer[0]!.blobs[0]).toEqual({ shape: { dim: [2, 1] }, data: Float32Array.of(1, 2) });
});

const conv = (param: object) => ({ layer: [{ convolutionParam: param }] });

test.each([
  [{ layers: "x" }, "layers: expected a list, got"],
  [{ layer: [{ top: "x" }] }, 'layer[0].top: expected a list, got "x"'],
  [{ layer: [{ top: [1] }] }, "layer[0].top[0]: expected a string, got 1"],
  [{ layer: ["conv"] }, 'layer[0]: expected a LayerParameter, got "conv"'],
  [{ forceBackward: 1 }, "forceBackward: expected true or false, got 1"],
  [
    { layer: [{ bottoms: [] }] },
    'layer[0]: Message type "caffe.LayerParameter" has no field named "bottoms". Did you mean "bottom"?',
  ],
  [
    conv({ kernel_size: [3] }),
    'layer[0].convolutionParam: Message type "caffe.ConvolutionParameter" has no field named "kernel_size". Did you mean "kernelSize"?',
  ],
  [conv({ numOutput: 1.5 }), "numOutput: expected a whole number of at least 0, got 1.5"],
  [conv({ numOutput: -1 }), "expected a whole number of at least 0, got -1"],
  [conv({ numOutput: null }), "expected a whole number of at least 0, got null"],
  [conv({ engine: "FAST" }), 'engine: expected DEFAULT, CAFFE, CUDNN, got "FAST"'],
  [conv({ weightFiller: [] }), "weightFiller: expected a FillerParameter, got a list"],
  [
    { layer: [{ clipParam: { min: 1 } }] },
    "Message missing required fields: layer[0].clip_param.max",
  ],
])("says what is wrong with the draft %j", (draft, problem) => {
  expect(() => completeMessage("NetParameter", draft as never)).toThrow(problem);
});
