/** @file Data layers on the files that Caffe's own data layers read, batch by batch. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import type { Phase } from "../../src/schema/index.ts";
import { expectClose } from "../support/allclose.ts";
import { floatsOf } from "../support/floats.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

interface BlobEntry {
  readonly blob: string;
  readonly shape: readonly number[];
  readonly file: string;
}

interface Manifest {
  /** Absent where nothing depends on it. */
  readonly phase?: Phase;
  readonly caffe_random_seed?: number | null;
  readonly setup_shapes: Readonly<Record<string, readonly number[]>>;
  readonly steps: readonly { readonly blobs: readonly BlobEntry[] }[];
  /** The arrays that a MemoryData layer is given. */
  readonly source?: {
    readonly data: { readonly file: string };
    readonly label: { readonly file: string };
  };
}

/** The cases of layers that read what lies in the case's folder. */
function dataCases(): string[] {
  const rows = readFileSync(sharedPath("golden/data/INDEX.tsv"), "utf8").trim().split("\n");
  const types = new Set(["Data", "ImageData", "MemoryData", "WindowData"]);
  return rows.filter((row) => types.has(row.split("\t")[2]!)).map((row) => row.split("\t")[0]!);
}

describe.skipIf(!hasShared)("Data layers against Caffe's (needs ../shared)", () => {
  test("there are cases", () => {
    expect(dataCases().length).toBeGreaterThan(10);
  });

  test.each(hasShared ? dataCases() : [])("gives the batches of %s", async (name) => {
    const folder = sharedPath("golden/data", name);
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as Manifest;
    const net = await Net.load(`${folder}/net.prototxt`, {
      phase: manifest.phase,
      root: folder,
      seed: manifest.caffe_random_seed ?? undefined,
    });
    try {
      for (const [blob, shape] of Object.entries(manifest.setup_shapes)) {
        expect(net.blobs.get(blob)?.shape).toEqual(shape);
      }
      if (manifest.source) {
        const { data, label } = manifest.source;
        net.setInputArrays(floatsOf(`${folder}/${data.file}`), floatsOf(`${folder}/${label.file}`));
      }
      for (const { blobs } of manifest.steps) {
        await net.run();
        for (const { blob, shape, file } of blobs) {
          expect(net.blobs.get(blob)?.shape).toEqual(shape);
          expectClose(net.blobs.get(blob)!.data, floatsOf(`${folder}/${file}`));
        }
      }
    } finally {
      net.dispose();
    }
  });
});
