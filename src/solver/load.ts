/** @file From a solver's prototxt to what a solver runs with: settings and nets with weights. */
import { dirname, resolve } from "node:path";
import type { FenceOptions } from "../core/fence-options.ts";
import { type Logger, silentLogger } from "../core/logger.ts";
import { type RandomSource, createRandom } from "../core/random.ts";
import { type Device, type DeviceChoice, resolveDevice } from "../device/index.ts";
import { UsageError } from "../errors.ts";
import { readNetParameter } from "../net/load-definition.ts";
import { pathOf } from "../net/net-source.ts";
import { readPrototxtText } from "../net/read-prototxt.ts";
import { Net } from "../net/net.ts";
import {
  type Draft,
  type Phase,
  type SolverParameter,
  completeMessage,
  copyMessage,
  parsePrototxt,
  printPrototxt,
  upgradeSolver,
} from "../schema/index.ts";
import type { SolverObserver } from "./events.ts";
import { type NetSource, mergedState, testNetSources, trainNetSource } from "./nets.ts";
import { type SolverSettings, solverSettings } from "./settings.ts";
import { checkPrefixWritable, requirePrefix, snapshotPrefix } from "./snapshot-prefix.ts";

export interface SolverOptions {
  /** Weights to start from, by name of layer, instead of those that the solver prototxt names. */
  readonly weights?: string | readonly string[];
  /** A .solverstate to resume from; not together with `weights`. */
  readonly snapshot?: string;
  readonly device?: DeviceChoice;
  /** Folders or files in which custom layers are looked for. */
  readonly layers?: string | readonly string[];
  /** Fences the custom layers of all nets in, as in `NetOptions`. */
  readonly fence?: boolean | FenceOptions | undefined;
  /** What relative paths inside the prototxts are relative to; default: the working directory. */
  readonly root?: string;
  readonly logger?: Logger;
  readonly threads?: number;
  readonly observer?: SolverObserver;
}

/** What a solver is made of. */
export interface SolverParts {
  readonly net: Net;
  readonly testNets: readonly Net[];
  /** The solver's prototxt, upgraded, with the options in it. */
  readonly param: SolverParameter;
  readonly settings: SolverSettings;
  /** All nets draw from it, as in Caffe. */
  readonly random: RandomSource;
  readonly root: string;
  readonly logger: Logger;
}

/**
 * Reads a solver prototxt, old formats included.
 * @param root what a relative `snapshot_prefix` will be relative to
 * @throws PrototxtError with file, line and column for text that is no SolverParameter
 */
export async function readSolverParameter(
  path: string,
  { logger = silentLogger, root = process.cwd() }: Pick<SolverOptions, "logger" | "root"> = {},
): Promise<SolverParameter> {
  const text = readPrototxtText(path, "the solver's prototxt");
  const parsed = parsePrototxt(text, { message: "SolverParameter", fileName: path });
  const param = upgradeSolver(parsed, logger);
  const prefix = snapshotPrefix(param.snapshotPrefix, path, root, logger);
  return prefix === undefined ? param : copyMessage(param, { snapshotPrefix: prefix });
}

/** Checks a solver and builds its nets. (BVLC Solver::Init) */
export async function loadParts(
  solver: string | URL | Draft<SolverParameter>,
  options: SolverOptions,
): Promise<SolverParts> {
  const { logger = silentLogger, root = process.cwd() } = options;
  const given =
    typeof solver === "string" || solver instanceof URL
      ? await readSolverParameter(pathOf(solver), { logger, root })
      : completeMessage("SolverParameter", solver);
  const param = withWeights(given, options);
  logger.log(
    "info",
    "solver.cpp:45",
    `Initializing solver from parameters: \n${printPrototxt(param, { message: "SolverParameter" }).trimEnd()}`,
  );
  const settings = solverSettings(param);
  const sources = [trainNetSource(param), ...testNetSources(param)];
  if (settings.snapshot > 0) await checkPrefixWritable(requirePrefix(param), root);
  const random = createRandom(settings.randomSeed < 0 ? undefined : settings.randomSeed);
  const { layers, fence, threads } = options;
  const device = await resolveDevice(options.device, { threads, logger });
  const surroundings = { device, layers, fence, threads, root, logger, random };
  const nets = await buildNets(sources, param.weights, surroundings);
  logger.log("info", "solver.cpp:57", "Solver scaffolding done.");
  const [net, ...testNets] = nets as [Net, ...Net[]];
  for (const testNet of testNets) testNet.debugInfo = settings.debugInfo;
  return { net, testNets, param, settings, random, root, logger };
}

/** Weights that were asked for replace those of the prototxt; a snapshot needs none. */
function withWeights(param: SolverParameter, options: SolverOptions): SolverParameter {
  const { weights, snapshot } = options;
  if (weights !== undefined && snapshot !== undefined) {
    throw new UsageError("Give a snapshot to resume training or weights to finetune but not both.");
  }
  if (snapshot !== undefined) return copyMessage(param, { weights: [] });
  if (weights === undefined) return param;
  const { root = process.cwd() } = options;
  const entries = typeof weights === "string" ? [weights] : weights;
  if (resolve(root) === process.cwd()) return copyMessage(param, { weights: [...entries] });
  // Paths in options are relative to the working directory, those in a prototxt to `root`.
  return copyMessage(param, { weights: fileList(entries).map((file) => resolve(file)) });
}

/** Each entry may hold several paths with commas between them. */
function fileList(entries: readonly string[]): string[] {
  return entries.flatMap((entry) => entry.split(",")).map((file) => file.trim());
}

/** What the nets of a solver have in common. */
interface Surroundings {
  readonly device: Device;
  readonly layers: SolverOptions["layers"] | undefined;
  readonly fence: SolverOptions["fence"];
  readonly threads: number | undefined;
  readonly root: string;
  readonly logger: Logger;
  readonly random: RandomSource;
}

/** Builds the train net, then the test nets, each with the weights. */
async function buildNets(
  sources: readonly NetSource[],
  weights: readonly string[],
  surroundings: Surroundings,
): Promise<Net[]> {
  const files = fileList(weights);
  const nets: Net[] = [];
  try {
    for (const [index, source] of sources.entries()) {
      const net = await buildNet(source, index === 0 ? "TRAIN" : "TEST", surroundings);
      nets.push(net);
      await copyWeights(net, files, surroundings);
    }
  } catch (error) {
    for (const net of nets) net.dispose();
    throw error;
  }
  return nets;
}

async function buildNet(
  source: NetSource,
  phase: Phase,
  { root, logger, layers, ...surroundings }: Surroundings,
): Promise<Net> {
  logger.log("info", phase === "TRAIN" ? "solver.cpp:102" : "solver.cpp:190", source.announcement);
  const file = typeof source.net === "string" ? fromRoot(source.net, root) : undefined;
  const param = typeof source.net === "string" ? readNetParameter(file!, logger) : source.net;
  const state = mergedState(phase, [param.state, ...source.states]);
  return Net.load(copyMessage(param, { state }), {
    ...surroundings,
    phase: state.phase,
    // Of a test net only the outputs are looked at.
    outputsOnly: phase === "TEST",
    root,
    logger,
    // Custom layers may lie beside the net's prototxt.
    layers: [
      ...(typeof layers === "string" ? [layers] : (layers ?? [])),
      ...(file ? [dirname(file)] : []),
    ],
  });
}

/** A path in a prototxt, kept short for messages where it is relative to the working directory. */
function fromRoot(path: string, root: string): string {
  return resolve(root) === process.cwd() ? path : resolve(root, path);
}

async function copyWeights(
  net: Net,
  files: readonly string[],
  { root, logger }: Surroundings,
): Promise<void> {
  for (const file of files) {
    logger.log("info", "solver.cpp:72", `Finetuning from ${file}`);
    await net.copyTrainedLayersFrom(fromRoot(file, root));
  }
}
