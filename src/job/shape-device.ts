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

  override floats(): Float32Array {
    return NO_FLOATS;
  }

  override ints(): Int32Array {
    return NO_INTS;
  }
}

/** Opens the device; fillers and layers' set-up cost nothing on it, however large the net. */
export function openShapeDevice(): Device {
  const heap = new ShapeHeap();
  const none = () => {};
  const engine: Engine = {
    ...{ heap, threads: 1 },
    ...{ gemm: none, copy: none, fill: none, axpby: none, add: none, mul: none, relu: none },
    ...{ reluGradient: none, addBias: none, biasGradient: none, sgdStep: none, dispose: none },
    dot: () => 0,
    planConvolution: () => ({
      correlate: none,
      scatter: none,
      weightGradient: none,
      dispose: none,
    }),
  };
  return { name: "shapes", heap, engine, kernel: () => undefined, dispose: none };
}
