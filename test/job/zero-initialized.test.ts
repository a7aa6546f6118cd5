import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { zeroInitialized } from "../../src/job/zero-initialized.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const parse = (text: string) => parsePrototxt(text, { message: "NetParameter" });

describe("layers that start at zero", () => {
  test("are all convolutions of the tutorial's FCN-AlexNet", () => {
    const text = readFileSync(
      new URL("../../networks/fcn-alexnet/network.prototxt", import.meta.url),
      "utf8",
    );
    const convolutions = ["conv1", "conv2", "conv3", "conv4", "conv5", "fc6", "fc7", "score_fr"];
    expect(zeroInitialized(parse(text))).toEqual(convolutions);
  });

  test.each([
    ["", true],
    ['weight_filler { type: "constant" }', true],
    ["weight_filler { value: 0.5 }", false],
    ['weight_filler { type: "xavier" }', false],
    ["bias_filler { value: 1 }", true],
  ])("with '%s': %s", (filler, zero) => {
    const convolution = `layer { name: "c" type: "Convolution" convolution_param { ${filler} } }`;
    const product = `layer { name: "c" type: "InnerProduct" inner_product_param { ${filler} } }`;
    expect(zeroInitialized(parse(convolution))).toEqual(zero ? ["c"] : []);
    expect(zeroInitialized(parse(product))).toEqual(zero ? ["c"] : []);
  });

  test("are none that bring their weights along", () => {
    expect(
      zeroInitialized(parse('layer { name: "c" type: "Convolution" blobs { data: 1 } }')),
    ).toEqual([]);
  });
});
