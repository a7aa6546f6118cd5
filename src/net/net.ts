/** @file Net: a graph of layers that can be run forward and backward. */
import { resolve } from "node:path";
import type { Blob } from "../core/blob.ts";
import type { Engine } from "../core/engine.ts";
import type { LayerDefinition } from "../core/layer.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { type RandomSource, createRandom } from "../core/random.ts";
import {
  type BackwardOptions,
  type Device,
  ExecutionPlan,
  type StepTimer,
  resolveDevice,
} from "../device/index.ts";
import { NetDefinitionError, UsageError } from "../errors.ts";
import { builtInLayers } from "../layers/index.ts";
import { copyTrainedLayers, readCaffemodel, writeCaffemodel } from "../model-file/index.ts";
import type { NetParameter, Phase } from "../schema/index.ts";
import { type BuiltNet, buildNet } from "./build.ts";
import { type BlobValues, giveValues, syncAll } from "./blob-values.ts";
import { logParameterNorms, loggingTimer } from "./debug-info.ts";
import { disposeLayers } from "./dispose-layers.ts";
import { setInputArrays } from "./input-arrays.ts";
import { restoreLayerStates, saveLayerStates } from "./layer-states.ts";
import { type NetDefinition, defineNet } from "./load-definition.ts";
import type { LearnableParam, NetLayer } from "./net-layer.ts";
import { type NetOptions, asList, checkPhase } from "./net-options.ts";
import { checkMemory } from "./memory.ts";
import { type LoadableNet, layerPath, netMessage } from "./net-source.ts";
import { reuseActivationMemory, reusedActivationCount } from "./reuse-memory.ts";
import { shareTrainedLayers } from "./share-trained-layers.ts";
import { netToProto } from "./to-proto.ts";

export type { BlobValues, NetOptions };

const definitions: ReadonlyMap<string, LayerDefinition> = new Map(
  builtInLayers.map((definition) => [definition.type, definition]),
);

/**
 * A net of Caffe on a device. Blobs and parameters are found by name; their memory is the net's own
 * until `dispose`.
 */
export class Net {
  readonly name: string;
  readonly phase: Phase;
  /** Names of the tops of Input layers. */
  readonly inputs: readonly string[];
  /** Names of the blobs that no layer reads, sorted. */
  readonly outputs: readonly string[];
  /** All layers in the order in which they run, inserted Split layers included. */
  readonly layers: readonly NetLayer[];
  readonly blobs: ReadonlyMap<string, Blob>;
  /** Learnable blobs of each layer that has any, weight before bias. */
  readonly params: ReadonlyMap<string, readonly Blob[]>;
  /** Parameters that a solver updates; those shared by name appear once. */
  readonly learnableParams: readonly LearnableParam[];
  readonly device: Device;
  readonly random: RandomSource;
  /** Bytes of all activations. */
  readonly dataBytes: number;
  readonly #message: NetParameter;
  readonly #plan: ExecutionPlan;
  readonly #logger: Logger;
  readonly #beforeForward = new Set<(net: Net) => void>();
  #debugInfo = false;
  #timer: StepTimer | undefined;
  /** Memories that activations share, in a net of which only outputs are looked at. */
  #sharedMemory: readonly Blob[] = [];
  #loss = 0;
  #disposed = false;
  #isBusy = false;

  private constructor(
    definition: NetDefinition,
    built: BuiltNet,
    environment: { device: Device; random: RandomSource; logger: Logger },
  ) {
    this.name = definition.name;
    this.#message = definition.message;
    this.phase = definition.state.phase;
    this.inputs = built.inputs;
    this.outputs = built.outputs;
    this.layers = built.layers;
    this.blobs = built.blobs;
    this.params = new Map(
      built.layers.filter((l) => l.blobs.length).map((layer) => [layer.name, layer.blobs]),
    );
    this.learnableParams = built.learnableParams;
    this.dataBytes = built.dataBytes;
    this.device = environment.device;
    this.random = environment.random;
    this.#logger = environment.logger;
    this.#plan = new ExecutionPlan(built.layers, environment.device, {
      phase: this.phase,
      random: this.random,
    });
    this.debugInfo = definition.debugInfo;
  }

  /**
   * Loads a net from a prototxt (a path or a file's URL), or builds one from a message, which may leave out what it has no use for:
   * `{ layer: [{ name: "x", type: "Input", top: ["x"], inputParam: { shape: [{ dim: [1, 3] }] } }] }`.
   * @throws PrototxtError, NetDefinitionError, ModelFileError, DataSourceError, CustomLayerError with the
   * place and the layer; nothing stays allocated then
   */
  static async load(source: LoadableNet, options: NetOptions = {}): Promise<Net> {
    checkPhase(options);
    const logger = options.logger ?? silentLogger;
    const root = resolve(options.root ?? ".");
    const definition = defineNet(netMessage(source, logger), options, logger);
    const device = await resolveDevice(options.device, { threads: options.threads, logger });
    const random = options.random ?? createRandom(options.seed);
    const built = await buildNet(definition.layers, {
      phase: definition.state.phase,
      forceBackward: definition.forceBackward,
      device,
      random,
      logger,
      root,
      layerPath: layerPath(source, asList(options.layers)),
      fence: options.fence === true ? {} : options.fence || undefined,
      definitions,
    });
    const net = Net.#planned(definition, built, { device, random, logger });
    try {
      checkMemory(net);
      if (options.outputsOnly && net.phase === "TEST") net.#reuseMemory();
      for (const file of asList(options.weights)) await net.copyTrainedLayersFrom(file);
    } catch (error) {
      net.dispose();
      throw error;
    }
    return net;
  }

  static #planned(
    definition: NetDefinition,
    built: BuiltNet,
    environment: { device: Device; random: RandomSource; logger: Logger },
  ): Net {
    try {
      return new Net(definition, built, environment);
    } catch (error) {
      disposeLayers(built.layers);
      throw error;
    }
  }

  get engine(): Engine {
    return this.device.engine;
  }

  /** The weighted loss of the last forward pass, summed over all losses. */
  get loss(): number {
    return this.#loss;
  }

  /** The loss weight of a blob: what its values count in the loss; 0 where they don't. */
  lossWeightOf(blobName: string): number {
    for (const layer of this.layers.toReversed()) {
      const index = layer.tops.indexOf(blobName);
      if (index >= 0) return layer.lossWeights[index] ?? 0;
    }
    return 0;
  }

  /**
   * Runs the net forward.
   * @param inputs values for input blobs, in C order; what is left out keeps its values
   * @returns a view of each output's values, by name; copy what must outlive the next pass
   * @throws UsageError while another pass goes on
   */
  async forward(inputs: BlobValues = {}): Promise<Record<string, Float32Array>> {
    return this.#alone(async () => {
      giveValues(inputs, (name) => this.#blob(name), "set");
      await this.run();
      const outputs = this.outputs.map((name) => this.#blob(name));
      await syncAll(outputs);
      return Object.fromEntries(outputs.map((blob, i) => [this.outputs[i]!, blob.data]));
    });
  }

  /** A second pass would overwrite what the first one computes with. */
  async #alone<T>(pass: () => Promise<T>): Promise<T> {
    this.#checkAlive();
    if (this.#isBusy) {
      throw new UsageError(
        `the net "${this.name}" is in the middle of a pass: await one before the next, or load a net for each`,
      );
    }
    this.#isBusy = true;
    try {
      return await pass();
    } finally {
      this.#isBusy = false;
    }
  }

  /** Runs the net forward without making a record of the outputs. @returns the loss */
  async run(): Promise<number> {
    await this.runUnread();
    return (await this.readLosses(1))[0]!;
  }

  /** Runs the net forward and leaves the loss where it is: on a device, nobody waits for it then. */
  async runUnread(): Promise<void> {
    this.#checkAlive();
    for (const listener of this.#beforeForward) listener(this);
    await this.#plan.forward();
  }

  /**
   * The losses of the last `count` forward passes, the oldest first; at most `lossesKept`. The array is
   * valid until the next reading.
   */
  async readLosses(count: number): Promise<Float64Array> {
    const losses = await this.#plan.losses(count);
    this.#loss = losses[count - 1]!;
    return losses;
  }

  /** How many passes `readLosses` can look back. */
  get lossesKept(): number {
    return this.#plan.lossesKept;
  }

  /** Whether the device has code of its own for a layer; the others run on the host. */
  runsOnDevice(layerIndex: number): boolean {
    return this.#plan.runsOnDevice(layerIndex);
  }

  /** Bytes of device memory that kernels keep for themselves, besides blobs. */
  get scratchBytes(): number {
    return this.#plan.scratchBytes;
  }

  /** Brings all blobs and parameters to the host, for who reads many of them. */
  async sync(): Promise<void> {
    await syncAll([...this.blobs.values()]);
    await this.syncParams();
  }

  /** Brings the parameters to the host. */
  async syncParams(): Promise<void> {
    await syncAll(this.layers.flatMap(({ blobs }) => blobs));
  }

  /**
   * Runs the net backward; parameter diffs are added to what they hold.
   * @param diffs gradients of output blobs; a blob with a loss weight has that weight otherwise
   */
  async backward(diffs: BlobValues = {}, options: BackwardOptions = {}): Promise<void> {
    await this.#alone(async () => {
      giveValues(diffs, (name) => this.#blob(name), "setDiff");
      await this.#plan.backward(options);
      if (!this.#debugInfo) return;
      await this.syncParams();
      logParameterNorms(this.learnableParams, this.engine, this.#logger);
    });
  }

  /** Sets all parameter diffs to zero. */
  clearParamDiffs(): void {
    this.#checkAlive();
    for (const { blob } of this.learnableParams) blob.clearDiff();
  }

  /** Carries changed shapes of input blobs through the net. */
  async reshape(): Promise<void> {
    this.#checkAlive();
    this.#plan.reshape();
  }

  /** Calls `listener` before each forward pass, also inside a solver. @returns a function that stops it */
  onBeforeForward(listener: (net: Net) => void): () => void {
    this.#beforeForward.add(listener);
    return () => this.#beforeForward.delete(listener);
  }

  /** Measures each layer's passes from now on; `undefined` stops it. */
  onLayerTime(timer: StepTimer | undefined): void {
    this.#timer = timer;
    this.#watchLayers();
  }

  /** Whether each pass logs the mean size of what it computes; at first what the prototxt says. */
  get debugInfo(): boolean {
    return this.#debugInfo;
  }

  set debugInfo(on: boolean) {
    this.#debugInfo = on;
    this.#watchLayers();
  }

  /**
   * Gives a MemoryData layer the records that it goes through from now on (pycaffe `set_input_arrays`).
   * Float32Arrays are not copied: what is written to them later is what the net reads.
   * @param data n x channels x height x width values in C order, n a multiple of `batch_size`
   * @param labels n values
   * @param layer the layer's name; absent: the net's only MemoryData layer
   * @throws NetDefinitionError when there is no such layer, or the numbers of values do not fit
   */
  setInputArrays(data: ArrayLike<number>, labels: ArrayLike<number>, layer?: string): void {
    this.#checkAlive();
    setInputArrays(this.layers, data, labels, layer);
  }

  /**
   * Copies the parameters of layers that have the same name; others stay as they are.
   * @throws ModelFileError when a layer's shapes differ; nothing is copied then
   */
  async copyTrainedLayersFrom(source: string | NetParameter): Promise<void> {
    this.#checkAlive();
    const model = typeof source === "string" ? await readCaffemodel(source) : source;
    const owned = new Set(this.learnableParams.map(({ blob }) => blob));
    const isShared = (blob: Blob) => !owned.has(blob);
    copyTrainedLayers(model, firstByName(this.layers), this.#logger, isShared);
  }

  /** Uses the memory of another net's parameters, by layer name (BVLC ShareTrainedLayersWith). */
  shareTrainedLayersWith(other: Net): void {
    this.#checkAlive();
    shareTrainedLayers(other, this, this.#logger);
  }

  /**
   * The net as a message, with its parameters' values (and diffs, if asked for). Where a device
   * trained them, `await net.syncParams()` first.
   */
  toProto(options: { diff?: boolean } = {}): NetParameter {
    this.#checkAlive();
    return netToProto(this.#message, this.layers, options.diff ?? false);
  }

  /** Writes a .caffemodel, or a .caffemodel.h5 by the name; the file appears whole or not at all. */
  async save(path: string, options: { diff?: boolean } = {}): Promise<void> {
    await this.syncParams();
    await writeCaffemodel(path, this.toProto(options));
  }

  /** What must survive a restart to go on exactly: cursors and shuffled orders by layer name; JSON. */
  saveState(): Record<string, unknown> {
    return saveLayerStates(this.layers);
  }

  async restoreState(state: Readonly<Record<string, unknown>>): Promise<void> {
    await restoreLayerStates(this.layers, state);
  }

  /** Closes the net's files and gives its memory back. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#plan.dispose();
    for (const memory of this.#sharedMemory) memory.dispose();
    disposeLayers(this.layers);
  }

  /** Bytes of activations where only outputs are looked at (`outputsOnly`), so that memory is reused. */
  get reusedDataBytes(): number {
    return 4 * reusedActivationCount(this.layers, this.#keptBlobs());
  }

  #reuseMemory(): void {
    this.#sharedMemory = reuseActivationMemory(this.layers, this.#keptBlobs(), this.device.heap);
    this.#plan.reshape();
  }

  /** Blobs whose values are looked at after a pass, whoever asks for them. */
  #keptBlobs(): ReadonlySet<string> {
    const weighted = [...this.blobs.keys()].filter((name) => this.lossWeightOf(name) !== 0);
    return new Set([...this.outputs, ...weighted]);
  }

  #watchLayers(): void {
    const timer = this.#timer;
    this.#plan.timer = this.#debugInfo ? loggingTimer(this.layers, this.#logger, timer) : timer;
  }

  #checkAlive(): void {
    if (this.#disposed) throw new NetDefinitionError(`the net "${this.name}" was disposed of`);
  }

  #blob(name: string): Blob {
    const blob = this.blobs.get(name);
    if (blob) return blob;
    throw new NetDefinitionError(
      `the net "${this.name}" has no blob "${name}"; it has ${[...this.blobs.keys()].join(", ")}`,
    );
  }
}

/** Blobs by layer name; of layers with one name, Caffe takes the first. */
function firstByName(layers: readonly NetLayer[]): Map<string, readonly Blob[]> {
  return new Map(layers.toReversed().map(({ name, blobs }) => [name, blobs]));
}
