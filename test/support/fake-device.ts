/** @file A device with memory of its own for tests of the frame: it computes as the CPU does, bit by bit. */
import type { Blob } from "../../src/core/blob.ts";
import type { DeviceCopy, SyncedMemory } from "../../src/core/synced-memory.ts";
import type {
  Device,
  DeviceUpdater,
  KernelRequest,
  LayerKernel,
  LossLog,
  Remote,
  TransferCounts,
  UpdatedParameter,
} from "../../src/device/device.ts";
import { openCpuDevice } from "../../src/device/index.ts";
import type { SolverType, UpdateConstants } from "../../src/device/update.ts";
import type { Net } from "../../src/net/net.ts";
import { updateRules } from "../../src/solver/rules.ts";

/** What went over, or ran; in order. */
type FakeEvent =
  | { readonly kind: "up" | "down"; readonly memory: SyncedMemory }
  | { readonly kind: "run"; readonly what: string };

export interface FakeDevice extends Device {
  readonly remote: Remote & { readonly counts: TransferCounts };
  readonly events: FakeEvent[];
  /** Copies of memories that are not disposed of. */
  readonly live: ReadonlySet<DeviceCopy>;
  /** What happened since the last time this was asked, memories named as the net names them. */
  told(net: Net): string[];
}

interface FakeOptions {
  /** Which layers the device has code of its own for; default: all that have bottoms. */
  readonly has?: (request: KernelRequest) => boolean;
  /** Whether host layers need their blobs before they run, as on a GPU that nobody can wait for; default true. */
  readonly needsSync?: boolean;
  readonly largestBlob?: number;
  /** Default: a CPU device of its own, with one thread. */
  readonly cpu?: Device;
}

/**
 * Opens a device whose copies are arrays outside the heap. Its kernels run a layer's own host code on
 * them, and fill with NaN what the host has of the results: whoever reads a stale value shows it.
 */
export function openFakeDevice(options: FakeOptions = {}): FakeDevice {
  const { has = () => true, needsSync = true, cpu = openCpuDevice({ threads: 1 }) } = options;
  const memory = new FakeMemory(needsSync);
  return {
    name: "fake",
    heap: cpu.heap,
    engine: cpu.engine,
    kernel: (request) =>
      request.bottomBlobs.length > 0 && has(request) ? fakeKernel(memory, request) : undefined,
    remote: {
      counts: memory.counts,
      needsSync,
      ...(options.largestBlob === undefined ? {} : { largestBlob: options.largestBlob }),
      createLossLog: () => fakeLossLog(memory, cpu),
      createUpdater: (...request) => fakeUpdater(memory, cpu, ...request),
      async submit() {
        memory.counts.submissions++;
      },
      async finish() {},
    },
    events: memory.events,
    live: memory.live,
    told: (net) => memory.events.splice(0).map((event) => textOf(event, net)),
    dispose: () => cpu.dispose(),
  };
}

function textOf(event: FakeEvent, net: Net): string {
  if (event.kind === "run") return event.what;
  return `${event.kind} ${nameOf(event.memory, net)}`;
}

/** "x", "diff of x", "ip[0]", "diff of ip[0]". */
function nameOf(memory: SyncedMemory, net: Net): string {
  const params = [...net.params].flatMap(([name, blobs]) =>
    blobs.map((blob, i) => [`${name}[${i}]`, blob] as const),
  );
  for (const [name, blob] of [...params, ...net.blobs]) {
    if (blob.dataMemory === memory) return name;
    if (blob.hasDiff && blob.diffMemory === memory) return `diff of ${name}`;
  }
  return "something else";
}

/** How code that runs on the device uses a memory. */
type Use = "read" | "write" | "update";

class FakeMemory {
  readonly counts: TransferCounts = { submissions: 0, dispatches: 0, bytesUp: 0, bytesDown: 0 };
  readonly events: FakeEvent[] = [];
  readonly live = new Set<DeviceCopy>();
  readonly #values = new Map<SyncedMemory, Float32Array>();
  readonly #canWait: boolean;

  constructor(needsSync: boolean) {
    this.#canWait = !needsSync;
  }

  /** Runs host code that finds the device's values in place of the host's. */
  run(what: string, uses: ReadonlyMap<SyncedMemory, Use>, code: () => void): void {
    const before = [...uses].map(([memory, use]) => {
      const values = this.#valuesOf(memory);
      if (use === "write") memory.isCleared = false;
      else if (!memory.isCleared) this.#upload(memory, values);
      memory.hostView().set(values);
      const { newest, isCleared } = memory;
      memory.newest = "host";
      return { memory, isOnlyRead: use === "read" && !isCleared, values, newest };
    });
    this.events.push({ kind: "run", what });
    this.counts.dispatches++;
    code();
    for (const { memory, isOnlyRead, values, newest } of before) {
      if (isOnlyRead || memory.isCleared) {
        memory.newest = newest;
      } else {
        values.set(memory.hostView());
        memory.newest = "device";
      }
      if (memory.newest === "device") memory.hostView().fill(Number.NaN);
    }
  }

  #valuesOf(memory: SyncedMemory): Float32Array {
    const known = this.#values.get(memory);
    if (known) return known;
    const values = new Float32Array(memory.capacity);
    const download = (into: Float32Array) => {
      this.events.push({ kind: "down", memory });
      this.counts.bytesDown += 4 * into.length;
      into.set(values.subarray(0, into.length));
    };
    const copy: DeviceCopy = {
      download: async (into) => download(into),
      ...(this.#canWait ? { downloadNow: download } : {}),
      dispose: () => {
        this.live.delete(copy);
        this.#values.delete(memory);
      },
    };
    memory.copy = copy;
    this.live.add(copy);
    this.#values.set(memory, values);
    return values;
  }

  #upload(memory: SyncedMemory, values: Float32Array): void {
    if (memory.newest !== "host") return;
    memory.newest = "both";
    if (!memory.isOnHost) return;
    this.events.push({ kind: "up", memory });
    this.counts.bytesUp += 4 * values.length;
    values.set(memory.hostView());
  }
}

/** Memories with their uses; one that is read and written is updated. */
function usesOf(...groups: readonly (readonly [Use, readonly SyncedMemory[]])[]) {
  const uses = new Map<SyncedMemory, Use>();
  for (const [use, memories] of groups) {
    for (const memory of memories) {
      const known = uses.get(memory);
      uses.set(memory, known && known !== use ? "update" : use);
    }
  }
  return uses;
}

const dataOf = (blobs: readonly Blob[]) => blobs.map((blob) => blob.dataMemory);
const diffOf = (blobs: readonly Blob[]) => blobs.map((blob) => blob.diffMemory);

function fakeKernel(device: FakeMemory, { name, type, layer }: KernelRequest): LayerKernel {
  const learned = () => layer.blobs.filter((_, i) => layer.paramPropagateDown?.[i]);
  return {
    forward(bottoms, tops) {
      if (type === "Split") return layer.forward(bottoms, tops);
      const statistics = type === "BatchNorm" ? "update" : "read";
      const uses = usesOf(
        ["read", dataOf(bottoms)],
        [statistics, dataOf(layer.blobs)],
        ["write", dataOf(tops)],
      );
      device.run(`${name} forward`, uses, () => layer.forward(bottoms, tops));
    },
    backward(tops, propagateDown, bottoms) {
      const uses = usesOf(
        ["read", [...diffOf(tops), ...(type === "Split" ? [] : dataOf([...tops, ...bottoms]))]],
        ["read", dataOf(layer.blobs)],
        ["update", diffOf(learned())],
        ["write", diffOf(bottoms.filter((_, i) => propagateDown[i]))],
      );
      device.run(`${name} backward`, uses, () => layer.backward?.(tops, propagateDown, bottoms));
    },
  };
}

function fakeLossLog(device: FakeMemory, { engine }: Device): LossLog {
  const losses: number[] = [];
  return {
    size: 8,
    start: () => void losses.push(0),
    add(top, weight) {
      const uses = usesOf(["read", dataOf([top])], ["write", diffOf([top])]);
      device.run("loss", uses, () => {
        top.diff.fill(weight);
        losses[losses.length - 1]! +=
          top.count === 1
            ? Math.fround(weight * top.data[0]!)
            : engine.dot(top.count, top.dataPointer, top.diffPointer);
      });
    },
    read: async (count) => Float32Array.from(losses.slice(-count)),
    dispose() {},
  };
}

function fakeUpdater(
  device: FakeMemory,
  { engine }: Device,
  type: SolverType,
  constants: UpdateConstants,
  params: readonly UpdatedParameter[],
  limit?: number,
): DeviceUpdater {
  const norms: number[] = [];
  function squares(): number {
    let sum = 0;
    for (const { blob } of params) {
      device.run("norm", usesOf(["read", diffOf([blob])]), () => {
        sum += engine.dot(blob.count, blob.diffPointer, blob.diffPointer);
      });
    }
    return sum;
  }
  /** What gradients are multiplied with, so that their norm is at most the limit. */
  function factor(): number {
    if (limit === undefined) return 1;
    const norm = Math.sqrt(squares());
    norms.push(norm);
    return norm > limit ? Math.fround(limit / norm) : 1;
  }
  return {
    squaredNorm: async () => squares(),
    normsKept: 4,
    readNorms: async (count) => Float32Array.from(norms.slice(-count)),
    apply(rate, given, iter) {
      const scale = given * factor();
      for (const { blob, history, lrMult, decay } of params) {
        const own = Math.fround(rate * lrMult);
        const uses = usesOf(["update", [...dataOf([blob, ...history]), ...diffOf([blob])]]);
        device.run("update", uses, () =>
          updateRules[type].update({
            ...{ engine, constants, blob, history, decay, scale, iter },
            rate: own,
          }),
        );
      }
    },
    dispose() {},
  };
}
