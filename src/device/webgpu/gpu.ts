/** @file The GPU as kernels see it: memories that are brought there when needed, and recorded work. */
import { type Heap, mebi } from "../../core/heap.ts";
import type { DeviceCopy, SyncedMemory } from "../../core/synced-memory.ts";
import { CaffeError } from "../../errors.ts";
import type { TransferCounts } from "../device.ts";
import { MAP_READ, bufferBytes, usage } from "./buffers.ts";

const MEBI = 2 ** 20;
/** Floats that are copied out of the shared heap at once: Dawn takes no shared memory. */
const CHUNK = 1 << 20;
/** How many passes may wait for the GPU before the host waits for it. */
const MAX_AHEAD = 3;
/**
 * Multiply-adds of one submission. Systems take a GPU that works on one for seconds (two under Windows) for
 * stuck, and reset it: so much takes the weakest ones that make sense half a second.
 */
const MOST_WORK = 5e10;
/** Buffers for reading back that are kept for the next time; larger ones are for snapshots. */
const KEPT_STAGING = 16 * MEBI;

/** The buffer of a memory. */
interface GpuCopy extends DeviceCopy {
  readonly buffer: GPUBuffer;
  /** The recording that last used it. */
  recording: number;
}

/**
 * Records work for a GPU and submits it in one piece. A memory that a kernel reads is uploaded where
 * the host has newer values, and nothing comes back but what is asked for.
 */
export class Gpu {
  readonly device: GPUDevice;
  readonly heap: Heap;
  readonly instance: GPU;
  readonly counts: TransferCounts = { submissions: 0, dispatches: 0, bytesUp: 0, bytesDown: 0 };
  readonly #copies = new WeakMap<SyncedMemory, GpuCopy>();
  /** By their text, for as long as a task holds them: a process may go through many nets. */
  readonly #pipelines = new Map<string, WeakRef<GPUComputePipeline>>();
  readonly #forgotten = new FinalizationRegistry<string>((code) => {
    if (!this.#pipelines.get(code)?.deref()) this.#pipelines.delete(code);
  });
  readonly #staging: GPUBuffer[] = [];
  readonly #ahead: Promise<void>[] = [];
  readonly #chunk = new Float32Array(CHUNK);
  #encoder: GPUCommandEncoder | undefined;
  #pass: GPUComputePassEncoder | undefined;
  #recording = 1;
  #submissionDue: Promise<void> | undefined;
  /** Multiply-adds that are recorded. */
  #work = 0;
  /** Bytes of all buffers of memories. */
  #bytes = 0;
  #problem: string | undefined;
  #isDisposed = false;

  /** @param instance what the device came from: Dawn lets it go, and crashes, when nobody holds it */
  constructor(device: GPUDevice, heap: Heap, instance: GPU) {
    this.device = device;
    this.instance = instance;
    this.heap = heap;
    device.onuncapturederror = (event) => {
      event.preventDefault(); // Dawn would print each in full.
      const { error } = event;
      const isMemory = error.constructor.name === "GPUOutOfMemoryError";
      this.#problem ??= isMemory ? this.#outOfMemory() : inOneLine(error.message);
    };
    device.lost.then(({ message }) => {
      // A later error is a consequence, an earlier one of memory the cause.
      if (!this.#isDisposed) this.#problem ??= lost(message);
    });
  }

  /** Whether something went wrong on the device, after which nothing on it is to be trusted. */
  get hasFailed(): boolean {
    return this.#problem !== undefined;
  }

  /** Bytes of the largest buffer that a kernel can use. */
  get largestBlob(): number {
    const { maxBufferSize, maxStorageBufferBindingSize } = this.device.limits;
    return Math.min(maxBufferSize, maxStorageBufferBindingSize);
  }

  /** The buffer of a memory, with the newest values in it. */
  read(memory: SyncedMemory): GPUBuffer {
    const copy = this.#copyOf(memory);
    if (memory.isCleared) {
      this.#clear(memory, copy);
    } else if (memory.newest === "host" && memory.isOnHost) {
      this.#upload(memory, copy);
      memory.newest = "both";
    }
    copy.recording = this.#recording;
    return copy.buffer;
  }

  /** The buffer of a memory of which all that counts will be written. */
  write(memory: SyncedMemory): GPUBuffer {
    const copy = this.#copyOf(memory);
    copy.recording = this.#recording;
    memory.isCleared = false;
    memory.newest = "device";
    return copy.buffer;
  }

  /** The buffer of a memory that will be read and written. */
  update(memory: SyncedMemory): GPUBuffer {
    const buffer = this.read(memory);
    memory.newest = "device";
    return buffer;
  }

  /** The compiled module, one for each text. Its entry point is `main`. */
  pipeline(label: string, code: string): GPUComputePipeline {
    const known = this.#pipelines.get(code)?.deref();
    if (known) return known;
    const module = this.device.createShaderModule({ label, code });
    const compute = { module, entryPoint: "main" };
    const pipeline = this.device.createComputePipeline({ label, layout: "auto", compute });
    this.#pipelines.set(code, new WeakRef(pipeline));
    this.#forgotten.register(pipeline, code);
    return pipeline;
  }

  /**
   * Records one dispatch.
   * @param work about how many multiply-adds it is
   */
  dispatch(
    pipeline: GPUComputePipeline,
    bindings: GPUBindGroup,
    [x, y, z]: readonly [number, number, number],
    work = 0,
  ): void {
    if (this.#work > 0 && this.#work + work > MOST_WORK) this.submit();
    this.#work += work;
    this.#encoder ??= this.device.createCommandEncoder();
    this.#pass ??= this.#encoder.beginComputePass();
    this.#pass.setPipeline(pipeline);
    this.#pass.setBindGroup(0, bindings);
    this.#pass.dispatchWorkgroups(x, y, z);
    this.counts.dispatches++;
  }

  /** Submits what was recorded. */
  submit(): void {
    if (!this.#encoder) return;
    this.#endPass();
    this.device.queue.submit([this.#encoder.finish()]);
    this.#encoder = undefined;
    this.#work = 0;
    this.#recording++;
    this.counts.submissions++;
  }

  /** Submits, and waits while the GPU is several passes behind. */
  async keepPace(): Promise<void> {
    this.submit();
    this.#ahead.push(this.#workDone());
    if (this.#ahead.length > MAX_AHEAD) await this.#ahead.shift();
    this.check();
  }

  /** Submits, and waits until the GPU has done everything. */
  async finish(): Promise<void> {
    this.submit();
    this.#ahead.length = 0;
    await this.#workDone();
    this.check();
  }

  /** @throws CaffeError for the first thing that went wrong on the device */
  check(): void {
    if (this.#problem === undefined) return;
    throw new CaffeError("gpu", `the GPU reports an error: ${this.#problem}`);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.device.destroy();
  }

  /** Waits for what was submitted; where that fails, the error is for `check`. */
  async #workDone(): Promise<void> {
    try {
      await this.device.queue.onSubmittedWorkDone();
    } catch (error) {
      this.#problem ??= lost(error instanceof Error ? error.message : String(error));
    }
  }

  #outOfMemory(): string {
    return (
      `its memory is full (the nets of this process want ${mebi(this.#bytes)}); use a smaller batch ` +
      "(iter_size adds batches up) or a smaller input"
    );
  }

  #copyOf(memory: SyncedMemory): GpuCopy {
    const known = this.#copies.get(memory);
    if (known) return known;
    const bytes = bufferBytes(memory.capacity);
    const limit = this.largestBlob;
    if (bytes > limit) {
      throw new CaffeError(
        "out-of-memory",
        `a blob of ${bytes} bytes is larger than this GPU can bind (${limit} bytes). Use a smaller batch or input`,
      );
    }
    const buffer = this.device.createBuffer({
      size: bytes,
      usage: usage.storage | usage.copySource | usage.copyTarget,
    });
    this.#bytes += bytes;
    const copy: GpuCopy = {
      buffer,
      recording: 0,
      download: (into) => this.#download(copy, into),
      dispose: () => this.#destroy(copy),
    };
    this.#copies.set(memory, copy);
    memory.copy = copy;
    return copy;
  }

  /** What was recorded may still use the buffer; what was submitted keeps it alive by itself. */
  #destroy({ buffer, recording }: GpuCopy): void {
    if (recording === this.#recording) this.submit();
    this.#bytes -= buffer.size;
    buffer.destroy();
  }

  #clear(memory: SyncedMemory, copy: GpuCopy): void {
    this.#endPass();
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.clearBuffer(copy.buffer);
    memory.isCleared = false;
    memory.newest = "device";
  }

  /** Work that is recorded and uses the buffer must see the values from before. */
  #upload(memory: SyncedMemory, copy: GpuCopy): void {
    if (copy.recording === this.#recording) this.submit();
    const values = memory.hostView();
    for (let at = 0; at < values.length; at += CHUNK) {
      const part = values.subarray(at, at + CHUNK);
      this.#chunk.set(part);
      this.device.queue.writeBuffer(copy.buffer, 4 * at, this.#chunk, 0, part.length);
    }
    this.counts.bytesUp += 4 * values.length;
  }

  async #download(copy: GpuCopy, into: Float32Array): Promise<void> {
    const bytes = 4 * into.length;
    if (bytes === 0) return;
    const staging = this.#takeStaging(bytes);
    this.#endPass();
    this.#encoder ??= this.device.createCommandEncoder();
    this.#encoder.copyBufferToBuffer(copy.buffer, 0, staging, 0, bytes);
    await this.#submitSoon();
    try {
      await staging.mapAsync(MAP_READ, 0, bytes);
    } catch (error) {
      this.check();
      const reason = inOneLine(error instanceof Error ? error.message : String(error));
      throw new CaffeError("gpu", `values cannot be read back from the GPU: ${reason}`);
    }
    this.check();
    into.set(new Float32Array(staging.getMappedRange(0, bytes)));
    staging.unmap();
    if (staging.size <= KEPT_STAGING) this.#staging.push(staging);
    else staging.destroy();
    this.counts.bytesDown += bytes;
  }

  /** One submission for all that is asked for in one turn. */
  #submitSoon(): Promise<void> {
    this.#submissionDue ??= Promise.resolve().then(() => {
      this.#submissionDue = undefined;
      this.submit();
    });
    return this.#submissionDue;
  }

  /** The smallest free buffer that is large enough, or a new one. */
  #takeStaging(bytes: number): GPUBuffer {
    const fitting = this.#staging.filter(({ size }) => size >= bytes);
    const best = fitting.reduce<GPUBuffer | undefined>(
      (least, buffer) => (least && least.size <= buffer.size ? least : buffer),
      undefined,
    );
    if (!best) {
      const size = bufferBytes(bytes / 4);
      return this.device.createBuffer({ size, usage: usage.mapRead | usage.copyTarget });
    }
    this.#staging.splice(this.#staging.indexOf(best), 1);
    return best;
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}

/** What Dawn says in several lines, with the whole call that failed; labels name the layer. */
function inOneLine(message: string): string {
  const [line = ""] = message.split("\n");
  const label = message.match(/""?([^"\n]+)""?/)?.[1];
  return label === undefined || line.includes(label) ? line : `${line} (${label})`;
}

function lost(message: string): string {
  return (
    `it was lost: ${inOneLine(message)} (a driver resets a GPU that works too long on one piece, or whose ` +
    "memory is full); a training goes on from its last snapshot"
  );
}
