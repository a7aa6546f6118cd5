/** @file The dataset form while it is filled in. */
import { describe, expect, test } from "vitest";
import {
  type DatasetDraft,
  datasetDraftOf,
  datasetFormOf,
  datasetSourcesOf,
  emptyDataset,
  isReady,
  previewText,
  withKind,
} from "../../src/studio/client/lib/dataset-draft.ts";
import { shareText } from "../../src/studio/client/lib/share-text.ts";

const images: DatasetDraft = {
  ...withKind(emptyDataset, "images"),
  images: "/data/images",
  labels: "/data/labels",
};

describe("a dataset's form", () => {
  test("begins with DIGITS' defaults", () => {
    expect(datasetFormOf(withKind(emptyDataset, "sunnybrook"))).toEqual({
      ...{ kind: "sunnybrook", name: "Sunnybrook-grayscale", channels: "L" },
      ...{ encoding: "none", labelEncoding: "none", valPercent: 10, split: "slice", seed: 0 },
    });
    expect(datasetFormOf(images).channels).toBe("none");
  });

  test("sends only fields of its kind, and those that are filled in", () => {
    const all = { ...images, contours: "/c", labelValues: "0,255", resize: " ", valImages: "/v" };
    const form = datasetFormOf(all);
    expect(form).toMatchObject({ images: "/data/images", labelValues: "0,255" });
    for (const absent of ["contours", "resize", "valImages", "patients", "groupRegex"]) {
      expect(form).not.toHaveProperty(absent);
    }
    expect(datasetFormOf(emptyDataset)).toMatchObject({ kind: "phantom", patients: 12 });
  });

  test("sends folders of validation images where they are wanted", () => {
    const separate = { ...images, hasValFolder: true, valImages: "/v", valLabels: "/w" };
    expect(datasetSourcesOf(separate)).toMatchObject({ valImages: "/v", valLabels: "/w" });
    expect(isReady(separate)).toBe(true);
    expect(isReady({ ...separate, valLabels: "" })).toBe(false);
  });

  test("is filled in again by a clone, every field of it", () => {
    const form = datasetFormOf({
      ...{ ...images, name: "cells", hasValFolder: true, valImages: "/v", valLabels: "/w" },
      ...{ channels: "RGB", encoding: "png", labelEncoding: "png", split: "patient", seed: "7" },
      ...{ classLabels: "/n.txt", colormap: "/c.txt", labelValues: "0,9", resize: "64x32" },
      ...{ groupRegex: "^(..)", valPercent: "20" },
    });
    const again = datasetFormOf(datasetDraftOf(form));
    expect(again).toEqual({ ...form, name: "cells-copy" });
  });

  test("keeps a name of the user's own when the kind changes", () => {
    expect(withKind({ ...emptyDataset, name: "mine" }, "images").name).toBe("mine");
    expect(withKind(emptyDataset, "sunnybrook").name).toBe("Sunnybrook-grayscale");
  });

  test("is looked at only when its folders are filled in", () => {
    expect(isReady(emptyDataset)).toBe(false);
    expect(isReady({ ...images, labels: "" })).toBe(false);
    expect(isReady(images)).toBe(true);
    const sunnybrook = { ...withKind(emptyDataset, "sunnybrook"), images: "/a" };
    expect(isReady({ ...sunnybrook, labels: "/b" })).toBe(false);
    expect(isReady({ ...sunnybrook, contours: "/b" })).toBe(true);
  });
});

describe("the preview", () => {
  const preview = { train: 51, val: 5, cases: 3, sharedCases: 3, leftOut: [], leftOutCount: 0 };

  test("says how many records there will be, and warns of patients on both sides", () => {
    const { text, warning } = previewText(preview);
    expect(text).toBe("56 records of 3 patients: 51 train, 5 validate.");
    expect(warning).toContain("Slices of 3 patients are in training and validation at once");
  });

  test("warns of nothing where patients are apart, or every image is its own", () => {
    expect(previewText({ ...preview, sharedCases: 0 }).warning).toBe("");
    const single = { ...preview, cases: 56, sharedCases: 0, leftOutCount: 2 };
    expect(previewText(single)).toEqual({
      text: "56 records: 51 train, 5 validate; 2 will be left out.",
      warning: "",
    });
  });
});

test("shares are told in percent, small ones, too", () => {
  expect([0, 1, 0.0225, 0.00001].map(shareText)).toEqual(["0 %", "100 %", "2.25 %", "< 0.01 %"]);
});
