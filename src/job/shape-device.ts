/** @file A device for looking at shapes: nets are built on it without a byte of memory, and cannot run. */
import type { Engine } from "../core/engine.ts";
import { Heap, type Pointer } from "../core/heap.ts";
import type { Device } from "../device/index.ts";

const NO_FLOATS = new Float32Array(0);
const NO_INTS = new Int32Array(0);

/** Hands out no memory: every view of it is empty, and writing into it is lost. */
class ShapeHeap extends Heap {
  override allocate(): Pointer {
    return 0;
  }

  override free(): void {}

  /** A net of any size can be looked at. */
  override get limitBytes(): number {
    return Number.POSITIVE_INFINITY;
  }

  override floats(): Float32Array {
    return NO_FLOATS;
  }

  override ints(): Int32Array {
    return NO_INTS;
  }
}

/**
 * Opens the device; fillers and layers' set-up cost nothing on it, however large the net.
 * @param like a device whose kernels layers get, as if they were to run there
 */
export function openShapeDevice(like?: Device): Device {
  const heap = new ShapeHeap();
  const nothing = () => plan;
  const plan = { correlate: nothing, scatter: nothing, weightGradient: nothing, dispose: nothing };
  // Every kernel, whatever its name, does nothing; what prepares a convolution returns nothing to run.
  const facts: Pick<Engine, "heap" | "threads"> = { heap, threads: 1 };
  const engine = new Proxy(facts as Engine, {
    get: (known, name) => Reflect.get(known, name) ?? nothing,
  });
  const shapes = { name: like?.name ?? "shapes", heap, engine, dispose: () => {} };
  if (!like?.remote) return { ...shapes, kernel: () => undefined };
  // What is too large for the device can be looked at.
  const { largestBlob: _, ...remote } = like.remote;
  return { ...shapes, kernel: (request) => like.kernel(request), remote };
}
