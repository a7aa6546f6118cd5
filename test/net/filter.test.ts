import { describe, expect, test } from "vitest";
import { type State, filterLayers } from "../../src/net/filter.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const train: State = { phase: "TRAIN", level: 0, stages: [] };

function keeps(rules: string, state: Partial<State> = {}): boolean {
  const net = parsePrototxt(`layer { name: "l" type: "X" ${rules} }`, { message: "NetParameter" });
  return filterLayers(net, { ...train, ...state }).length === 1;
}

describe("a rule is met when all its parts hold", () => {
  test.each<[string, Partial<State>, boolean]>([
    ["", {}, true],
    ["include { phase: TRAIN }", {}, true],
    ["include { phase: TEST }", {}, false],
    ["exclude { phase: TRAIN }", {}, false],
    ["include { min_level: 2 }", { level: 1 }, false],
    ["include { min_level: 2 }", { level: 2 }, true],
    ["include { max_level: 2 }", { level: 3 }, false],
    ["include { stage: 'a' stage: 'b' }", { stages: ["a"] }, false],
    ["include { stage: 'a' stage: 'b' }", { stages: ["b", "a"] }, true],
    ["include { not_stage: 'a' }", { stages: ["a"] }, false],
    ["include { phase: TEST } include { stage: 'a' }", { stages: ["a"] }, true],
    ["exclude { phase: TEST } exclude { stage: 'a' }", { stages: ["a"] }, false],
    ["exclude { stage: 'deploy' }", { phase: "TEST", stages: ["deploy"] }, false],
    ["exclude { stage: 'deploy' }", { phase: "TEST" }, true],
  ])("%s in state %j: %s", (rules, state, kept) => {
    expect(keeps(rules, state)).toBe(kept);
  });
});

test("refuses include and exclude rules in one layer", () => {
  expect(() => keeps("include { phase: TRAIN } exclude { phase: TEST }")).toThrow(
    'layer "l" (X): Specify either include rules or exclude rules; not both.',
  );
});
