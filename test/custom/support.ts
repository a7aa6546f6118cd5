/** @file What the tests of custom layers share: layer files in a folder of their own, and a net around one. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { Blob } from "../../src/core/blob.ts";
import { fill } from "../../src/core/filler.ts";
import { Heap } from "../../src/core/heap.ts";
import { createRandom } from "../../src/core/random.ts";
import type { Shape } from "../../src/core/shape.ts";
import type { FillerParameter } from "../../src/schema/index.ts";
import type { FenceOptions } from "../../src/core/fence-options.ts";
import { FencedLayer, HostedLayer, loadCustomLayer, parseParams } from "../../src/custom/index.ts";

/** Writes files to a new folder, which goes when the test ends. */
export function folderWith(files: Readonly<Record<string, string>>): string {
  const folder = mkdtempSync(join(tmpdir(), "cortado-layers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

/** A blob as a net makes one, with values if given. */
export function blobOf(heap: Heap, shape: Shape, values?: ArrayLike<number>): Blob {
  const blob = new Blob(heap, shape);
  if (values) blob.set(values);
  return blob;
}

export interface Rig {
  readonly layer: HostedLayer | FencedLayer;
  readonly bottoms: Blob[];
  readonly tops: Blob[];
  /** Reshape and forward. @returns the values of the first top */
  run(): number[];
}

interface RigOptions {
  readonly module: string;
  readonly className: string;
  readonly path?: readonly string[];
  readonly bottoms: readonly { shape: Shape; values?: ArrayLike<number> }[];
  readonly tops?: number;
  readonly paramStr?: string;
  readonly seed?: number;
  /** Runs the layer in a process of its own. */
  readonly fence?: FenceOptions | undefined;
  readonly onPrint?: (text: string) => void;
}

/** One custom layer with bottoms and tops, driven as a net does it. */
export async function rigOf(options: RigOptions): Promise<Rig> {
  const { module, className, path = [], paramStr = "" } = options;
  const heap = new Heap();
  const bottoms = options.bottoms.map(({ shape, values }) => blobOf(heap, shape, values));
  const tops = Array.from({ length: options.tops ?? 1 }, () => new Blob(heap, [0]));
  const random = createRandom(options.seed ?? 1);
  const context = {
    name: "custom",
    paramStr,
    phase: "TRAIN" as const,
    random,
    readParams: () => parseParams(paramStr),
    resolvePath: (file: string) => file,
    createBlob: (shape: Shape, filler: FillerParameter) => {
      const blob = new Blob(heap, shape);
      fill(blob, filler, random);
      return blob;
    },
  };
  const { fence, onPrint = () => {} } = options;
  const source = { module, className, layerPath: path, bottoms, tops, heap, onPrint };
  const layer = fence
    ? await FencedLayer.create({ ...source, fence }, context)
    : await HostedLayer.create(
        await loadCustomLayer(module, className, path),
        context,
        bottoms,
        tops,
      );
  if (fence) onTestFinished(() => layer.dispose?.());
  layer.reshape(bottoms, tops);
  const run = () => {
    layer.reshape(bottoms, tops);
    layer.forward(bottoms, tops);
    return [...(tops[0]?.data ?? [])];
  };
  return { layer, bottoms, tops, run };
}

/** Deterministic numbers in (-1, 1), all different. */
export function noise(n: number, seed = 1): Float32Array {
  return Float32Array.from({ length: n }, (_, i) => Math.sin(12.9898 * (i + 1) * seed) * 0.999);
}

/** Central differences of a function in float64. */
export function numericGradient(
  f: (x: Float64Array) => number,
  at: ArrayLike<number>,
  step = 1e-5,
): number[] {
  return Array.from(at, (_, i) => {
    const moved = (by: number) => {
      const x = Float64Array.from(at);
      x[i]! += by;
      return f(x);
    };
    return (moved(step) - moved(-step)) / (2 * step);
  });
}
