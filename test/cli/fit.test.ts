import {
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { parseArguments } from "../../src/cli/arguments.ts";
import type { Command } from "../../src/cli/command.ts";
import { fitCommand } from "../../src/cli/fit.ts";
import { inferCommand } from "../../src/cli/infer.ts";
import { trainCommand } from "../../src/cli/train.ts";
import { readJobRecord, writeJobRecord } from "../../src/job/job-record.ts";
import { readMetrics } from "../../src/job/metrics.ts";
import { decodeImage, encodePng } from "../../src/data/image.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { recordedIo } from "../support/io.ts";
import { TINY_SIZE, tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";

const folder = mkdtempSync(join(tmpdir(), "fit-"));
const at = (...parts: string[]) => join(folder, ...parts);

async function run(command: Command, ...args: string[]) {
  const io = recordedIo(folder);
  const { flags, positionals } = parseArguments(args, command.flags);
  const code = await command.run(flags, positionals, io);
  return { code, out: io.stdout, err: io.stderr };
}
const trainJob = (...args: string[]) =>
  run(
    fitCommand,
    "--dataset",
    "data",
    "--network",
    "net.prototxt",
    "--seed",
    "1",
    "--threads",
    "1",
    ...args,
  );

beforeAll(async () => {
  await writeTinyDataset(at("data"));
  writeFileSync(at("net.prototxt"), tinyNetwork());
  const dice = fileURLToPath(new URL("../../layers/dice.ts", import.meta.url));
  copyFileSync(dice, at("my-dice.ts"));
});

describe("fit", () => {
  test("trains the same with --fence-layers, and keeps a layer that reads files from doing so", async () => {
    const open = await trainJob("--out", "open", "--layers", "my-dice.ts", "--epochs", "1");
    const args = ["--layers", "my-dice.ts", "--epochs", "1", "--fence-layers"];
    const fenced = await trainJob("--out", "fenced", ...args);
    expect([open.code, fenced.code]).toEqual([0, 0]);
    const values = (job: string) => readMetrics(at(job, "metrics.jsonl")).map((m) => m.values);
    expect(values("fenced")).toEqual(values("open"));
    const dice = readFileSync(at("my-dice.ts"), "utf8");
    const spy = `import { readFileSync } from "node:fs";\n${dice}`.replace(
      "override setup(bottom: Blob[]): void {",
      '$& readFileSync("/etc/hostname");',
    );
    writeFileSync(at("spy.ts"), spy);
    const spying = ["--out", "spied", "--layers", "spy.ts", "--fence-layers"];
    await expect(trainJob(...spying)).rejects.toThrow(
      /spy\.ts:\d+:\d+: layer "dice" \(Python, Dice\.setup\): it tried to read \/etc\/hostname, which the fence does not allow$/,
    );
    expect(readJobRecord(at("spied")).error).toMatch(/it tried to read \/etc\/hostname/);
  });

  test("trains in a job folder that has all of DIGITS' files, metrics and a curve", async () => {
    const { code, out, err } = await trainJob(
      "--out",
      "job",
      "--layers",
      "my-dice.ts",
      "--epochs",
      "20",
      "--lr",
      "0.5",
      "--mean",
      "none",
    );
    expect(code).toBe(0);
    expect(
      readdirSync(at("job"))
        .filter((name) => !/^snapshot_/.test(name))
        .sort(),
    ).toEqual([
      "caffe_output.log",
      "curve.png",
      "deploy.prototxt",
      "job.json",
      "metrics.jsonl",
      "my-dice.ts",
      "original.prototxt",
      "preview.png",
      "solver.prototxt",
      "train_val.prototxt",
    ]);
    expect(readFileSync(at("job", "original.prototxt"), "utf8")).toBe(tinyNetwork());
    const metrics = readMetrics(at("job", "metrics.jsonl"));
    const val = metrics.filter(({ phase }) => phase === "val");
    expect(val.map(({ iter }) => iter)).toEqual(
      Array.from({ length: 21 }, (_, epoch) => 3 * epoch),
    );
    expect(Object.keys(val[0]!.values).sort()).toEqual(["accuracy", "dice", "loss"]);
    expect(val.at(-1)!.values.dice).toBeGreaterThan(0.99);
    const record = readJobRecord(at("job"));
    expect(record.history.map(({ status }) => status)).toEqual(["initialized", "running", "done"]);
    expect(record.size).toEqual({
      trainCount: 6,
      valCount: 3,
      batchSize: 2,
      valBatchSize: 1,
      maxIter: 60,
    });
    expect(readFileSync(at("job", "caffe_output.log"), "utf8")).toMatch(
      /solver.cpp:\d+\] Iteration 3, Testing net/,
    );
    expect(err.some((line) => line.includes("Train net output #0"))).toBe(true);
    expect(out.join("\n")).toMatch(
      /best val dice: 1 at epoch [\s\S]*20 snapshot\(s\) in job; [\s\S]*curve.png/,
    );
  });

  test("leaves a job that plain `cortado train` trains from within it", async () => {
    const io = recordedIo(at("job"));
    const back = process.cwd();
    process.chdir(at("job"));
    try {
      const { flags } = parseArguments(
        ["--solver=solver.prototxt", "--threads=1"],
        trainCommand.flags,
      );
      expect(await trainCommand.run(flags, [], io)).toBe(0);
    } finally {
      process.chdir(back);
    }
    expect(io.stderr.join("\n")).toContain("Optimization Done.");
  });

  test("augments the training images and label maps alike, and shows the first batch before and after", async () => {
    const args = ["--epochs", "1", "--mean", "none", "--layers", "my-dice.ts", "--prepare-only"];
    await trainJob("--out", "turned", "--augment", "flip,rotate=90,noise=0.2", ...args);
    await trainJob("--out", "straight", ...args);
    expect(readJobRecord(at("turned")).settings.augmentation).toEqual({
      ...{ flipX: true, rotate: 90, noise: 0.2 },
    });
    const text = readFileSync(at("turned", "train_val.prototxt"), "utf8");
    const { layer } = parsePrototxt(text, { message: "NetParameter" });
    const own = { seed: 1, flipX: true, rotate: 90, noise: Math.fround(0.2) };
    expect(layer.slice(0, 4).map((param) => param.augmentationParam)).toEqual([
      own,
      { ...own, content: "LABEL" },
      undefined,
      undefined,
    ]);
    expect(readFileSync(at("turned", "deploy.prototxt"), "utf8")).not.toMatch(/augmentation/);
    const preview = async (job: string) =>
      await decodeImage(readFileSync(at(job, "preview.png")), "preview.png");
    const [straight, turned] = [await preview("straight"), await preview("turned")];
    // Two images of 8 x 8, enlarged 24 times, with a gap; augmented, as many below them.
    expect([straight.width, straight.height]).toEqual([388, 192]);
    expect([turned.width, turned.height]).toEqual([388, 388]);
    const yellow = (from: typeof straight) =>
      from.data.subarray(0, from.data.length / 3).filter((blue, i) => {
        const [green, red] = [1, 2].map((c) => from.data[(c * from.data.length) / 3 + i]);
        return blue === 0 && green === 214 && red === 255;
      }).length;
    expect(yellow(straight)).toBeGreaterThan(100);
    expect(yellow(turned)).toBeGreaterThan(yellow(straight) + 100);
  });

  test("clones a job with its network, its layer and its settings, but for the flags given", async () => {
    const { code } = await run(
      fitCommand,
      "--clone",
      "job",
      "--out",
      "clone",
      "--epochs",
      "1",
      "--prepare-only",
    );
    expect(code).toBe(0);
    const [one, two] = [readJobRecord(at("job")), readJobRecord(at("clone"))];
    expect(two.settings).toEqual({ ...one.settings, epochs: 1, layers: [at("job", "my-dice.ts")] });
    expect(readFileSync(at("clone", "original.prototxt"), "utf8")).toBe(tinyNetwork());
    expect(existsSync(at("clone", "my-dice.ts"))).toBe(true);
  });

  test("refuses a folder that exists, and replaces only a job when forced", async () => {
    await expect(trainJob("--out", "job")).rejects.toThrow("exists already");
    await expect(trainJob("--out", "data", "--force")).rejects.toThrow("has no job.json");
  });

  test("warns of convolutions that start at zero, and says what a Dice of 0 means", async () => {
    writeFileSync(at("zero.prototxt"), tinyNetwork(""));
    const { out, err } = await trainJob(
      "--network",
      "zero.prototxt",
      "--out",
      "zero",
      "--epochs",
      "1",
      "--lr",
      "0",
    );
    expect(err[0]).toBe(
      "note: score: neither a weight_filler nor pretrained weights, so all weights start at 0. " +
        'Add `weight_filler { type: "msra" }` or give --weights.',
    );
    expect(out.join("\n")).toContain(
      "A Dice of 0 means that the net predicts no foreground at all",
    );
  });

  test("ends with DIGITS' sentence where an output is not a number, and keeps the job in error", async () => {
    await expect(trainJob("--out", "nan", "--lr", "1e38", "--epochs", "4")).rejects.toThrow(
      /^Network outputted NaN for "\w+" \((Train|Test) phase\). Try decreasing your learning rate./,
    );
    const { status, error } = readJobRecord(at("nan"));
    expect(status).toBe("error");
    expect(error).toMatch(
      /\(Iteration \d+; the first values that are not finite are in (parameter 0 of|blob "score", top of) layer "score" \(Convolution\)/,
    );
  });

  test("says what to do about weights of another shape", async () => {
    await writeTinyDataset(at("colour"), { channels: 3 });
    const weights = "job/snapshot_iter_60.caffemodel";
    await expect(
      trainJob("--out", "colour-job", "--dataset", "colour", "--weights", weights),
    ).rejects.toThrow(
      "Cannot copy param 0 weights from layer 'score'; shape mismatch.  Source param shape is 2 1 1 1 (2); target " +
        "param shape is 2 3 1 1 (6). To learn this layer's parameters from scratch rather than copying from a saved " +
        "net, rename the layer. (Colour weights want a dataset made with --channels RGB; `cortado surgery` copies " +
        "what fits of other weights.)",
    );
    expect(readJobRecord(at("colour-job")).status).toBe("error");
  });

  test("names what is missing, and leaves no job behind", async () => {
    await expect(trainJob("--out", "none", "--weights", "w.caffemodel")).rejects.toThrow(
      "w.caffemodel do not exist",
    );
    await expect(trainJob("--out", "none", "--dataset", "nowhere")).rejects.toThrow(
      "nowhere is no dataset to train on",
    );
    expect(existsSync(at("none"))).toBe(false);
  });

  test("stops on an interrupt with a snapshot, as an aborted job", async () => {
    const controller = new AbortController();
    const io = { ...recordedIo(folder), signal: controller.signal };
    const draw = () => controller.abort();
    const args = [
      "--dataset",
      "data",
      "--network",
      "net.prototxt",
      "--out",
      "stopped",
      "--threads",
      "1",
    ];
    const { flags } = parseArguments(args, fitCommand.flags);
    await fitCommand.run(flags, [], { ...io, progress: draw });
    expect(readJobRecord(at("stopped")).status).toBe("aborted");
    expect(io.stdout[0]).toBe("Stopped before the end.");
    expect(readdirSync(at("stopped")).filter((name) => name.endsWith(".caffemodel"))).toHaveLength(
      1,
    );
  });
});

describe("fit --resume", () => {
  test("goes on from the newest snapshot to what an unbroken training reaches, bit by bit", async () => {
    const settings = ["--layers", "my-dice.ts", "--epochs", "4", "--lr", "0.5", "--mean", "none"];
    await trainJob("--out", "whole", ...settings);
    await trainJob("--out", "broken", ...settings, "--prepare-only");
    // As a process leaves it that was killed after the second snapshot, in the middle of a line.
    const files = readdirSync(at("whole")).filter((name) => /^snapshot_iter_[36]\./.test(name));
    for (const name of files) copyFileSync(at("whole", name), at("broken", name));
    const lines = readFileSync(at("whole", "metrics.jsonl"), "utf8").split("\n");
    const cut = lines.findIndex((line) => line.startsWith('{"iter":8,'));
    writeFileSync(
      at("broken", "metrics.jsonl"),
      `${lines.slice(0, cut).join("\n")}\n${lines[cut]!.slice(0, 20)}`,
    );
    const { code } = await run(fitCommand, "--resume", "broken", "--threads", "1");
    expect(code).toBe(0);
    expect(readJobRecord(at("broken")).status).toBe("done");
    const weights = "snapshot_iter_12.caffemodel";
    expect(readFileSync(at("broken", weights))).toEqual(readFileSync(at("whole", weights)));
    const values = (job: string) =>
      readMetrics(at(job, "metrics.jsonl")).map(({ time: _time, ...record }) => record);
    expect(values("broken")).toEqual(values("whole"));
  });

  test("starts a job that was only prepared", async () => {
    await trainJob(
      "--out",
      "prepared",
      "--layers",
      "my-dice.ts",
      "--epochs",
      "1",
      "--prepare-only",
    );
    await run(fitCommand, "--resume", "prepared", "--threads", "1");
    expect(readJobRecord(at("prepared")).status).toBe("done");
  });

  test("refuses other settings, and a job that another process trains", async () => {
    await expect(run(fitCommand, "--resume", "prepared", "--lr", "1")).rejects.toThrow(
      "--lr means nothing to --resume",
    );
    const record = {
      ...readJobRecord(at("prepared")),
      status: "running" as const,
      pid: process.pid,
    };
    await writeJobRecord(at("prepared"), record);
    await expect(run(fitCommand, "--resume", "prepared")).rejects.toThrow(
      `is being trained by process ${process.pid}`,
    );
  });
});

describe("infer", () => {
  test("segments an image with a job's newest snapshot and scores it against a label", async () => {
    const bright = Uint8Array.from({ length: TINY_SIZE ** 2 }, (_, i) => (i % 8 < 4 ? 200 : 20));
    const size = { channels: 1, height: TINY_SIZE, width: TINY_SIZE };
    writeFileSync(at("image.png"), await encodePng({ ...size, data: bright }));
    const mask = bright.map((value) => (value === 200 ? 255 : 0));
    writeFileSync(at("label.png"), await encodePng({ ...size, data: mask }));
    const args = ["--job", "job", "--input", "image.png", "--label", "label.png", "--threads", "1"];
    const { out } = await run(inferCommand, ...args, "--out", "found", "--scale", "4");
    expect(out).toEqual([
      "image.png",
      "class  pixels  labelled    Dice     IoU",
      "-----  ------  --------  ------  ------",
      "0          32        32  1.0000  1.0000",
      "1          32        32  1.0000  1.0000",
      "wrote found/image-mask.png",
      "wrote found/image-overlay.png",
      "",
    ]);
    const { default: sharp } = await import("sharp");
    const drawn = await sharp(at("found", "image-overlay.png")).metadata();
    expect([drawn.width, drawn.height]).toEqual([32, 32]);
    const found = await sharp(at("found", "image-mask.png"))
      .raw()
      .toBuffer({ resolveWithObject: true });
    const plane = [...found.data].filter((_, i) => i % found.info.channels === 0);
    expect(plane).toEqual([...mask]);
  });

  test.each(["image", "pixel"])("takes the mean '%s' off as the training did", async (mean) => {
    const out = `mean-${mean}`;
    await trainJob("--out", out, "--epochs", "20", "--lr", "0.5", "--mean", mean);
    const args = ["--job", out, "--input", "image.png", "--label", "label.png", "--threads", "1"];
    const results = JSON.parse((await run(inferCommand, ...args, "--json")).out.join("\n"));
    expect(results[0].classes[1]).toMatchObject({ class: 1, dice: 1 });
    // Without the mean the net sees other values than it was trained on.
    const wrong = await run(inferCommand, ...args, "--mean", "-500", "--json");
    expect(JSON.parse(wrong.out.join("\n"))[0].classes[0].dice).toBeLessThan(1);
  });

  test("deploys a network text as it is", async () => {
    const weights = "job/snapshot_iter_60.caffemodel";
    const args = ["--model", "net.prototxt", "--weights", weights, "--input", "image.png"];
    const { out } = await run(inferCommand, ...args, "--label=label.png", "--threads=1");
    expect(out[4]).toBe("1          32        32  1.0000  1.0000");
  });

  test("says what is missing", async () => {
    writeFileSync(join(folder, "none.prototxt"), 'name: "nothing"');
    await expect(
      run(inferCommand, "--model", "none.prototxt", "--weights", "w", "--input", "image.png"),
    ).rejects.toThrow("none.prototxt: the net has no layers that compute anything");
    await expect(run(inferCommand, "--input", "image.png")).rejects.toThrow(
      "give --model and --weights, or --job",
    );
    await expect(run(inferCommand, "--job", "clone", "--input", "image.png")).rejects.toThrow(
      "has no snapshot yet",
    );
    await expect(
      run(inferCommand, "--job", "job", "--input", "net.prototxt", "--threads", "1"),
    ).rejects.toThrow("net.prototxt");
  });
});
