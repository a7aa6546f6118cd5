/** @file Which jobs the home page shows, and in which order. */
import { describe, expect, test } from "vitest";
import type { JobSummary } from "../../src/studio/api-types.ts";
import { addressOf, filterOf, filtered } from "../../src/studio/client/lib/job-filter.ts";

const job = (id: string, more: Partial<JobSummary> = {}): JobSummary => ({
  ...{ id, kind: "model", status: "done", created: "2026-01-01T00:00:00Z", progress: 1 },
  ...more,
});
const best = (name: string, value: number) => ({ best: { name, value, epoch: 1, iter: 10 } });
const filterFrom = (query: string) => filterOf(new URLSearchParams(query));
const ids = (jobs: readonly JobSummary[], query: string) =>
  filtered(jobs, filterFrom(query)).map(({ id }) => id);

describe("the filter of the home page", () => {
  test("stands in the address, as short as it can be", () => {
    expect(addressOf(filterFrom(""))).toBe("/");
    for (const address of ["/?find=a+b&state=active&order=name", "/?order=best", "/?find=%26%23"]) {
      expect(addressOf(filterFrom(address.slice(2)))).toBe(address);
    }
  });

  test("takes no odd word for a state or an order", () => {
    for (const word of ["constructor", "__proto__", "", "ALL"]) {
      expect(filterFrom(`state=${word}&order=${word}`)).toMatchObject({
        state: "all",
        order: "newest",
      });
    }
  });

  test("finds all words in name, title, dataset and error", () => {
    const jobs = [
      job("unet-1", { dataset: "Sunnybrook-RGB" }),
      job("unet-2", { title: "The first one", dataset: "phantom" }),
      job("fcn", { status: "error", error: "Cannot copy param 0" }),
    ];
    expect(ids(jobs, "find=UNET+rgb")).toEqual(["unet-1"]);
    expect(ids(jobs, "find=first")).toEqual(["unet-2"]);
    expect(ids(jobs, "find=cannot+copy")).toEqual(["fcn"]);
    expect(ids(jobs, "find=unet+fcn")).toEqual([]);
  });

  test("shows what runs or waits first, then the newest", () => {
    const jobs = [
      job("old", { created: "2026-01-01T00:00:00Z" }),
      job("new", { created: "2026-02-01T00:00:00Z" }),
      job("running", { status: "running", created: "2025-01-01T00:00:00Z" }),
    ];
    expect(ids(jobs, "")).toEqual(["running", "new", "old"]);
    expect(ids(jobs, "state=active")).toEqual(["running"]);
  });

  test("knows that a score is better when more, and a loss when less", () => {
    const jobs = [
      job("none"),
      job("loss-2", best("loss", 2)),
      job("dice-1", best("dice", 0.1)),
      job("loss-1", best("loss", 1)),
      job("dice-9", best("dice", 0.9)),
    ];
    expect(ids(jobs, "order=best")).toEqual(["dice-9", "dice-1", "loss-1", "loss-2", "none"]);
  });

  test("counts numbers in names as numbers", () => {
    expect(ids([job("job-10"), job("job-9"), job("job-1")], "order=name")).toEqual([
      ...["job-1", "job-9", "job-10"],
    ]);
  });
});
