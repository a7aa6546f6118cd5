import { describe, expect, test } from "vitest";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { checkLayer } from "../support/check-layer.ts";
import { hasPythonModule, runPython } from "../support/python.ts";

const layer = (group = "") => `type: "ShuffleChannel" shuffle_channel_param { ${group} }`;

describe("ShuffleChannel", () => {
  test.each(["", "group: 2", "group: 3", "group: 6"])(
    "has a true gradient with { %s }",
    async (group) => {
      await checkLayer(layer(group), [[2, 6, 2, 3]]);
      await checkLayer(layer(group), [[3, 6]]);
    },
  );

  test("deals the channels of the groups out in turn", async () => {
    const specs = [{ shape: [1, 6], values: listed([0, 1, 2, 3, 4, 5]) }];
    const bench = await runLayer(layer("group: 2"), specs);
    expect([...bench.tops[0]!.data]).toEqual([0, 3, 1, 4, 2, 5]);
  });

  test.skipIf(!hasPythonModule("numpy"))("agrees with numpy (needs numpy)", async () => {
    const bench = await runLayer(layer("group: 3"), [[2, 12, 3, 5]]);
    const script = `import json, sys, numpy
x = numpy.array(json.load(sys.stdin)).reshape(2, 3, 4, 3, 5)
print(x.transpose(0, 2, 1, 3, 4).ravel().tolist())`;
    const expected = runPython(script, [...bench.bottoms[0]!.data]);
    expect([...bench.tops[0]!.data]).toEqual(expected);
  });

  test.each([
    ["group: 0", "group must be greater than 0"],
    ["group: 4", "Wrong group size. 6 channels are no multiple of 4"],
  ])("refuses { %s }", async (group, message) => {
    await expect(benchLayer(layer(group), [[2, 6, 2, 2]])).rejects.toThrow(message);
  });

  test("refuses a top in place of its bottom", async () => {
    await expect(benchLayer(layer(), [[2, 6]], { inPlace: true })).rejects.toThrow(
      "ShuffleChannel Layer does not allow in-place computation.",
    );
  });
});
