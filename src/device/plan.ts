/** @file The execution plan: a net's layers as ordered steps that allocate nothing when they run. */
import type { Blob } from "../core/blob.ts";
import type { Layer } from "../core/layer.ts";
import type { Device, LayerKernel } from "./device.ts";

/** One layer of a net with its blobs, as the plan runs it. */
export interface PlannedLayer {
  readonly name: string;
  readonly type: string;
  readonly layer: Layer;
  readonly bottomBlobs: readonly Blob[];
  readonly topBlobs: readonly Blob[];
  /** Loss weight of each top; 0 where it adds nothing to the loss. */
  readonly lossWeights: readonly number[];
  readonly propagateDown: readonly boolean[];
  readonly needsBackward: boolean;
}

/** Told the time of each layer's pass, in milliseconds; for `time`. */
export type StepTimer = (layerIndex: number, pass: "forward" | "backward", ms: number) => void;

interface Step extends PlannedLayer {
  readonly kernel: LayerKernel;
  /** Versions of the bottoms at the last reshape. */
  readonly seen: Float64Array;
}

/** The order of work of one net on one device; built once. */
export class ExecutionPlan {
  timer: StepTimer | undefined;
  readonly #steps: readonly Step[];
  readonly #device: Device;

  constructor(layers: readonly PlannedLayer[], device: Device) {
    this.#device = device;
    this.#steps = layers.map((planned) => ({
      ...planned,
      kernel: device.kernel(planned.type, planned.layer) ?? planned.layer,
      seen: Float64Array.from(planned.bottomBlobs, (blob) => blob.version),
    }));
  }

  /** Runs all layers forward. @returns the weighted loss, summed over the layers */
  async forward(): Promise<number> {
    let loss = 0;
    for (let index = 0; index < this.#steps.length; index++) {
      const step = this.#steps[index]!;
      if (step.layer.prepare) await step.layer.prepare();
      const start = this.timer ? performance.now() : 0;
      if (step.layer.reshapesEachForward || bottomsChanged(step)) this.#reshape(step);
      step.kernel.forward(step.bottomBlobs, step.topBlobs);
      loss += this.#lossOf(step);
      this.timer?.(index, "forward", performance.now() - start);
    }
    return loss;
  }

  /**
   * Runs backward, last layer first, the layers that need it.
   * @param everyLayer also the others, as Caffe's `time` does
   */
  backward(everyLayer = false): void {
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index]!;
      if (!step.needsBackward && !everyLayer) continue;
      const start = this.timer ? performance.now() : 0;
      step.kernel.backward?.(step.topBlobs, step.propagateDown, step.bottomBlobs);
      this.timer?.(index, "backward", performance.now() - start);
    }
  }

  /** Carries a change of the inputs' shapes through all layers. */
  reshape(): void {
    for (const step of this.#steps) this.#reshape(step);
  }

  #reshape(step: Step): void {
    step.layer.reshape(step.bottomBlobs, step.topBlobs);
    for (let i = 0; i < step.seen.length; i++) step.seen[i] = step.bottomBlobs[i]!.version;
  }

  /** Caffe's Layer::Forward: the dot product of a top with its diff, which holds the loss weight. */
  #lossOf(step: Step): number {
    let loss = 0;
    for (let i = 0; i < step.lossWeights.length; i++) {
      const weight = step.lossWeights[i]!;
      if (weight === 0) continue;
      const top = step.topBlobs[i]!;
      top.diff.fill(weight);
      loss +=
        top.count === 1
          ? Math.fround(weight * top.data[0]!)
          : this.#device.engine.dot(top.count, top.dataPointer, top.diffPointer);
    }
    return loss;
  }
}

function bottomsChanged(step: Step): boolean {
  for (let i = 0; i < step.seen.length; i++) {
    if (step.bottomBlobs[i]!.version !== step.seen[i]) return true;
  }
  return false;
}
