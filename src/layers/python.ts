/** @file Python: a layer that the user has written, as a class in a file of its own. */
import { fill } from "../core/filler.ts";
import { type LayerContext, type LayerDefinition, atLeast } from "../core/layer.ts";
import { type CustomLayerContext, HostedLayer, loadCustomLayer } from "../custom/index.ts";
import { CustomLayerError } from "../errors.ts";
import { excerptOf, locationOf } from "../schema/index.ts";

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
    const { param, phase, bottoms, tops } = context;
    const { module, layer, paramStr = "" } = param.pythonParam ?? {};
    if (!module || !layer) {
      return context.fail(
        `python_param needs \`${module ? "layer" : "module"}\`: \`module\` names the file, \`layer\` the class in it`,
        "pythonParam",
      );
    }
    const loaded = await load(module, layer, context);
    const createBlob: CustomLayerContext["createBlob"] = (shape, filler) => {
      const blob = context.createBlob(shape);
      fill(blob, filler, context.random);
      return blob;
    };
    return new HostedLayer(
      loaded,
      { name: param.name ?? "", paramStr, phase, createBlob },
      bottoms,
      tops,
    );
  },
};

/** Loads the class; an error that has no place in the layer's file gets the place in the prototxt. */
async function load(module: string, layer: string, { param, layerPath }: LayerContext) {
  try {
    return await loadCustomLayer(module, layer, layerPath);
  } catch (error) {
    if (!(error instanceof CustomLayerError) || error.location) throw error;
    throw new CustomLayerError(`layer "${param.name ?? ""}" (Python): ${error.message}`, {
      location: locationOf(param.pythonParam ?? param, "module"),
      excerpt: excerptOf(param.pythonParam ?? param, "module"),
      cause: error.cause,
    });
  }
}
