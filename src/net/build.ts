/** @file From filtered, split layers to a built net: layers set up, blobs shaped, parameters gathered. */
import { resolve } from "node:path";
import { Blob } from "../core/blob.ts";
import { generalNumber } from "../core/general-number.ts";
import type { Layer, LayerContext, LayerDefinition } from "../core/layer.ts";
import type { Logger } from "../core/logger.ts";
import type { FenceOptions } from "../core/fence-options.ts";
import type { RandomSource } from "../core/random.ts";
import { shapeString } from "../core/shape.ts";
import type { Device } from "../device/index.ts";
import { CaffeError, NetDefinitionError } from "../errors.ts";
import { nearestName } from "../prototxt/index.ts";
import {
  copyMessage,
  excerptOf,
  type LayerParameter,
  locationOf,
  type Phase,
} from "../schema/index.ts";
import { arityProblem } from "./arity.ts";
import { restrictToLoss } from "./backward-needs.ts";
import { disposeLayers } from "./dispose-layers.ts";
import type { LearnableParam, NetLayer } from "./net-layer.ts";
import { loadOwnBlobs } from "./own-blobs.ts";
import { ParamTable } from "./shared-params.ts";

const AUTOMATIC = "(automatic)";
const FLOAT_BYTES = 4;

/** What building needs besides the layers. */
export interface BuildSettings {
  readonly phase: Phase;
  readonly forceBackward: boolean;
  readonly device: Device;
  readonly random: RandomSource;
  readonly logger: Logger;
  readonly root: string;
  readonly layerPath: readonly string[];
  readonly fence: FenceOptions | undefined;
  readonly definitions: ReadonlyMap<string, LayerDefinition>;
}

export interface BuiltNet {
  readonly layers: readonly NetLayer[];
  readonly blobs: ReadonlyMap<string, Blob>;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly learnableParams: readonly LearnableParam[];
  /** Bytes of all tops' values; what Caffe logs as "Memory required for data". */
  readonly dataBytes: number;
}

/** A layer while the net is being built. */
interface LayerInProgress {
  readonly name: string;
  readonly type: string;
  readonly param: LayerParameter;
  readonly definition: LayerDefinition;
  readonly bottoms: readonly string[];
  readonly tops: string[];
  readonly bottomBlobs: Blob[];
  readonly topBlobs: Blob[];
  readonly lossWeights: number[];
  readonly propagateDown: boolean[];
  needsBackward: boolean;
  layer: Layer;
}

/**
 * Builds the layers in order (BVLC Net::Init). Whatever was built is disposed of when a layer fails.
 * @throws NetDefinitionError that names the file, the line and the layer
 */
export async function buildNet(
  params: readonly LayerParameter[],
  settings: BuildSettings,
): Promise<BuiltNet> {
  const builder = new Builder(settings);
  try {
    for (const param of params) await builder.add(param);
    return builder.finish();
  } catch (error) {
    builder.dispose();
    throw error;
  }
}

class Builder {
  readonly #settings: BuildSettings;
  readonly #layers: LayerInProgress[] = [];
  readonly #blobs = new Map<string, Blob>();
  /** Blobs that need a gradient, by name. */
  readonly #needBackward = new Set<string>();
  readonly #available = new Set<string>();
  readonly #inputs: string[] = [];
  readonly #params: ParamTable;
  #dataBytes = 0;

  constructor(settings: BuildSettings) {
    this.#settings = settings;
    this.#params = new ParamTable(settings.logger);
  }

  async add(given: LayerParameter): Promise<void> {
    const param = copyMessage(given, {
      phase: given.phase ?? this.#settings.phase,
      param: [...given.param],
      // The layer holds these values itself, once they are loaded.
      blobs: [],
    });
    const fail = failure(given);
    const layer = this.#start(given, param, fail);
    this.#appendBottoms(layer, fail);
    this.#appendTops(layer, fail);
    const problem = arityProblem(layer.definition, layer.bottoms.length, layer.tops.length);
    if (problem) fail(problem);
    layer.lossWeights.push(...lossWeights(layer, fail));
    const context = this.#context(layer, given, fail);
    layer.layer = await this.#setUp(layer, given, context);
    this.#layers.push(layer);
    await located(given, () => layer.layer.reshape(layer.bottomBlobs, layer.topBlobs));
    this.#logTops(layer);
    // Read before the layer's own completions count: a BatchNorm without `param`s "needs backward".
    this.#appendParams(layer, given, fail);
    if (layer.needsBackward) for (const top of layer.tops) this.#needBackward.add(top);
  }

  finish(): BuiltNet {
    const { logger, forceBackward } = this.#settings;
    restrictToLoss(this.#layers, logger);
    if (forceBackward) this.#forceBackward();
    const outputs = [...this.#available].sort();
    for (const output of outputs) {
      logger.log("info", "net.cpp:244", `This network produces output ${output}`);
    }
    this.#params.shareMemory();
    logger.log("info", "net.cpp:257", "Network initialization done.");
    return {
      layers: this.#layers.map((layer) => ({ ...layer, blobs: layer.layer.blobs })),
      blobs: this.#blobs,
      inputs: this.#inputs,
      outputs,
      learnableParams: this.#params.learnable,
      dataBytes: this.#dataBytes,
    };
  }

  dispose(): void {
    try {
      disposeLayers(this.#layers);
    } catch {
      // What keeps the net from being built is what the user has to hear of.
    }
    for (const blob of this.#blobs.values()) blob.dispose();
  }

  #start(given: LayerParameter, param: LayerParameter, fail: Fail): LayerInProgress {
    const type = given.type ?? "";
    const definition = this.#settings.definitions.get(type);
    if (!definition) return fail(unknownType(type, this.#settings.definitions), "type");
    if (given.propagateDown.length && given.propagateDown.length !== given.bottom.length) {
      fail("propagate_down param must be specified either 0 or bottom_size times", "propagateDown");
    }
    const name = given.name ?? "";
    this.#log("layer_factory.hpp:77", `Creating layer ${name}`);
    this.#log("net.cpp:86", `Creating Layer ${name}`);
    return {
      name,
      type,
      param,
      definition,
      bottoms: given.bottom,
      tops: [],
      bottomBlobs: [],
      topBlobs: [],
      lossWeights: [],
      propagateDown: [],
      needsBackward: false,
      layer: { blobs: [], reshape() {}, forward() {} },
    };
  }

  #appendBottoms(layer: LayerInProgress, fail: Fail): void {
    layer.bottoms.forEach((bottom, i) => {
      const blob = this.#blobs.get(bottom);
      if (!blob || !this.#available.delete(bottom)) {
        fail(
          `Unknown bottom blob '${bottom}' (layer '${layer.name}', bottom index ${i})`,
          "bottom",
        );
      }
      this.#log("net.cpp:408", `${layer.name} <- ${bottom}`);
      const needed = this.#needBackward.has(bottom);
      if (needed) layer.needsBackward = true;
      layer.propagateDown.push(layer.param.propagateDown[i] ?? needed);
      layer.bottomBlobs.push(blob!);
    });
  }

  #appendTops(layer: LayerInProgress, fail: Fail): void {
    layer.param.top.forEach((top, i) => {
      const inPlace = layer.bottoms[i] === top;
      if (inPlace) this.#log("net.cpp:369", `${layer.name} -> ${top} (in-place)`);
      else this.#log("net.cpp:382", `${layer.name} -> ${top}`);
      if (!inPlace && this.#blobs.has(top)) {
        fail(
          `Top blob '${top}' produced by multiple sources. To compute in place, make it the bottom ` +
            "of the same number too.",
          "top",
        );
      }
      const blob = inPlace ? layer.bottomBlobs[i]! : new Blob(this.#settings.device.heap, [0]);
      this.#blobs.set(top, blob);
      this.#available.add(top);
      layer.tops.push(top);
      layer.topBlobs.push(blob);
      if (layer.type === "Input") this.#inputs.push(top);
    });
    while (layer.definition.autoTops && layer.tops.length < layer.definition.tops.min) {
      layer.tops.push(AUTOMATIC);
      layer.topBlobs.push(new Blob(this.#settings.device.heap, [0]));
    }
  }

  #context(layer: LayerInProgress, given: LayerParameter, fail: Fail): LayerContext {
    const { device, random, logger, root, layerPath, fence } = this.#settings;
    return {
      param: layer.param,
      phase: layer.param.phase ?? this.#settings.phase,
      bottoms: layer.bottomBlobs,
      tops: layer.topBlobs,
      engine: device.engine,
      random,
      logger,
      layerPath,
      fence,
      resolvePath: (path) => resolve(root, path),
      createBlob: (shape) => new Blob(device.heap, shape),
      fail: (problem, field) => fail(problem, field ?? defaultField(given)),
    };
  }

  /** Sets a layer up; where its message brings the blobs along, no filler draws a number. */
  async #setUp(
    { definition }: LayerInProgress,
    given: LayerParameter,
    context: LayerContext,
  ): Promise<Layer> {
    const before = given.blobs.length > 0 ? context.random.state() : undefined;
    const layer = await located(given, () => setUpOrFree(definition, context));
    if (before && layer.blobs.length > 0) {
      context.random.restore(before);
      this.#log("layer.hpp:49", "Skipping parameter initialization");
    }
    return layer;
  }

  #logTops(layer: LayerInProgress): void {
    this.#log("net.cpp:124", `Setting up ${layer.name}`);
    layer.topBlobs.forEach((top, i) => {
      this.#log("net.cpp:131", `Top shape: ${shapeString(top.shape)}`);
      const weight = layer.lossWeights[i];
      if (weight) this.#log("net.cpp:134", `    with loss weight ${generalNumber(weight)}`);
      this.#dataBytes += FLOAT_BYTES * top.count;
    });
    this.#log("net.cpp:139", `Memory required for data: ${this.#dataBytes}`);
  }

  #appendParams(layer: LayerInProgress, given: LayerParameter, fail: Fail): void {
    const { blobs } = layer.layer;
    if (given.param.length > blobs.length) {
      fail(
        `Too many params specified for layer ${layer.name}: it has ${blobs.length} learnable ` +
          `blob(s), and ${given.param.length} param entries are given`,
        "param",
      );
    }
    layer.layer.paramPropagateDown = blobs.map((_, i) => {
      const learns = (given.param[i]?.lrMult ?? 1) !== 0;
      if (learns) layer.needsBackward = true;
      return learns;
    });
    blobs.forEach((blob, i) => {
      this.#params.append(layer.param, blob, i, (problem) => fail(problem, "param"));
    });
    loadOwnBlobs(given.blobs, blobs, (problem) => fail(problem, "blobs"));
  }

  #forceBackward(): void {
    for (const layer of this.#layers) {
      layer.needsBackward = true;
      layer.propagateDown.forEach((down, i) => {
        layer.propagateDown[i] = down || (layer.definition.allowForceBackward?.(i) ?? true);
      });
      layer.layer.paramPropagateDown?.fill(true);
    }
  }

  #log(source: string, message: string): void {
    this.#settings.logger.log("info", source, message);
  }
}

type Fail = (problem: string, field?: string) => never;

const headOf = ({ name = "", type = "" }: LayerParameter) => `layer "${name}" (${type})`;

/** Throws errors that name file, line, column, layer and type. */
function failure(layer: LayerParameter): Fail {
  return (problem, field) => {
    throw new NetDefinitionError(`${headOf(layer)}: ${problem}`, {
      location: locationOf(layer, field) ?? locationOf(layer),
      excerpt: excerptOf(layer, field),
    });
  };
}

/** Gives errors of blobs, fillers and files the name and the place of the layer that they happened in. */
async function located<T>(layer: LayerParameter, act: () => T | Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const nameable =
      error instanceof NetDefinitionError ||
      (error instanceof CaffeError && error.code === "out-of-memory");
    if (!nameable || error.problem.startsWith("layer ")) throw error;
    const { location, excerpt, problem } = error;
    if (!location) return failure(layer)(problem);
    throw new NetDefinitionError(`${headOf(layer)}: ${problem}`, { location, excerpt });
  }
}

/** Sets a layer up; where that fails, the blobs that it has made give their memory back. */
async function setUpOrFree(definition: LayerDefinition, context: LayerContext): Promise<Layer> {
  const made: Blob[] = [];
  const createBlob: LayerContext["createBlob"] = (shape) => {
    const blob = context.createBlob(shape);
    made.push(blob);
    return blob;
  };
  try {
    return await definition.setUp({ ...context, createBlob });
  } catch (error) {
    for (const blob of made) blob.dispose();
    throw error;
  }
}

/** The layer's own parameter message, to point at where a layer names no field: "poolingParam". */
function defaultField(layer: LayerParameter): string | undefined {
  return Object.keys(layer).find(
    (key) => key.endsWith("Param") && key !== "transformParam" && key !== "lossParam",
  );
}

function lossWeights({ definition, param, tops }: LayerInProgress, fail: Fail): number[] {
  if (param.lossWeight.length === 0) {
    return tops.map((_, i) => definition.defaultLossWeight?.(i) ?? 0);
  }
  if (param.lossWeight.length !== tops.length) {
    fail(
      "loss_weight must be unspecified or specified once per top blob. " +
        `It has ${tops.length} top(s) and ${param.lossWeight.length} weight(s).`,
      "lossWeight",
    );
  }
  return [...param.lossWeight];
}

function unknownType(type: string, definitions: ReadonlyMap<string, LayerDefinition>): string {
  const known = [...definitions.keys()].sort();
  const nearest = nearestName(type, known);
  const hint = nearest ? ` Did you mean "${nearest}"?` : "";
  return `Unknown layer type: ${type} (known types: ${known.join(", ")}).${hint}`;
}
