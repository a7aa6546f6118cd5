/** @file A fenced layer in its own process: the same code that runs it in the net's, on fetched blobs. */
import type { Blob } from "../../../core/blob.ts";
import { tensorflow } from "../../../core/tensor.ts";
import { CustomLayerError } from "../../../errors.ts";
import type { FillerParameter } from "../../../schema/index.ts";
import { HostedLayer } from "../../host-layer.ts";
import { type ExportSummary, summaryOf } from "../../export-summary.ts";
import type { CustomLayerContext } from "../../layer.ts";
import type { LoadedLayerClass } from "../../load.ts";
import { parseParams } from "../../param-str.ts";
import { placeInStack, runCompiled } from "../../run-compiled.ts";
import type { CreateOrder, Hooks, MethodOrder } from "../messages.ts";
import { exportsForLayers } from "./exports.ts";
import { FenceFailure, describeFenced } from "./failure.ts";
import { type FencedBlobs, FencedRandom, ask } from "./net-side.ts";

export class LayerSide {
  readonly blobs: FencedBlobs;
  readonly random: FencedRandom;
  readonly #layer: HostedLayer;
  readonly #bottoms: readonly Blob[];
  readonly #tops: readonly Blob[];

  static async create(
    order: CreateOrder,
    blobs: FencedBlobs,
    requireModule: (name: string) => unknown,
  ): Promise<LayerSide> {
    const loaded = load(order, requireModule);
    const random = new FencedRandom();
    const bottoms = order.bottoms.map((index) => blobs.all[index]!);
    const tops = order.tops.map((index) => blobs.all[index]!);
    const context = contextOf(order, blobs, random);
    const layer = await HostedLayer.create(loaded, context, bottoms, tops);
    return new LayerSide(layer, blobs, random, bottoms, tops);
  }

  private constructor(
    layer: HostedLayer,
    blobs: FencedBlobs,
    random: FencedRandom,
    bottoms: readonly Blob[],
    tops: readonly Blob[],
  ) {
    this.#layer = layer;
    this.blobs = blobs;
    this.random = random;
    this.#bottoms = bottoms;
    this.#tops = tops;
  }

  get hooks(): Hooks {
    const { prepare, saveState, restoreState, dispose } = this.#layer;
    return {
      prepare: prepare !== undefined,
      saveState: saveState !== undefined,
      restoreState: restoreState !== undefined,
      dispose: dispose !== undefined,
    };
  }

  async prepare(): Promise<undefined> {
    await this.#layer.prepare?.();
  }

  /** @returns what `saveState` gives, else undefined */
  call({ method, propagateDown = [], paramPropagateDown, state }: MethodOrder): unknown {
    const layer = this.#layer;
    switch (method) {
      case "saveState":
        return layer.saveState?.();
      case "reshape":
        layer.reshape(this.#bottoms, this.#tops);
        return undefined;
      case "forward":
        layer.forward(this.#bottoms, this.#tops);
        return undefined;
      case "backward":
        if (paramPropagateDown) layer.paramPropagateDown = [...paramPropagateDown];
        layer.backward(this.#tops, propagateDown, this.#bottoms);
        return undefined;
      case "restoreState":
        layer.restoreState?.(state);
        return undefined;
      default:
        layer.dispose?.();
        return undefined;
    }
  }
}

/** Runs the file and takes its class. */
function load(order: CreateOrder, requireModule: (name: string) => unknown): LoadedLayerClass {
  const { code, scriptName, className, exportNames } = order;
  const errorFrom = (thrown: unknown, subject: string, advice = "") => {
    if (thrown instanceof CustomLayerError && thrown.cause instanceof FenceFailure) return thrown;
    const text = `${subject}${describeFenced(thrown)}${advice}`;
    const cause = new FenceFailure(text, { place: placeInStack(thrown, scriptName) });
    return new CustomLayerError(text, { cause });
  };
  const tf = tensorflow();
  const cortadoHost = {
    cortado: exportsForLayers(exportNames),
    "@tensorflow/tfjs": tf,
    "@tensorflow/tfjs-core": tf,
  };
  const scope = { require: requireModule, cortadoHost, __filename: scriptName, __dirname: "/" };
  const module = { file: scriptName, errorFrom, ...evaluate(code, scriptName, scope, errorFrom) };
  const found: ExportSummary = summaryOf(module, className);
  const layerClass = module.classes.get(className);
  if (!layerClass || found.lacks) throw new FenceFailure("", { found });
  return { className, layerClass, module };
}

function evaluate(
  code: string,
  scriptName: string,
  scope: Readonly<Record<string, unknown>>,
  errorFrom: (thrown: unknown, subject: string) => Error,
) {
  try {
    return runCompiled(code, scriptName, scope);
  } catch (thrown) {
    throw errorFrom(thrown, "");
  }
}

function contextOf(
  { layer }: CreateOrder,
  blobs: FencedBlobs,
  random: FencedRandom,
): CustomLayerContext {
  return {
    ...layer,
    random: random.source,
    readParams() {
      try {
        return parseParams(layer.paramStr);
      } catch (error) {
        const cause = new FenceFailure("", { isParamStr: true });
        const { message } = error as Error;
        throw new CustomLayerError(message, { cause });
      }
    },
    resolvePath: (path) => ask({ ask: "path", path: String(path) }).answer.path ?? "",
    createBlob(shape, filler: FillerParameter) {
      const draws = random.release();
      ask({ ask: "blob", shape, filler, hasRandom: draws.length > 0 }, draws);
      return blobs.add(shape);
    },
  };
}
