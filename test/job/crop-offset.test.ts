import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { cropAdvice } from "../../src/job/crop-offset.ts";
import { jobStates } from "../../src/job/states.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const advise = (text: string) =>
  cropAdvice(parsePrototxt(text, { message: "NetParameter" }), jobStates.train);
const network = (path: string) =>
  readFileSync(new URL(`../../networks/${path}`, import.meta.url), "utf8");

describe("crop offsets", () => {
  test("of FCN-AlexNet come out as 18", () => {
    expect(advise(network("fcn-alexnet/network.prototxt"))).toEqual([
      { layer: "score", given: [18, 18], wanted: [18, 18] },
    ]);
  });

  test("of FCN-8s come out as 5, 9 and 31", () => {
    expect(advise(network("fcn-8s/network.prototxt"))).toEqual([
      { layer: "score_pool4c", given: [5, 5], wanted: [5, 5] },
      { layer: "score_pool3c", given: [9, 9], wanted: [9, 9] },
      { layer: "score", given: [31, 31], wanted: [31, 31] },
    ]);
  });

  test("differ along height and width where the windows do", () => {
    const advice = advise(`
      layer { name: "d" type: "Data" top: "data" }
      layer { name: "c" type: "Convolution" bottom: "data" top: "c"
        convolution_param { num_output: 1 kernel_h: 3 kernel_w: 5 pad_h: 4 pad_w: 6 dilation: 2 } }
      layer { name: "r" type: "ReLU" bottom: "c" top: "c" }
      layer { name: "crop" type: "Crop" bottom: "c" bottom: "data" top: "s" crop_param { offset: 2 offset: 3 } }`);
    // pad - dilation (kernel - 1) / 2: 4 - 2 and 6 - 4
    expect(advice).toEqual([{ layer: "crop", given: [2, 3], wanted: [2, 2] }]);
  });

  test("are not known behind a layer without geometry, or of blobs that are unrelated", () => {
    const advice = advise(`
      layer { name: "d" type: "Data" top: "data" top: "label" }
      layer { name: "e" type: "DummyData" top: "other" }
      layer { name: "f" type: "Reshape" bottom: "data" top: "f" }
      layer { name: "crop1" type: "Crop" bottom: "f" bottom: "other" top: "s1" }
      layer { name: "crop2" type: "Crop" bottom: "label" bottom: "other" top: "s2" }`);
    expect(advice).toEqual([]);
  });
});
