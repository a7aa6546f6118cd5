/** @file Python: a layer that the user has written, as a class in a file of its own. */
import { fill } from "../core/filler.ts";
import type { FenceOptions } from "../core/fence-options.ts";
import { type LayerContext, type LayerDefinition, atLeast } from "../core/layer.ts";
import {
  type CustomLayerContext,
  FencedLayer,
  HostedLayer,
  type Params,
  loadCustomLayer,
  parseParams,
} from "../custom/index.ts";
import { CustomLayerError } from "../errors.ts";
import { type LayerParameter, excerptOf, locationOf } from "../schema/index.ts";
import { refuseAugmentation } from "./support/augmented-source.ts";

/**
 * Runs the class `layer` of the file `module`; `src/custom/layer.ts` tells what such a class has.
 *
 * - Bottoms, tops: what the class makes of them, any number of each.
 * - A `backward` that writes nothing leaves the bottom diffs as they are.
 * - `share_in_parallel` is accepted and changes nothing: there is one layer anyhow.
 */
export const python: LayerDefinition = {
  type: "Python",
  bottoms: atLeast(0),
  tops: atLeast(0),

  async setUp(context) {
    const { param, bottoms, tops } = context;
    const { module, layer } = param.pythonParam ?? {};
    if (!module || !layer) {
      return context.fail(
        `python_param needs \`${module ? "layer" : "module"}\`: \`module\` names the file, \`layer\` the class in it`,
        "pythonParam",
      );
    }
    refuseAugmentation(context, "A custom layer draws from its own `random` what it changes.");
    if (context.fence) return createFenced(module, layer, context, context.fence);
    const loaded = await load(module, layer, context);
    return HostedLayer.create(loaded, customContext(context), bottoms, tops);
  },
};

/** Loads the class; an error that has no place in the layer's file gets the place in the prototxt. */
async function load(module: string, layer: string, { param, layerPath }: LayerContext) {
  try {
    return await loadCustomLayer(module, layer, layerPath);
  } catch (error) {
    throw placed(error, param, "module");
  }
}

/** The layer in a process of its own; the net's log gets what it prints. */
async function createFenced(
  module: string,
  className: string,
  context: LayerContext,
  fence: FenceOptions,
): Promise<FencedLayer> {
  const { param, bottoms, tops, layerPath, logger } = context;
  const { heap } = context.engine;
  const onPrint = (text: string) => {
    for (const line of text.trimEnd().split("\n")) {
      logger.log("info", "python_layer.hpp:40", `${param.name ?? ""}: ${printable(line)}`);
    }
  };
  const source = { module, className, layerPath, fence, bottoms, tops, heap, onPrint };
  try {
    return await FencedLayer.create(source, customContext(context));
  } catch (error) {
    throw placed(error, param, "module");
  }
}

/** A stranger's text without what a terminal obeys. */
function printable(line: string): string {
  return line.replace(/\p{Cc}/gu, " ");
}

/** The part of the net's context that a custom layer gets. */
function customContext(context: LayerContext): CustomLayerContext {
  const { param, phase, random, resolvePath } = context;
  return {
    name: param.name ?? "",
    paramStr: param.pythonParam?.paramStr ?? "",
    phase,
    random,
    resolvePath,
    readParams: () => readParams(param),
    createBlob(shape, filler) {
      const blob = context.createBlob(shape);
      fill(blob, filler, random);
      return blob;
    },
  };
}

function readParams(param: LayerParameter): Params {
  try {
    return parseParams(param.pythonParam?.paramStr ?? "");
  } catch (error) {
    throw placed(error, param, "paramStr");
  }
}

/** An error that has no place in the layer's file gets that of a field in the prototxt. */
function placed(error: unknown, param: LayerParameter, field: "module" | "paramStr"): unknown {
  if (!(error instanceof CustomLayerError)) return error;
  const isInLayerFile = error.location !== undefined && field === "module";
  if (isInLayerFile) return error;
  return new CustomLayerError(`layer "${param.name ?? ""}" (Python): ${error.message}`, {
    location: locationOf(param.pythonParam ?? param, field),
    excerpt: error.excerpt ?? excerptOf(param.pythonParam ?? param, field),
    cause: error.cause,
  });
}
