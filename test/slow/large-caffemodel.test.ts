/** @file A model of 228 MB, as FCN-AlexNet's is: reading it takes the file and the floats, and no more. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createMessage } from "../../src/schema/index.ts";
import { writeCaffemodel } from "../../src/model-file/index.ts";
import { hasBuild, startBuilt } from "../support/run-built.ts";
import { temporaryFolder } from "../support/solver.ts";

test.skipIf(!hasBuild)(
  "is read in little more than twice its size (needs npm run build)",
  async () => {
    using folder = temporaryFolder();
    const path = join(folder.path, "large.caffemodel");
    const blobs = [37_748_736, 16_777_216, 2_400_000].map((length) =>
      createMessage("BlobProto", {
        shape: createMessage("BlobShape", { dim: [length] }),
        data: new Float32Array(length).fill(0.5),
      }),
    );
    const layer = [createMessage("LayerParameter", { name: "fc", blobs })];
    await writeCaffemodel(path, createMessage("NetParameter", { layer }));
    const { size } = statSync(path);
    expect(size / 1e6).toBeCloseTo(227.7, 0);
    const { ended } = startBuilt(
      { "model-file/index.js": "readCaffemodel" },
      `const before = process.resourceUsage().maxRSS;
     const net = await readCaffemodel(${JSON.stringify(path)});
     const sum = net.layer[0].blobs.reduce((total, { data }) => total + data.at(-1), 0);
     console.log(JSON.stringify({ sum, grown: 1024 * (process.resourceUsage().maxRSS - before) }));`,
    );
    const { code, output } = await ended;
    expect(code, output).toBe(0);
    const { sum, grown } = JSON.parse(output) as { sum: number; grown: number };
    expect(sum).toBe(1.5);
    expect(grown / size).toBeLessThan(2.2);
  },
);
