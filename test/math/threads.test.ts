import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Heap } from "../../src/core/heap.ts";
import { createEngine } from "../../src/math/index.ts";

const source = (path: string) =>
  JSON.stringify(fileURLToPath(new URL(`../../src/${path}`, import.meta.url)));

/** A program of its own with an engine `e`, three blocks of a million floats, and `work()`. */
const PRELUDE = `
  import { Heap } from ${source("core/heap.ts")};
  import { createEngine } from ${source("math/index.ts")};
  const heap = new Heap();
  const e = createEngine(heap, { threads: 3 });
  const [a, b, c] = [0, 1, 2].map(() => heap.allocate(4 << 20));
  const work = () => e.gemm(false, true, 512, 512, 512, 1, a, b, 0, c);
`;

describe("the threads of an engine", () => {
  let folder = "";
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "cortado-threads-"));
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function build(program: string): string {
    const outfile = join(folder, "program.mjs");
    buildSync({
      stdin: { contents: PRELUDE + program, loader: "ts", resolveDir: folder },
      bundle: true,
      platform: "node",
      format: "esm",
      outfile,
    });
    return outfile;
  }

  test.each([
    ["a program that just ends", "work();"],
    ["a program that leaves in the middle", "work(); process.exit(0);"],
    ["a program that ends after a pause", "work(); setTimeout(work, 200);"],
    ["a program that disposes of the engine and works on", "work(); e.dispose(); work();"],
  ])("do not hold up %s", (_name, program) => {
    const { status, signal } = spawnSync(process.execPath, [build(program)], { timeout: 20_000 });
    expect({ status, signal }).toEqual({ status: 0, signal: null });
  });

  test("see memory that was added after they started", () => {
    const program = build(`
      let sum = 0;
      for (let i = 0; i < 300; i++) {
        const n = 100_000;
        const p = heap.allocate(4 * n);
        e.fill(n, 1, p);
        sum += e.dot(n, p, p) / n;
      }
      console.log(sum);
    `);
    const output = execFileSync(process.execPath, [program], { timeout: 20_000, encoding: "utf8" });
    expect(output).toBe("300\n");
  });

  test("run kernels without allocating JavaScript objects", () => {
    const program = build(`
      const plan = e.planConvolution({
        images: 1, groups: 1, imageChannels: 4, outChannels: 8, image: [9, 9], out: [9, 9],
        kernel: [3, 3], stride: [1, 1], pad: [1, 1], dilation: [1, 1],
      });
      const wide = e.planConvolution({
        images: 1, groups: 1, imageChannels: 48, outChannels: 48, image: [16, 16], out: [16, 16],
        kernel: [3, 3], stride: [1, 1], pad: [1, 1], dilation: [1, 1],
      });
      const winograd = () => {
        wide.correlate(a, b, 0, c);
        wide.weightGradient(a, c, b, true);
        wide.scatter(c, b, 0, a);
      };
      const pass = () => {
        e.gemm(false, false, 20, 20, 20, 1, a, b, 0, c);
        e.axpby(100, 0.5, a, 0.25, b);
        e.relu(100, 0.1, a, b);
        plan.correlate(a, b, 0, c);
        plan.weightGradient(a, c, b, true);
        plan.scatter(c, b, 0, a);
      };
      // What each call allocates shows in every round; what the compiler does, in some.
      const bytesPerCall = (run, times) => {
        let least = Infinity;
        for (let round = 0; round < 4; round++) {
          const before = process.memoryUsage().heapUsed;
          for (let i = 0; i < times; i++) run();
          const grown = process.memoryUsage().heapUsed - before;
          if (grown >= 0) least = Math.min(least, grown / times);
        }
        return least;
      };
      console.log(Math.max(bytesPerCall(pass, 10_000) / 6, bytesPerCall(winograd, 600) / 3));
    `);
    const output = execFileSync(
      process.execPath,
      ["--min-semi-space-size=64", "--max-semi-space-size=64", program],
      { timeout: 20_000, encoding: "utf8" },
    );
    expect(Number(output)).toBeLessThan(8);
  });
});

test.each([0, -1, 1.5, 65, Number.NaN])("an engine refuses %d threads", (threads) => {
  expect(() => createEngine(new Heap(), { threads })).toThrow(
    `threads must be a whole number from 1 to 64, not ${threads}`,
  );
});
