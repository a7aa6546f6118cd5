/** @file From a path or a message to the filtered, split layers of one net. */
import type { Logger } from "../core/logger.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  parsePrototxt,
  printPrototxt,
  upgradeNet,
} from "../schema/index.ts";
import { type State, filterLayers } from "./filter.ts";
import { insertSplits } from "./insert-splits.ts";
import { readPrototxtText } from "./read-prototxt.ts";

/** The state that a caller asks for; what is absent comes from the prototxt. */
export type RequestedState = { readonly [K in keyof State]?: State[K] | undefined };

/** One net of a prototxt, ready to be built. */
export interface NetDefinition {
  readonly name: string;
  /** The net's message without its layers: what else a file said of the net. */
  readonly message: NetParameter;
  readonly state: State;
  readonly forceBackward: boolean;
  readonly debugInfo: boolean;
  readonly layers: readonly LayerParameter[];
}

/**
 * Reads a net prototxt and brings it to the current form.
 * @throws NetDefinitionError when the file cannot be read; PrototxtError when it does not parse
 */
export function readNetParameter(path: string, logger?: Logger): NetParameter {
  const text = readPrototxtText(path, "the net's prototxt");
  return upgradeNet(parsePrototxt(text, { message: "NetParameter", fileName: path }), logger);
}

/** Filters a net by its state and inserts splits. */
export function defineNet(net: NetParameter, asked: RequestedState, logger: Logger): NetDefinition {
  const state = {
    phase: asked.phase ?? net.state?.phase ?? "TEST",
    level: asked.level ?? net.state?.level ?? 0,
    stages: [...(net.state?.stage ?? []), ...(asked.stages ?? [])],
  };
  const kept = filterLayers(net, state, logger);
  logger.log(
    "info",
    "net.cpp:53",
    `Initializing net from parameters: \n${describe(net, kept, asked).trimEnd()}`,
  );
  return {
    name: net.name ?? "",
    message: copyMessage(net, { layer: [] }),
    state,
    forceBackward: net.forceBackward ?? false,
    debugInfo: net.debugInfo ?? false,
    layers: insertSplits(kept),
  };
}

/** The filtered net as text, its state with the parts that were given and no others. */
function describe(
  net: NetParameter,
  layer: readonly LayerParameter[],
  { phase = net.state?.phase, level = net.state?.level, stages = [] }: RequestedState,
): string {
  const state = {
    ...(phase === undefined ? {} : { phase }),
    ...(level === undefined ? {} : { level }),
    stage: [...(net.state?.stage ?? []), ...stages],
  };
  return printPrototxt({ ...net, layer: [...layer], state }, { message: "NetParameter" });
}
