/** @file `cortado evaluate` on a job whose newest snapshot is right about every pixel, and whose first knows nothing. */
import { readFileSync, rmSync } from "node:fs";
import { beforeAll, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { recordedIo } from "../support/io.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { writeTinyDataset } from "../support/tiny-dataset.ts";
import { writeTrainedJob } from "../support/trained-job.ts";

const at = temporaryFolder("evaluate");

beforeAll(async () => {
  await writeTinyDataset(at("tiny"));
  await writeTrainedJob(at("tiny"), at("job"));
});

async function evaluate(...args: string[]) {
  const io = recordedIo(at());
  const code = await main(["evaluate", ...args, "--threads=1"], io);
  return { code, out: io.stdout, err: io.stderr };
}

test("prints the sum and the worst records of the validation set", async () => {
  const { code, out } = await evaluate("job", "--worst=2");
  expect(code).toBe(0);
  expect(out.slice(0, 3)).toEqual([
    "iteration 3, 3 val records",
    "Dice: mean 1.0000, median 1.0000, worst 1.0000 over 3 records",
    "bright: Dice 1.0000, IoU 1.0000 over 3 records",
  ]);
  expect(out.slice(4, 6).map((line) => line.split(/ +/)[0])).toEqual([
    "record",
    expect.stringMatching(/^-+$/),
  ]);
  expect(out).toHaveLength(8);
});

test("says where an object is not found at all", async () => {
  const { out } = await evaluate("job", "--snapshot=1", "--stage=train");
  expect(out[0]).toBe("iteration 1, 6 train records");
  expect(out[2]).toBe("nothing of the object is found in 6 of them");
  expect(out.filter((line) => line.startsWith("image-"))).toHaveLength(6);
});

test("writes a table and everything, whole, and prints JSON", async () => {
  const { out } = await evaluate("job", "--csv=dice.csv", "--out=all.json", "--json");
  const all = JSON.parse(readFileSync(at("all.json"), "utf8"));
  expect(JSON.parse(out.join("\n"))).toEqual(all);
  expect(all).toMatchObject({ format: "cortado-evaluation", stage: "val", iter: 3 });
  expect(readFileSync(at("dice.csv"), "utf8").split("\r\n")).toHaveLength(5);
});

test.each([
  [["job", "--stage=test"], /--stage is test; expected val or train/],
  [["job", "--snapshot=2"], /has no snapshot of iteration 2; it has 3, 1/],
  [["tiny"], /is no job folder/],
  [["job", "--dataset=job"], /features/],
  [["job", "--fence-read=."], /--fence-read is for fenced layers/],
])("explains what it cannot do: %j", async (args, message) => {
  const { code, out, err } = await evaluate(...args);
  expect([code, out]).toEqual([1, []]);
  expect(err.join("\n")).toMatch(message);
});

test("needs label images", async () => {
  await writeTinyDataset(at("bare"));
  rmSync(at("bare", "val_db", "labels"), { recursive: true });
  const { code, err } = await evaluate("job", "--dataset=bare");
  expect(code).toBe(1);
  expect(err.join("\n")).toContain("no label images to compare with");
});
