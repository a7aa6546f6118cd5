/** @file What would fail later, said while the text is written: syntax, layers, shapes, memory, weights. */
import { CaffeError } from "../../errors.ts";
import { type JobDataset, readJobDataset } from "../../job/dataset.ts";
import { datasetAdvice } from "../../job/prepare-job.ts";
import { type PreparedNet, prepareNet } from "../../job/prepare-net.ts";
import { type JobSettings, defaultSettings } from "../../job/settings.ts";
import type { JobState } from "../../job/states.ts";
import {
  type NetSummary,
  type ShapedNet,
  summarizeNet,
  summaryOf,
  withShapedNet,
} from "../../job/summary.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  locationOf,
} from "../../schema/index.ts";
import type { CheckResult, CheckedLayer, Problem } from "../api-types.ts";
import { type CustomLayers, customLayersIn } from "./custom-layers.ts";
import { drawnNet } from "./drawing.ts";
import { memoryAdvice } from "./memory.ts";
import { NETWORK_FILE, parseNetwork } from "./parse-network.ts";
import { type StatedNet, layersByState } from "./states.ts";
import { checkWeights, mergedWeights, readWeights } from "./weights.ts";

export interface CheckRequest {
  readonly text: string;
  /** The folder of the dataset that the network will see, if it is known. */
  readonly dataset?: string | undefined;
  /** Files of custom layers, and of weights in the order in which they are applied. */
  readonly layers: readonly string[];
  readonly weights: readonly string[];
  readonly settings: Partial<Pick<JobSettings, "batchSize" | "valBatchSize" | "cropSize" | "mean">>;
  /** Custom layers run in this process, as the user's own. */
  readonly trusted: boolean;
  /** Folders whose files custom layers that are not trusted may read; none if absent. */
  readonly readable?: readonly string[] | undefined;
}

const nothing = { layers: [], parameters: 0, bytes: 0, notes: [] } as const;

/** Runs the custom layers that are given, fenced; so this belongs in a process of its own. */
export async function checkNetwork(request: CheckRequest): Promise<CheckResult> {
  const none = { ...nothing, customLayers: [], missingLayers: [] };
  if (request.text.trim() === "") return { ...none, problem: { message: "The network is empty." } };
  let net: NetParameter;
  try {
    net = parseNetwork(request.text);
  } catch (error) {
    return { ...none, problem: problemOf(error) };
  }
  const custom = await customLayersIn(net, request);
  try {
    const named = { customLayers: custom.used, missingLayers: custom.missing };
    return { ...named, ...(await checkedNet(net, custom, request)) };
  } finally {
    await custom.close();
  }
}

type Checked = Omit<CheckResult, "customLayers" | "missingLayers">;

async function checkedNet(
  net: NetParameter,
  custom: CustomLayers,
  request: CheckRequest,
): Promise<Checked> {
  let stated: StatedNet | undefined;
  const found: Found = { summaries: {}, notes: [], bytes: 0 };
  let problem: Problem | undefined;
  try {
    const dataset =
      request.dataset === undefined ? unknownDataset : await readJobDataset(request.dataset);
    const settings = {
      ...defaultSettings,
      ...request.settings,
      dataset: "",
      network: NETWORK_FILE,
    };
    stated = layersByState(net);
    const prepared = prepareNet(net, dataset, settings);
    stated = layersByState(net, prepared.data.layers);
    found.notes.push(...prepared.data.notes, ...datasetAdvice(dataset, settings));
    await look(prepared, dataset, custom, request, found);
  } catch (error) {
    problem = problemOf(custom.explained(error), net);
  }
  const { train } = found.summaries;
  return {
    ...(problem ? { problem } : {}),
    layers: stated ? checkedLayers(stated, found.summaries) : [],
    parameters: train?.parameters ?? 0,
    bytes: found.bytes,
    notes: [...found.notes, ...(train?.warnings ?? [])],
    graph: stated && (await drawnNet(stated, found.summaries, problem?.line)),
  };
}

/** What was seen before something failed. */
interface Found {
  readonly summaries: { [State in JobState]?: NetSummary | undefined };
  readonly notes: string[];
  bytes: number;
}

/** Builds the three nets, and holds the weights against the one that is trained. */
async function look(
  { trainVal, deploy }: PreparedNet,
  dataset: JobDataset,
  custom: CustomLayers,
  request: CheckRequest,
  found: Found,
): Promise<void> {
  const options = {
    ...{ imageShape: dataset.featureShape, layers: custom.folders },
    fence: request.trusted ? false : { seconds: custom.seconds, read: request.readable },
  };
  const weights = await readWeights(request.weights);
  const merged = weights.length > 0 ? mergedWeights(weights) : undefined;
  const standsIn = custom.missing.length > 0;
  let tooLarge: string | undefined;
  const build = async (
    state: JobState,
    param: NetParameter,
    use: (shaped: ShapedNet) => void = (shaped) => {
      found.summaries[state] = summaryOf(shaped);
    },
  ) => {
    const phase = state === "train" ? ("TRAIN" as const) : ("TEST" as const);
    const built = { ...options, phase, stages: [state] };
    const standIn = custom.standIns(param);
    try {
      await withShapedNet(standIn, built, use);
    } catch (error) {
      // The layers before the one that is wrong have shapes all the same.
      const before = upTo(error, standIn);
      if (!before || found.summaries[state]) throw error;
      found.summaries[state] = await summarizeNet(before, built).catch(() => undefined);
      throw error;
    }
  };
  await build("train", trainVal, (shaped) => {
    found.summaries.train = summaryOf(shaped, merged);
    const memory = memoryAdvice(shaped.net);
    found.bytes = memory.bytes;
    found.notes.push(...memory.notes);
    tooLarge = memory.problem;
    if (!standsIn) found.notes.push(...lossAdvice(shaped.net));
    checkWeights(shaped.net, weights);
  });
  if (dataset.val) await build("val", trainVal);
  await build("deploy", deploy);
  if (tooLarge !== undefined) throw new CaffeError("net-definition", tooLarge);
}

/** The net without the layer that an error is about, and what follows; undefined where it is about none. */
function upTo(error: unknown, net: NetParameter): NetParameter | undefined {
  if (!(error instanceof CaffeError) || error.location?.file !== NETWORK_FILE) return undefined;
  const { line } = error.location;
  const wrong = net.layer.findLastIndex((layer) => (lineOf(layer) ?? line + 1) <= line);
  return wrong < 1 ? undefined : copyMessage(net, { layer: net.layer.slice(0, wrong) });
}

function lossAdvice(net: {
  readonly layers: readonly { readonly lossWeights: readonly number[] }[];
}) {
  const hasLoss = net.layers.some(({ lossWeights }) => lossWeights.some((weight) => weight !== 0));
  return hasLoss ? [] : ["No layer of the training net is a loss, so nothing will be learned."];
}

/** Stands for the dataset until one is chosen. */
const unknownDataset: JobDataset = {
  folder: "",
  train: { count: 1, features: "", labels: "" },
  val: { count: 1, features: "", labels: "" },
  featureShape: [3, 256, 256],
  mean: { file: "", channels: [0, 0, 0] },
};

function checkedLayers(stated: StatedNet, summaries: Found["summaries"]): CheckedLayer[] {
  return stated.layers.map((layer) => {
    const states = [...stated.statesOf(layer)];
    const built = states
      .map((state) => summaries[state]?.layers.find(({ name }) => name === (layer.name ?? "")))
      .find((one) => one !== undefined);
    return {
      ...{ name: layer.name ?? "", type: layer.type ?? "", states },
      tops: built?.tops ?? layer.top.map((name) => ({ name, shape: undefined })),
      parameters: built?.parameters ?? 0,
      line: lineOf(layer),
    };
  });
}

function lineOf(layer: LayerParameter): number | undefined {
  return locationOf(layer)?.line;
}

/** The problem that an error states, at its place in the text; else at the layer that it names. */
function problemOf(error: unknown, net?: NetParameter): Problem {
  if (!(error instanceof CaffeError)) throw error;
  const { location, message } = error;
  if (location?.file === NETWORK_FILE) {
    return { message: error.problem, line: location.line, column: location.column };
  }
  // Weights and custom layers have no place in the text, but name the layer that wants them.
  const name = /from layer '([^']*)'|for layer (\S+):/.exec(message)?.slice(1).find(Boolean);
  const layer = net?.layer.find((candidate) => name !== undefined && candidate.name === name);
  const place = layer && locationOf(layer);
  return place ? { message, line: place.line, column: place.column } : { message };
}
