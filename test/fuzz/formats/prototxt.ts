/** @file Fuzzing of nets and solvers in text form: parsing, printing, upgrades, shapes, settings. */
import { CaffeError } from "../../../src/errors.ts";
import { summarizeNet } from "../../../src/job/summary.ts";
import { builtInLayers } from "../../../src/layers/index.ts";
import {
  type MessageName,
  parsePrototxt,
  printPrototxt,
  upgradeNet,
  upgradeSolver,
} from "../../../src/schema/index.ts";
import { messageDescriptor } from "../../../src/schema/descriptor.ts";
import { solverSettings } from "../../../src/solver/settings.ts";
import { type Format, RoundTripError } from "../format.ts";
import { mutateText } from "../mutate-text.ts";
import { NETS, SOLVERS } from "./prototxt-seeds.ts";

/** Types that write files, or run what a user wrote. */
const UNSAFE = new Set(["HDF5Output", "Python"]);

/** Names of fields, enum values and layer types, of one message and all inside it. */
function wordsOf(name: MessageName, seen = new Set<MessageName>()): string[] {
  if (seen.has(name)) return [];
  seen.add(name);
  return messageDescriptor(name).fields.flatMap((field) => [
    field.name,
    ...Object.keys(field.values ?? {}),
    ...(field.message ? wordsOf(field.message, seen) : []),
  ]);
}

const TYPES = builtInLayers.map(({ type }) => type).filter((type) => !UNSAFE.has(type));
const NET_WORDS = [...TYPES, ...new Set(wordsOf("NetParameter")), "true", "false", "data", "label"];
const SOLVER_WORDS = [
  ...new Set(wordsOf("SolverParameter")),
  "SGD",
  "Adam",
  "step",
  "poly",
  "true",
];

const asBytes = (texts: readonly string[]) => texts.map((text) => Buffer.from(text, "utf8"));

function parsedAgain<N extends MessageName>(text: string, message: N) {
  const parsed = parsePrototxt(text, { message, fileName: "fuzz.prototxt" });
  const printed = printPrototxt(parsed);
  let again: string;
  try {
    again = printPrototxt(parsePrototxt(printed, { message }));
  } catch (cause) {
    throw new RoundTripError("what was printed does not parse", { cause });
  }
  if (again !== printed) throw new RoundTripError("what was printed parses to something else");
  return parsed;
}

export const net: Format = {
  name: "net",
  seeds: () => asBytes(NETS),
  mutate: (seed, random, others) => mutateText(seed, random, others, NET_WORDS),
  async attempt(bytes) {
    const parsed = parsedAgain(Buffer.from(bytes).toString("utf8"), "NetParameter");
    const param = upgradeNet(parsed);
    if (param.layer.some(({ type }) => UNSAFE.has(type ?? ""))) return;
    for (const phase of ["TRAIN", "TEST"] as const) {
      try {
        await summarizeNet(param, { phase });
      } catch (error) {
        if (!(error instanceof CaffeError)) throw error;
      }
    }
  },
};

export const solver: Format = {
  name: "solver",
  seeds: () => asBytes(SOLVERS),
  mutate: (seed, random, others) => mutateText(seed, random, others, SOLVER_WORDS),
  attempt(bytes) {
    const parsed = parsedAgain(Buffer.from(bytes).toString("utf8"), "SolverParameter");
    solverSettings(upgradeSolver(parsed));
  },
};
