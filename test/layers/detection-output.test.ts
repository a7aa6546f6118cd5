import { describe, expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { benchLayer, listed, runLayer } from "../support/bench-layer.ts";
import { hasOpenCv, inputLayer, runBoth } from "../support/opencv.ts";

const layer = (param: string) => `type: "DetectionOutput" detection_output_param { ${param} }`;

/** Three priors, two of which overlap by 0.8 / 1.2; variances 0.1 and 0.2. */
const PRIORS = [0.1, 0.1, 0.3, 0.3, 0.12, 0.1, 0.32, 0.3, 0.6, 0.6, 0.8, 0.9];
const VARIANCES = Array.from({ length: 12 }, (_, i) => (i % 4 < 2 ? 0.1 : 0.2));
const priors = { shape: [1, 2, 12], values: listed([...PRIORS, ...VARIANCES]) };
const still = { shape: [1, 12], values: () => 0 };
/** Scores of background and one class, a pair for each prior. */
const scores = { shape: [1, 6], values: listed([0.1, 0.9, 0.2, 0.8, 0.4, 0.6]) };

const rowsOf = (data: Float32Array): number[][] =>
  Array.from({ length: data.length / 7 }, (_, i) => [...data.subarray(7 * i, 7 * i + 7)]);
const idsOf = (data: Float32Array) => rowsOf(data).map((row) => row.slice(0, 3).map(hundredths));
const hundredths = (x: number) => Math.round(100 * x) / 100;

describe("DetectionOutput", () => {
  test("keeps the best of boxes that overlap", async () => {
    const bench = await runLayer(layer("num_classes: 2 code_type: CENTER_SIZE"), [
      still,
      scores,
      priors,
    ]);
    expect(bench.tops[0]!.shape).toEqual([1, 1, 2, 7]);
    const [first, second] = rowsOf(bench.tops[0]!.data);
    expectClose(first!, [0, 1, 0.9, 0.1, 0.1, 0.3, 0.3]);
    expectClose(second!, [0, 1, 0.6, 0.6, 0.6, 0.8, 0.9]);
  });

  test.each([
    ["nms_param { nms_threshold: 0.9 }", [0.9, 0.8, 0.6]],
    ["nms_param { nms_threshold: 0.8182 }", [0.9, 0.8, 0.6]],
    ["nms_param { nms_threshold: 0.8181 }", [0.9, 0.6]],
    ["nms_param { nms_threshold: 0.9 eta: 0.9 }", [0.9, 0.6]],
    ["nms_param { nms_threshold: 0.9 top_k: 2 }", [0.9, 0.8]],
    ["nms_threshold: 0.9 top_k: 2", [0.9, 0.8]],
    ["nms_param { nms_threshold: 0.9 } keep_top_k: 1", [0.9]],
    ["nms_param { nms_threshold: 0.9 } confidence_threshold: 0.7", [0.9, 0.8]],
    ["background_label_id: 1", [0.4, 0.2]],
  ])("leaves out boxes as { %s } says", async (param, expected) => {
    const bench = await runLayer(layer(`num_classes: 2 ${param}`), [still, scores, priors]);
    expect(idsOf(bench.tops[0]!.data).map(([, , score]) => score)).toEqual(expected);
  });

  test("orders by item and class, best first, also where keep_top_k cuts", async () => {
    const specs = [
      { shape: [2, 12], values: () => 0 },
      { shape: [2, 9], values: listed([0, 0.3, 0.9, 0, 0.1, 0.2, 0, 0.8, 0.7]) },
      priors,
    ];
    const all = await runLayer(layer("num_classes: 3"), specs);
    const each = [
      [1, 0.8],
      [1, 0.3],
      [2, 0.9],
      [2, 0.7],
    ];
    const rows = [0, 1].flatMap((item) => each.map((pair) => [item, ...pair]));
    expect(idsOf(all.tops[0]!.data)).toEqual(rows);
    const best = await runLayer(layer("num_classes: 3 keep_top_k: 3"), specs);
    expect(idsOf(best.tops[0]!.data)).toEqual(rows.filter(([, , score]) => score !== 0.3));
  });

  test.each([
    ["CORNER", "", [0.2, 0.3, 0.7, 0.7]],
    ["CORNER", "variance_encoded_in_target: true", [1.1, 2.1, 2.3, 2.3]],
    ["CORNER_SIZE", "", [0.12, 0.14, 0.38, 0.38]],
    ["CENTER_SIZE", "", [0.0708, 0.0908, 0.3692, 0.3892]],
  ])("decodes %s offsets { %s }", async (code, more, box) => {
    const bench = await runLayer(layer(`num_classes: 2 code_type: ${code} keep_top_k: 1 ${more}`), [
      { shape: [1, 12], values: listed([1, 2, 2, 2, ...Array(8).fill(0)]) },
      scores,
      priors,
    ]);
    expectClose(rowsOf(bench.tops[0]!.data)[0]!.slice(3), box, { atol: 1e-4 }); // as they are written
  });

  test("has boxes of its own for each class without share_location", async () => {
    const param = "num_classes: 2 share_location: false keep_top_k: 1";
    const bench = await runLayer(layer(param), [
      // Class 0 of prior 0, then class 1 of prior 0.
      { shape: [1, 24], values: listed([9, 9, 9, 9, 1, 1, 1, 1, ...Array(16).fill(0)]) },
      scores,
      priors,
    ]);
    expectClose(bench.tops[0]!.data, [0, 1, 0.9, 0.2, 0.2, 0.5, 0.5]);
  });

  test("has a row for each item where nothing was found", async () => {
    const bench = await runLayer(layer("num_classes: 2 confidence_threshold: 2"), [
      { shape: [2, 12], values: () => 0 },
      { shape: [2, 6], values: () => 0 },
      priors,
    ]);
    expect(rowsOf(bench.tops[0]!.data)).toEqual([0, 1].map((n) => [n, -1, -1, -1, -1, -1, -1]));
    bench.bottoms[1]!.data.set([0, 3], 0);
    bench.forward();
    expect(idsOf(bench.tops[0]!.data)).toEqual([[0, 1, 3]]);
  });

  // OpenCV has no defaults for most fields, gives the best of all classes first, and fills its top with
  // zeros up to keep_top_k. It has no eta, and wants
  // priors without variances for variance_encoded_in_target.
  test
    .skipIf(!hasOpenCv)
    .each([
      "code_type: CENTER_SIZE share_location: true nms_param { nms_threshold: 0.45 top_k: 20 } keep_top_k: 10 confidence_threshold: 0.2",
      "code_type: CORNER share_location: true nms_param { nms_threshold: 0.3 } keep_top_k: 100 confidence_threshold: 0.3",
      "code_type: CORNER share_location: false nms_param { nms_threshold: 0.6 } keep_top_k: 200",
    ])("agrees with OpenCV with { %s } (needs cv2)", async (param) => {
    const count = 40;
    const sets = param.includes("share_location: false") ? 4 : 1;
    // OpenCV wants inputs of four axes.
    const net = `${inputLayer("loc", 1, count * sets * 4, 1, 1)}
      ${inputLayer("conf", 1, count * 4, 1, 1)}${inputLayer("prior", 1, 2, count * 4, 1)}
      layer { name: "y" bottom: "loc" bottom: "conf" bottom: "prior" top: "y"
        ${layer(`num_classes: 4 background_label_id: 0 ${param}`)} }`;
    const { ours, theirs } = await runBoth(net, "y", (net) => drawBoxes(net, count));
    expectClose(ours.data, byClass(theirs.data), { atol: 1e-6 }); // differences near 0
  });

  test("says that it writes no files", async () => {
    const save = 'save_output_param { output_directory: "x" } visualize: true';
    const text = `${inputLayer("loc", 1, 12)}${inputLayer("conf", 1, 6)}${inputLayer("prior", 1, 2, 12)}
      layer { name: "found" bottom: "loc" bottom: "conf" bottom: "prior" top: "found"
        ${layer(`num_classes: 2 ${save}`)} }`;
    const lines: string[] = [];
    const net = await Net.load(parsePrototxt(text, { message: "NetParameter" }), {
      phase: "TEST",
      logger: { log: (level, _source, line) => void lines.push(`${level}: ${line}`) },
    });
    net.dispose();
    expect(lines).toContain(
      "warning: found: save_output_param and visualize are ignored; the top holds the detections",
    );
  });

  test.each([
    ["", "Must specify num_classes"],
    ["num_classes: 2 nms_param { nms_threshold: -1 }", "nms_threshold must be non negative."],
    ["num_classes: 2 nms_param { eta: 0 }", "eta must be above 0 and at most 1, not 0"],
    ["num_classes: 2 nms_param { eta: 1.5 }", "eta must be above 0 and at most 1, not 1.5"],
    ["num_classes: 2 share_location: false", "Number of priors must match number of location"],
    ["num_classes: 3", "Number of priors must match number of confidence predictions."],
  ])("refuses { %s }", async (param, message) => {
    await expect(benchLayer(layer(param), [still, scores, priors])).rejects.toThrow(message);
  });

  test("refuses priors that are none, other items, and a prior without area", async () => {
    const param = "num_classes: 2 code_type: CENTER_SIZE";
    await expect(benchLayer(layer(param), [still, scores, [1, 1, 12]])).rejects.toThrow(
      "the priors must be (1, 2, P 4), not 1 1 12 (12)",
    );
    await expect(benchLayer(layer(param), [still, [2, 6], priors])).rejects.toThrow(
      "there are offsets for 1 items and scores for 2",
    );
    const flat = { shape: [1, 2, 12], values: () => 0.5 };
    const bench = await benchLayer(layer(param), [still, scores, flat]);
    expect(() => bench.forward()).toThrow("a prior box has no area");
    expect(() => bench.backward([true, false, false])).toThrow("DetectionOutput has no gradient");
  });
});

/** Rows that hold something, by class, then best first. */
function byClass(data: readonly number[]): number[] {
  const rows = rowsOf(Float32Array.from(data)).filter((row) => row[2] !== 0);
  return rows.sort((a, b) => a[1]! - b[1]! || b[2]! - a[2]!).flat();
}

function drawBoxes({ blobs, random }: Net, count: number): void {
  const [loc, conf, prior] = ["loc", "conf", "prior"].map((name) => blobs.get(name)!.data);
  for (let i = 0; i < loc!.length; i++) loc![i] = random.gaussian(0, 0.3);
  for (let i = 0; i < conf!.length; i++) conf![i] = random.uniform(0, 1);
  for (let p = 0; p < count; p++) {
    const [x, y] = [random.uniform(0, 0.6), random.uniform(0, 0.6)];
    const [w, h] = [random.uniform(0.1, 0.4), random.uniform(0.1, 0.4)];
    prior!.set([x, y, x + w, y + h], 4 * p);
    prior!.set([0.1, 0.1, 0.2, 0.2], 4 * (count + p));
  }
}
