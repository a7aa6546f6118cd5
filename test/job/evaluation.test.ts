import { describe, expect, test } from "vitest";
import { scoreClasses } from "../../src/job/class-map.ts";
import {
  type ScoredRecord,
  evaluationCsv,
  recordDice,
  summarize,
  summarizeCases,
  worstFirst,
} from "../../src/job/evaluation-summary.ts";
import { recordName } from "../../src/job/record-name.ts";

const map = (digits: string) => ({
  width: digits.length,
  height: 1,
  classes: Uint8Array.from(digits, Number),
});

/** A record from what was found and what is true, a digit a pixel. */
function record(
  index: number,
  found: string,
  truth: string,
  facts: ScoredRecord["facts"] = {},
): ScoredRecord {
  return { index, facts, classes: scoreClasses(map(found), map(truth)) };
}

describe("the Dice of a record", () => {
  test("is the mean over the classes but background that occur", () => {
    expect(recordDice(record(0, "0011", "0111"))).toBeCloseTo(4 / 5);
    expect(recordDice(record(0, "0112", "0112"))).toBe(1);
    // Class 1: 2 * 1 / 3; class 2 was missed.
    expect(recordDice(record(0, "0110", "0120"))).toBeCloseTo(1 / 3);
  });

  test("is 0 for an object that was missed, and for one that is not there", () => {
    expect(recordDice(record(0, "0000", "0110"))).toBe(0);
    expect(recordDice(record(0, "0110", "0000"))).toBe(0);
  });

  test("does not count where there is nothing to find and nothing was found", () => {
    expect(recordDice(record(0, "0000", "0000"))).toBeUndefined();
    const records = [record(0, "0000", "0000"), record(1, "0011", "0011")];
    expect(summarize(records)).toMatchObject({ records: 2, empty: 1, meanDice: 1, missed: 0 });
  });
});

describe("the scores of many records", () => {
  const records = [
    record(0, "0011", "0111", { case: "A", instance: 1 }),
    record(1, "0000", "0001", { case: "B", instance: 1 }),
    record(2, "0000", "0000", { case: "B", instance: 2 }),
    record(3, "0000", "0111", { case: "A", instance: 2 }),
    record(4, "0111", "0111", { case: "B", instance: 3 }),
  ];

  test("stand worst first, large misses before small ones, empty records last", () => {
    expect(worstFirst(records).map(({ index }) => index)).toEqual([3, 1, 0, 4, 2]);
  });

  test("give mean, median, worst and what was missed", () => {
    const summary = summarize(records);
    expect(summary.meanDice).toBeCloseTo((0.8 + 0 + 0 + 1) / 4);
    expect(summary.medianDice).toBeCloseTo(0.4);
    expect(summary).toMatchObject({ worstDice: 0, missed: 2, empty: 1 });
    expect(summary.classes).toEqual([
      { class: 1, records: 4, dice: expect.closeTo(0.45), iou: expect.closeTo(5 / 12) },
    ]);
    expect(summarize([])).toMatchObject({ meanDice: undefined, medianDice: undefined });
  });

  test("are told by patient, worst first", () => {
    expect(summarizeCases(records)).toEqual([
      { name: "A", records: 2, meanDice: expect.closeTo(0.4), worstDice: 0 },
      { name: "B", records: 3, meanDice: expect.closeTo(0.5), worstDice: 0 },
    ]);
  });

  test("are a table that spreadsheets read", () => {
    expect(evaluationCsv(records.slice(0, 2), ["background", "left ventricle"])).toBe(
      "record,case,instance,dice,iou,left ventricle predicted pixels,left ventricle labelled pixels,left ventricle dice\r\n" +
        `0,A,1,0.8,${2 / 3},2,3,0.8\r\n1,B,1,0,0,0,1,0\r\n`,
    );
  });

  test("bring no formula into a spreadsheet, and no broken line", () => {
    const odd = record(0, "01", "01", { image: '=HYPERLINK("x"),\n' });
    const csv = evaluationCsv([odd], []);
    expect(csv.split("\r\n")[1]).toMatch(/^0,"'=HYPERLINK\(""x""\),\n",1,1/);
  });
});

test("a record is called by case and slice, else by its file", () => {
  expect(recordName({ case: "SC-N-2", instance: 60, image: "a.dcm" }, 0)).toBe("SC-N-2, slice 60");
  expect(recordName({ case: "SC-N-2", image: "a.png" }, 0)).toBe("a.png");
  expect(recordName({ id: "image-03" }, 0)).toBe("image-03");
  expect(recordName({}, 7)).toBe("record 7");
});
