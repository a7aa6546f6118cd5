/** @file Every kind of file, cut at every byte up to 4 KiB, and at a thousand places beyond. */
import { describe, expect, test } from "vitest";
import { cutEverywhere, TELLS_ITS_LENGTH } from "../fuzz/cuts.ts";
import { formats } from "../fuzz/formats/index.ts";
import { temporaryFolder } from "../support/solver.ts";

describe("files that are cut off give an answer or an error of one line", () => {
  test.each(formats)("$name", async (format) => {
    using folder = temporaryFolder();
    const longest = Math.max(...(await format.seeds()).map(({ length }) => length));
    const most = longest <= 4096 ? 4096 : 1000;
    const { failures, unnoticed } = await cutEverywhere(format, folder.path, most);
    expect(failures).toEqual([]);
    if (TELLS_ITS_LENGTH.has(format.name)) expect(unnoticed).toEqual([]);
  });
});
