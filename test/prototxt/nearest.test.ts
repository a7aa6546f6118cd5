import { expect, test } from "vitest";
import { didYouMean, nearestName } from "../../src/prototxt/index.ts";

const known = ["Convolution", "Deconvolution", "Pooling", "ReLU", "PReLU", "LRN", "MVN"];

test.each([
  ["Convolutoin", "Convolution"],
  ["convolution", "Convolution"],
  ["Pool1ng", "Pooling"],
  ["Relu", "ReLU"],
  ["LNR", "LRN"],
])("finds the name meant by %s", (name, meant) => {
  expect(nearestName(name, known)).toBe(meant);
});

test("finds nothing for a name that resembles none", () => {
  expect(nearestName("Softmax", known)).toBeUndefined();
  expect(didYouMean("Softmax", known)).toBe("");
  expect(nearestName("x".repeat(100_000), known)).toBeUndefined();
});

test("asks in one form", () => {
  expect(didYouMean("Poling", known)).toBe(' Did you mean "Pooling"?');
});
