/** @file The real prototxts of the reference data, and how each is meant to be built. */
import { readFileSync } from "node:fs";
import { inputsInsteadOfData } from "../../src/job/data-stand-in.ts";
import type { ImageShape } from "../../src/job/dataset.ts";
import { jobStates } from "../../src/job/states.ts";
import { type State, filterLayers } from "../../src/net/filter.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
} from "../../src/schema/index.ts";
import { hasShared, sharedPath } from "./shared.ts";

/** A row of the collection's index, and the file's text. */
export interface RealPrototxt {
  readonly path: string;
  readonly kind: "net" | "solver" | "malformed" | "other";
  /** Whether Google's parser takes it by BVLC's schema; if not, what it says: LINE:COLUMN : text. */
  readonly isStrict: boolean;
  readonly error: string;
  readonly types: readonly string[];
  readonly onlyBvlcTypes: boolean;
  readonly text: string;
}

/** The collection; empty where the reference data is absent. */
export function realPrototxts(): readonly RealPrototxt[] {
  if (!hasShared) return [];
  const lines = readFileSync(sharedPath("data/prototxt/INDEX.tsv"), "utf8").trim().split("\n");
  return lines.slice(1).map((line) => {
    const [path, kind, , strict, error, types, onlyBvlc] = line.split("\t") as string[];
    return {
      path: path!,
      kind: kind!.split(" ")[0] as RealPrototxt["kind"],
      isStrict: strict === "yes",
      error: error!,
      types: types ? types.split(",") : [],
      onlyBvlcTypes: onlyBvlc === "yes",
      text: readFileSync(sharedPath("data/prototxt", path!), "utf8"),
    };
  });
}

/** A net in one of the states that it is written for. */
interface StatedNet {
  readonly net: NetParameter;
  readonly state: State;
}

/** Networks that DIGITS completes before Caffe sees them. */
const OF_DIGITS = /DIGITS.*\/(standard-networks|fine-tuning|siamese)\//;

/** The nets that a file describes, data layers replaced by inputs of the shapes that its dataset has. */
export function netsOf({ path }: RealPrototxt, net: NetParameter): StatedNet[] {
  const image = imageShapeOf(path);
  const nets = OF_DIGITS.test(path)
    ? digitsNets(net)
    : meantStates(net).map((state) => ({ net, state }));
  return nets.map(({ net, state }) => ({ net: inputsInsteadOfData(net, state, image), state }));
}

/**
 * Both phases, without stages and with each stage that the rules name, as far as anything comes into
 * the net then.
 */
function meantStates(net: NetParameter): State[] {
  const rules = net.layer.flatMap(({ include, exclude }) => [...include, ...exclude]);
  const stages = new Set(rules.flatMap(({ stage, notStage }) => [...stage, ...notStage]));
  const sets = [[], ...[...stages].map((stage) => [stage])];
  return (["TRAIN", "TEST"] as const)
    .flatMap((phase) => sets.map((set): State => ({ phase, level: 0, stages: set })))
    .filter((state) => filterLayers(net, state).some(({ bottom }) => bottom.length === 0));
}

/** The nets that DIGITS trains and validates, on a dataset of ten classes. */
function digitsNets(net: NetParameter): StatedNet[] {
  const layer = net.layer.map((param) => withNumOutput(param, 10));
  return [jobStates.train, jobStates.val].map((state) => {
    // Where the text has no data layer, DIGITS makes one.
    const hasData = filterLayers(net, state).some(({ type }) => type === "Data");
    return { net: copyMessage(net, { layer: hasData ? layer : [DATASET, ...layer] }), state };
  });
}

const DATASET = createMessage("LayerParameter", {
  ...{ name: "data", type: "Data", top: ["data", "label"] },
  dataParam: createMessage("DataParameter", { batchSize: 2 }),
});

/** DIGITS puts the number of classes where num_output is missing. */
function withNumOutput(param: LayerParameter, numOutput: number): LayerParameter {
  if (param.type !== "InnerProduct" || param.innerProductParam?.numOutput) return param;
  const settings = { ...param.innerProductParam, numOutput };
  return copyMessage(param, {
    innerProductParam: createMessage("InnerProductParameter", settings),
  });
}

/** What the datasets of the nets hold, which a net does not tell. */
function imageShapeOf(path: string): ImageShape {
  if (/siamese/.test(path)) return [/DIGITS/.test(path) ? 3 : 2, 28, 28];
  if (/mnist|lenet/.test(path)) return [1, 28, 28];
  return /cifar/.test(path) ? [3, 32, 32] : [3, 256, 256];
}
