/** @file From a user's network text to `train_val.prototxt` and `deploy.prototxt`, as DIGITS does it. */
import { NetDefinitionError } from "../errors.ts";
import { filterLayers } from "../net/filter.ts";
import {
  type LayerParameter,
  type NetParameter,
  type Phase,
  copyMessage,
  locationOf,
} from "../schema/index.ts";
import {
  type RebuiltDataLayers,
  findDataLayers,
  isDataLayer,
  rebuildDataLayers,
} from "./data-layers.ts";
import type { JobDataset } from "./dataset.ts";
import type { JobSettings } from "./settings.ts";
import { forDeploy, forTrainVal, statedLayers } from "./states.ts";

/** The two nets of a job. */
export interface PreparedNet {
  readonly trainVal: NetParameter;
  readonly deploy: NetParameter;
  readonly data: RebuiltDataLayers;
}

/**
 * Splits one text into the nets that train, validate and deploy it, on the job's dataset.
 * @throws NetDefinitionError where a layer reads a blob that its net does not have
 */
export function prepareNet(
  network: NetParameter,
  dataset: JobDataset,
  settings: JobSettings,
): PreparedNet {
  const body = network.layer.filter((layer) => layer.type !== "Input");
  for (const layer of body) checkNumOutput(layer);
  const stated = statedLayers(copyMessage(network, { layer: body }));
  const hidden = stated.filter(({ layer }) => !isDataLayer(layer));
  const data = dataLayersOf(network, dataset, settings);
  const noInputs = { input: [], inputShape: [], inputDim: [] };
  const trainVal = copyMessage(network, {
    ...noInputs,
    layer: [...data.layers, ...hidden.flatMap((entry) => forTrainVal(entry) ?? [])],
  });
  checkBottoms(trainVal, "TRAIN");
  if (dataset.val) checkBottoms(trainVal, "TEST");
  const deploy = copyMessage(network, {
    ...noInputs,
    input: ["data"],
    inputShape: [{ dim: deployShape(dataset, data.cropSize) }],
    layer: hidden.flatMap((entry) => forDeploy(entry) ?? []),
  });
  checkBottoms(deploy, "TEST");
  return { trainVal, deploy, data };
}

/** The data layers of the training and validation net, rebuilt on the dataset from those of the text. */
export function dataLayersOf(
  network: NetParameter,
  dataset: JobDataset,
  settings: JobSettings,
): RebuiltDataLayers {
  const own = statedLayers(network).filter(({ layer }) => isDataLayer(layer));
  const found = findDataLayers(own.flatMap((entry) => forTrainVal(entry) ?? []));
  return rebuildDataLayers(found, dataset, settings);
}

function deployShape({ featureShape }: JobDataset, cropSize: number | undefined): number[] {
  const [channels, height, width] = featureShape;
  return [1, channels, cropSize ?? height, cropSize ?? width];
}

function checkNumOutput(layer: LayerParameter): void {
  if (layer.type !== "InnerProduct" || layer.innerProductParam?.numOutput !== undefined) return;
  throw new NetDefinitionError(
    "Don't leave inner_product_param.num_output unset for generic networks " +
      `(layer ${layer.name ?? ""})`,
    { location: locationOf(layer) },
  );
}

/** Every bottom must be a top or an input of the same net; order is not looked at. */
function checkBottoms(net: NetParameter, phase: Phase): void {
  const layers = filterLayers(net, { phase, level: 0, stages: [] });
  const known = new Set([...net.input, ...layers.flatMap((layer) => layer.top)]);
  for (const layer of layers) {
    const missing = layer.bottom.find((bottom) => !known.has(bottom));
    if (missing === undefined) continue;
    const [name, deploy] = [layer.name ?? "", net.input.length > 0];
    throw new NetDefinitionError(
      `Layer '${name}' references bottom '${missing}' at the ${phase} stage however this blob is ` +
        "not included at that stage. Please consider using an include directive to limit the scope of this layer." +
        (deploy ? hint(name) : ""),
      { location: locationOf(layer) },
    );
  }
}

/** Losses and metrics in the deploy net are the most frequent cause. */
function hint(name: string): string {
  return (
    ` (This is the deploy net, which has the input "data" and no labels: to keep '${name}' for ` +
    'training only, give it `exclude { stage: "deploy" }`.)'
  );
}
