import { describe, expect, test } from "vitest";
import { checkAugmentation, parseAugmentation } from "../../src/job/augmentation.ts";

describe("the short form of an augmentation", () => {
  test.each([
    ["flip", { flipX: true }],
    ["flip=y,rotate=15", { flipY: true, rotate: 15 }],
    ["flip=xy", { flipX: true, flipY: true }],
    [
      "scale=0.1, shift=0.05, elastic=0.04, grid=5, brightness=0.2, contrast=.3, gamma=0.3, noise=5e-2",
      {
        ...{ scale: 0.1, shift: 0.05, elastic: 0.04, elasticGrid: 5 },
        ...{ brightness: 0.2, contrast: 0.3, gamma: 0.3, noise: 0.05 },
      },
    ],
    ["none", undefined],
  ])("%s", (text, settings) => {
    expect(parseAugmentation(text)).toEqual(settings);
  });

  test.each([
    ["rotate=15,turn=3", 'it has "turn=3"; known are flip, rotate, scale, '],
    ["constructor=1", 'it has "constructor=1"; known are'],
    ["flip,none", 'it has "none"; known are'],
    ["", 'it has ""; known are'],
    ["rotate", "rotate needs a number, such as rotate=15"],
    ["scale=", "scale needs a number, such as scale=0.1"],
    ["scale=0.1x", "scale needs a number"],
    ["scale=1=2", "scale needs a number"],
    ["flip=z", 'flip is "z"; give flip=x, flip=y or flip=xy'],
    ["flip,flip=y", "flip is given twice"],
    ["rotate=181", "rotate must be from 0 to 180, not 181"],
    ["noise=-0.1", "noise must be from 0 to 1, not -0.1"],
    ["elastic=0.1,grid=8", "elastic must be at most 0.05 with a grid of 8, not 0.1"],
    ["elastic=0.1,grid=2.5", "grid must be a whole number from 2 to 32, not 2.5"],
    ["rotate=5,grid=8", "grid is of the elastic warp: give elastic, too"],
    ["rotate=0", "it changes nothing; give none"],
  ])("'%s' is refused", (text, problem) => {
    expect(() => parseAugmentation(text)).toThrow(problem);
  });
});

test.each([
  [{ rotate: "15" }, 'rotate must be a number, not "15"'],
  [{ flipX: 1 }, "flipX must be a boolean, not 1"],
  [{ seed: 3 }, '"seed" is no setting of it'],
])("a job.json with %j is refused", (settings: object, problem) => {
  expect(() => checkAugmentation(settings)).toThrow(problem);
});
