/** @file The execution plan: a net's layers as ordered steps that allocate nothing when they run. */
import type { Blob } from "../core/blob.ts";
import type { Device, KernelRequest, LayerKernel, LossLog } from "./device.ts";
import { checkFits, withLayer } from "./fit.ts";
import { HostStep } from "./host-step.ts";
import { PassLosses } from "./pass-losses.ts";

/** One layer of a net with its blobs, as the plan runs it. */
export interface PlannedLayer extends Omit<KernelRequest, "phase" | "random"> {
  /** Loss weight of each top; 0 where it adds nothing to the loss. */
  readonly lossWeights: readonly number[];
  readonly needsBackward: boolean;
}

/**
 * Told the time of each layer's pass, in milliseconds; for `time`. On a device with memory of its own
 * the plan waits for each layer then.
 */
export type StepTimer = (
  layerIndex: number,
  pass: "forward" | "backward",
  ms: number,
) => void | Promise<void>;

/** Told before and after each layer's backward pass. */
export interface BackwardListener {
  before(layerIndex: number): void;
  after(layerIndex: number): void;
}

/** How to run backward. */
export interface BackwardOptions {
  /** Also the layers that nothing is learned from, as Caffe's `time` does, to measure them. */
  readonly everyLayer?: boolean;
  readonly listener?: BackwardListener | undefined;
}

interface Step extends PlannedLayer {
  /** The device's code for the layer, or the layer itself. */
  readonly kernel: LayerKernel;
  /** How the host runs it, where the device has memory of its own and no code for the layer. */
  readonly host: HostStep | undefined;
  /** Versions of the bottoms at the last reshape. */
  readonly seen: Float64Array;
}

/** The order of work of one net on one device; built once. */
export class ExecutionPlan {
  timer: StepTimer | undefined;
  readonly #steps: readonly Step[];
  readonly #device: Device;
  readonly #deviceLosses: LossLog | undefined;
  readonly #losses: PassLosses;

  constructor(
    layers: readonly PlannedLayer[],
    device: Device,
    context: Pick<KernelRequest, "phase" | "random">,
  ) {
    this.#device = device;
    const steps = layers.map((planned) => planStep(planned, device, context));
    this.#steps = steps.map((step) => (comesBack(step, steps) ? onHost(step, device) : step));
    this.#deviceLosses = device.remote?.createLossLog();
    this.#losses = new PassLosses(device.engine, this.#deviceLosses);
    for (const step of this.#steps) reshapeKernel(step);
  }

  /** Whether a layer's values stay on the device; the others run on the host. */
  runsOnDevice(layerIndex: number): boolean {
    const { kernel, layer } = this.#steps[layerIndex]!;
    return kernel !== layer || (this.#device.remote !== undefined && layer.onlyShares === true);
  }

  /** Bytes of device memory that kernels keep for themselves. */
  get scratchBytes(): number {
    return this.#steps.reduce((sum, { kernel }) => sum + (kernel.scratchBytes ?? 0), 0);
  }

  /** Runs all layers forward. `losses` has what came of it. */
  async forward(): Promise<void> {
    const { remote } = this.#device;
    if (remote) await remote.submit();
    this.#losses.start();
    for (let index = 0; index < this.#steps.length; index++) {
      const step = this.#steps[index]!;
      if (step.layer.prepare) await step.layer.prepare();
      const start = this.timer ? performance.now() : 0;
      if (step.layer.reshapesEachForward || bottomsChanged(step)) reshape(step);
      if (step.host) await forwardOnHost(step, step.host);
      else forward(step);
      this.#addLosses(step);
      if (this.timer) await this.#report(index, "forward", start);
    }
  }

  /**
   * The weighted losses of the last `count` forward passes, the oldest first.
   * @throws NetDefinitionError where the last one is NaN because a label names no class
   */
  async losses(count: number): Promise<Float64Array> {
    const losses = await this.#losses.read(count);
    if (Number.isNaN(losses.at(-1))) await this.#checkLabels();
    return losses;
  }

  /** How many passes `losses` remembers. */
  get lossesKept(): number {
    return this.#losses.size;
  }

  /** Runs backward, last layer first, the layers that need it. */
  async backward({ everyLayer = false, listener }: BackwardOptions): Promise<void> {
    for (let index = this.#steps.length - 1; index >= 0; index--) {
      const step = this.#steps[index]!;
      if (!step.needsBackward && !everyLayer) continue;
      const start = this.timer ? performance.now() : 0;
      listener?.before(index);
      if (step.host) await step.host.backward();
      else step.kernel.backward?.(step.topBlobs, step.propagateDown, step.bottomBlobs);
      if (this.timer) await this.#report(index, "backward", start);
      listener?.after(index);
    }
  }

  /** Carries a change of the inputs' shapes through all layers. */
  reshape(): void {
    for (const step of this.#steps) reshape(step);
  }

  dispose(): void {
    for (const { kernel, layer } of this.#steps) {
      if (kernel !== layer) kernel.dispose?.();
    }
    this.#deviceLosses?.dispose();
  }

  /** Has the host compute what it would have refused to. */
  async #checkLabels(): Promise<void> {
    for (const step of this.#steps) {
      if (step.kernel.trustsLabels) await new HostStep(step, true).forward();
    }
  }

  /** Caffe's Layer::Forward: the dot product of a top with its diff, which holds the loss weight. */
  #addLosses({ lossWeights, topBlobs, host }: Step): void {
    for (let i = 0; i < lossWeights.length; i++) {
      const weight = lossWeights[i]!;
      if (weight === 0) continue;
      const top = topBlobs[i]!;
      // A layer of the host that only shares memory may pass on what the device has.
      const isOnHost = host !== undefined && top.dataMemory.newest !== "device";
      if (this.#deviceLosses && !isOnHost) this.#deviceLosses.add(top, weight);
      else this.#losses.addFromHost(top, weight);
    }
  }

  async #report(index: number, pass: "forward" | "backward", start: number): Promise<void> {
    await this.#device.remote?.finish();
    const told = this.timer?.(index, pass, performance.now() - start);
    if (told) await told;
  }
}

function planStep(
  planned: PlannedLayer,
  device: Device,
  context: Pick<KernelRequest, "phase" | "random">,
): Step {
  const { onlyShares } = planned.layer;
  const kernel = onlyShares ? undefined : device.kernel({ ...planned, ...context });
  if (kernel) checkFits(planned, device);
  return {
    ...planned,
    kernel: kernel ?? planned.layer,
    host: device.remote && !kernel ? new HostStep(planned, device.remote.needsSync) : undefined,
    seen: Float64Array.from(planned.bottomBlobs, (blob) => blob.version),
  };
}

/**
 * Whether a device makes values of pixels that a layer of the host reads, or that nobody reads but who looks
 * at the net's outputs: they would only come back.
 */
function comesBack(step: Step, steps: readonly Step[]): boolean {
  const { layer, kernel, topBlobs } = step;
  if (!layer.pixelBatches || kernel === layer) return false;
  const isOfTop = (blob: Blob) => blob === topBlobs[0] || blob.sharesDataWith(topBlobs[0]!);
  const readers = steps.filter(
    (reader) => !reader.layer.onlyShares && reader.bottomBlobs.some(isOfTop),
  );
  return readers.length === 0 || readers.some(({ host }) => host !== undefined);
}

function onHost(step: Step, { remote }: Device): Step {
  step.kernel.dispose?.();
  return { ...step, kernel: step.layer, host: new HostStep(step, remote!.needsSync) };
}

/** A kernel reserves what it needs when it first runs, and a layer may fill tops in each pass. */
function forward(step: Step): void {
  try {
    step.kernel.forward(step.bottomBlobs, step.topBlobs);
  } catch (error) {
    throw withLayer(error, step);
  }
}

async function forwardOnHost(step: Step, host: HostStep): Promise<void> {
  try {
    await host.forward();
  } catch (error) {
    throw withLayer(error, step);
  }
}

function reshapeKernel(step: Step): void {
  const { kernel, layer, bottomBlobs, topBlobs } = step;
  if (kernel === layer) return;
  try {
    kernel.reshape?.(bottomBlobs, topBlobs);
  } catch (error) {
    throw withLayer(error, step);
  }
}

function reshape(step: Step): void {
  const { layer, bottomBlobs, topBlobs, seen } = step;
  layer.reshape(bottomBlobs, topBlobs);
  reshapeKernel(step);
  for (let i = 0; i < seen.length; i++) seen[i] = bottomBlobs[i]!.version;
}

function bottomsChanged({ seen, bottomBlobs }: Step): boolean {
  for (let i = 0; i < seen.length; i++) {
    if (bottomBlobs[i]!.version !== seen[i]) return true;
  }
  return false;
}
