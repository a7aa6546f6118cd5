/** @file The arithmetic of transform_param on the GPU: pixels go up as their records hold them. */
import type { Blob } from "../../../core/blob.ts";
import type { PixelArithmetic, PixelArray } from "../../../core/pixel-batches.ts";
import type { Shape } from "../../../core/shape.ts";
import { SyncedMemory } from "../../../core/synced-memory.ts";
import type { Gpu } from "../gpu.ts";
import { type Argument, type Task, createTask, reads, writes } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import type { KernelFactory } from "./kernel.ts";

/** Words of an image's cut: top, left, whether it is mirrored. */
const CUT_WORDS = 3;

/** What is prepared for batches of one shape and size of values. */
interface Upload {
  readonly isFor: (top: Blob, bytes: 1 | 2) => boolean;
  readonly memory: SyncedMemory;
  readonly cuts: Uint32Array;
  readonly pixels: PixelArray;
  readonly task: Task;
}

/** Data and ImageData: bytes go up in place of floats, a quarter as much. Floats take the host's way. */
export const pixelSource: KernelFactory = (gpu, { name, layer }) => {
  const source = layer.pixelBatches;
  // Infinity has no literal in WGSL.
  if (!source?.arithmetic.meanValues.every(Number.isFinite)) return undefined;
  const mean = meanMemory(gpu, source.arithmetic);
  let upload: Upload | undefined;
  return {
    forward(bottoms, tops) {
      const bytes = source.bytesPerValue();
      // Tops are written whole: what the GPU has of them counts no more.
      for (const { dataMemory } of tops) {
        if (dataMemory.newest === "device") dataMemory.newest = "host";
      }
      if (bytes === 0) {
        layer.forward(bottoms, tops);
        return;
      }
      const top = tops[0]!;
      if (!upload?.isFor(top, bytes)) {
        upload?.memory.release();
        upload = prepare(gpu, name, source.arithmetic, mean, top, bytes);
      }
      source.take(tops, upload.pixels, upload.cuts);
      upload.memory.newest = "host";
      upload.task.run();
    },
    dispose() {
      upload?.memory.release();
      mean?.release();
    },
  };
};

function meanMemory(gpu: Gpu, { meanImage }: PixelArithmetic): SyncedMemory | undefined {
  if (!meanImage) return undefined;
  const memory = new SyncedMemory(gpu.heap, meanImage.data.length);
  memory.hostView().set(meanImage.data);
  return memory;
}

function prepare(
  gpu: Gpu,
  label: string,
  arithmetic: PixelArithmetic,
  mean: SyncedMemory | undefined,
  top: Blob,
  bytes: 1 | 2,
): Upload {
  const { shape, count } = top;
  const images = shape[0]!;
  const hasCuts = arithmetic.mayMirror || mean !== undefined;
  const header = hasCuts ? CUT_WORDS * images : 0;
  const memory = new SyncedMemory(gpu.heap, header + Math.ceil((count * bytes) / 4));
  const { buffer, byteOffset } = memory.hostView();
  const start = byteOffset + 4 * header;
  const args: Record<string, Argument> = { words: reads(memory, "u32"), y: writes(top) };
  if (mean) args.mean = reads(mean);
  const spec = flatTask(`${label} pixels`, count, args, (v) =>
    pixelCode(arithmetic, shape, bytes, header, v),
  );
  return {
    isFor: (other, size) => size === bytes && other.shape === shape,
    memory,
    cuts: hasCuts
      ? new Uint32Array(buffer, byteOffset, header)
      : new Uint32Array(CUT_WORDS * images),
    pixels:
      bytes === 1 ? new Uint8Array(buffer, start, count) : new Uint16Array(buffer, start, count),
    task: createTask(gpu, spec),
  };
}

/** y[i] for a pixel in one of the words behind the cuts. */
function pixelCode(
  { scale, meanValues, meanImage, mayMirror }: PixelArithmetic,
  [, channels, height, width]: Shape,
  bytes: 1 | 2,
  header: number,
  v: Readonly<Record<string, string>>,
): string {
  const perWord = 4 / bytes;
  const cut = (word: number) => `${v.words}[${CUT_WORDS}u * image + ${word}u]`;
  const mirrored = `select(column, ${width! - 1}u - column, ${cut(2)} == 1u)`;
  return `  let column = i % ${width}u;
  let row = i / ${width}u % ${height}u;
  let channel = i / ${height! * width!}u % ${channels}u;
  let image = i / ${channels! * height! * width!}u;
  let source = ${mayMirror ? mirrored : "column"};
  let place = i - column + source;
  let word = ${v.words}[${header}u + place / ${perWord}u];
  let x = f32((word >> (${8 * bytes}u * (place % ${perWord}u))) & ${2 ** (8 * bytes) - 1}u);
  ${v.y}[i] = (x - ${meanImage ? meanAt(meanImage, cut, v) : meanOf(meanValues)}) * ${float(scale)};`;
}

function meanAt(
  { height, width }: { readonly height: number; readonly width: number },
  cut: (word: number) => string,
  v: Readonly<Record<string, string>>,
): string {
  return `${v.mean}[(channel * ${height}u + ${cut(0)} + row) * ${width}u + ${cut(1)} + source]`;
}

function meanOf(values: readonly number[]): string {
  if (values.length <= 1) return float(values[0] ?? 0);
  return `array<f32, ${values.length}>(${values.map(float).join(", ")})[channel]`;
}
