/** @file What would fail later, said while the text is written: syntax, layers, shapes, memory, weights. */
import { CaffeError } from "../../errors.ts";
import type { ImageShape, JobDataset } from "../../job/dataset.ts";
import { readJobDataset } from "../../job/dataset.ts";
import { prepareNet } from "../../job/prepare-net.ts";
import { defaultSettings } from "../../job/settings.ts";
import { statedLayers } from "../../job/states.ts";
import { type NetSummary, summarizeNet } from "../../job/summary.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
  parsePrototxt,
  upgradeNet,
} from "../../schema/index.ts";
import type { CheckResult, Problem } from "../api-types.ts";

const EMPTY = { layers: [], parameters: 0, bytes: 0, notes: [], customLayers: [] } as const;

export interface CheckOptions {
  /** The folder of the dataset that the network will see, if it is known. */
  readonly dataset?: string | undefined;
  /** Whether weights will be loaded, which take layers off zero. */
  readonly hasWeights: boolean;
}

export async function checkNetwork(text: string, options: CheckOptions): Promise<CheckResult> {
  if (text.trim() === "") return { ...EMPTY, problem: { message: "The network is empty." } };
  let custom: readonly string[] = [];
  try {
    const net = parseNetwork(text);
    custom = customLayersOf(net);
    const dataset =
      options.dataset === undefined ? undefined : await readJobDataset(options.dataset);
    return { ...(await summarized(net, dataset, options)), customLayers: custom };
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    return { ...EMPTY, customLayers: custom, problem: problemOf(error) };
  }
}

export function parseNetwork(text: string): NetParameter {
  return upgradeNet(parsePrototxt(text, { message: "NetParameter", fileName: "network" }));
}

async function summarized(
  net: NetParameter,
  dataset: JobDataset | undefined,
  { hasWeights }: CheckOptions,
): Promise<CheckResult> {
  const states = statesByName(net);
  const settings = { ...defaultSettings, dataset: "", network: "" };
  const trained = dataset ? prepareNet(net, dataset, settings).trainVal : net;
  const summary = await summaryOf(trained, dataset?.featureShape);
  return {
    layers: summary.layers.map(({ name, type, tops, parameters }) => ({
      ...{ name, type, tops, parameters },
      states: states.get(name) ?? ["train", "val"],
    })),
    parameters: summary.parameters,
    bytes: summary.bytes.total,
    notes: summary.warnings.filter((note) => !(hasWeights && /all weights start at 0/.test(note))),
    customLayers: [],
  };
}

/** In which nets a layer of that name is; training and validation often have one each. */
function statesByName(net: NetParameter): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const { layer, states } of statedLayers(net)) {
    const name = layer.name ?? "";
    found.set(name, [...new Set([...(found.get(name) ?? []), ...states])]);
  }
  return found;
}

/** The training net without its custom layers: their code does not run in this process. */
function summaryOf(net: NetParameter, imageShape: ImageShape | undefined): Promise<NetSummary> {
  const missing = new Set<string>();
  const layer = net.layer.flatMap((param) => {
    const { type, bottom, top } = param;
    const isCustom = type === "Python" && bottom.length > 0;
    if (isCustom && bottom.length === top.length) return identities(param);
    if (!isCustom && !bottom.some((name) => missing.has(name))) return [param];
    for (const name of top) if (!bottom.includes(name)) missing.add(name);
    return [];
  });
  return summarizeNet(copyMessage(net, { layer }), imageShape ? { imageShape } : {});
}

/** A custom layer with as many tops as bottoms is taken to keep their shapes, as augmentation does. */
function identities(param: LayerParameter): LayerParameter[] {
  return param.bottom.map((bottom, index) =>
    createMessage("LayerParameter", {
      ...{ name: `${param.name ?? ""} ${index}`, type: "Power" },
      ...{ bottom: [bottom], top: [param.top[index]!] },
      ...{ include: param.include, exclude: param.exclude },
    }),
  );
}

function customLayersOf(net: NetParameter): string[] {
  const names = net.layer.flatMap(({ type, pythonParam }) =>
    type === "Python" ? [`${pythonParam?.module ?? "?"}.${pythonParam?.layer ?? "?"}`] : [],
  );
  return [...new Set(names)];
}

function problemOf({ problem, location }: CaffeError): Problem {
  if (location?.file !== "network") return { message: problem };
  return { message: problem, line: location.line, column: location.column };
}
