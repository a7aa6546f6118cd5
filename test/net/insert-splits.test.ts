import { expect, test } from "vitest";
import { insertSplits } from "../../src/net/insert-splits.ts";
import { type LayerParameter, parsePrototxt } from "../../src/schema/index.ts";

function layersOf(text: string): readonly LayerParameter[] {
  return parsePrototxt(text, { message: "NetParameter", fileName: "net.prototxt" }).layer;
}

/** `name: bottom bottom -> top top [weights]` a line. */
function describe(layers: readonly LayerParameter[]): string[] {
  return layers.map(({ name, bottom, top, lossWeight }) => {
    const weights = lossWeight.length ? ` [${lossWeight.join(" ")}]` : "";
    return `${name}: ${bottom.join(" ")} -> ${top.join(" ")}${weights}`;
  });
}

const layer = (name: string, bottoms: string[], tops: string[], more = "") =>
  `layer { name: "${name}" type: "X" ${bottoms.map((b) => `bottom: "${b}"`).join(" ")} ` +
  `${tops.map((t) => `top: "${t}"`).join(" ")} ${more} }`;

test("leaves a chain as it is", () => {
  const layers = layersOf(layer("data", [], ["data", "label"]) + layer("ip", ["data"], ["ip"]));
  expect(insertSplits(layers)).toEqual(layers);
});

test("splits a top that two layers read, right after its producer", () => {
  const layers = layersOf(
    layer("in", [], ["x"]) + layer("a", ["x"], ["a"]) + layer("b", ["x"], ["b"]),
  );
  expect(describe(insertSplits(layers))).toEqual([
    "in:  -> x",
    "x_in_0_split: x -> x_in_0_split_0 x_in_0_split_1",
    "a: x_in_0_split_0 -> a",
    "b: x_in_0_split_1 -> b",
  ]);
});

test("splits the last of a blob's in-place versions", () => {
  const layers = layersOf(
    layer("in", [], ["x"]) +
      layer("relu", ["x"], ["x"]) +
      layer("a", ["x"], ["a"]) +
      layer("b", ["x"], ["b"]),
  );
  expect(describe(insertSplits(layers))[2]).toBe(
    "x_relu_0_split: x -> x_relu_0_split_0 x_relu_0_split_1",
  );
});

test("moves a given loss weight to the split's first top", () => {
  const layers = layersOf(
    layer("in", [], ["x"]) + layer("l", ["x"], ["l"], "loss_weight: 2") + layer("a", ["l"], ["a"]),
  );
  expect(describe(insertSplits(layers)).slice(1)).toEqual([
    "l: x -> l",
    "l_l_0_split: l -> l_l_0_split_0 l_l_0_split_1 [2 0]",
    "a: l_l_0_split_1 -> a",
  ]);
});

test("gives a layer that reads a blob twice two parts", () => {
  const layers = layersOf(layer("in", [], ["x"]) + layer("sum", ["x", "x"], ["y"]));
  expect(describe(insertSplits(layers))[2]).toBe("sum: x_in_0_split_0 x_in_0_split_1 -> y");
});

test("does nothing more when it is applied again", () => {
  const once = insertSplits(
    layersOf(layer("in", [], ["x"]) + layer("a", ["x"], ["a"]) + layer("b", ["x"], ["b"])),
  );
  expect(insertSplits(once)).toEqual(once);
});

test("refuses a bottom that no earlier layer produces, with its place", () => {
  expect(() => insertSplits(layersOf(layer("L", ["nope"], ["y"])))).toThrow(
    /net\.prototxt:1:\d+: Unknown bottom blob 'nope' \(layer 'L', bottom index 0\)/,
  );
});
