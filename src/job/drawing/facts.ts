/** @file What building a net tells of its layers: shapes of the tops, and learnable parameters. */
import type { Shape } from "../../core/shape.ts";
import { CaffeError } from "../../errors.ts";
import { type State, filterLayers } from "../../net/filter.ts";
import { Net } from "../../net/net.ts";
import type { LayerParameter, NetParameter } from "../../schema/index.ts";
import { inputsInsteadOfData } from "../data-stand-in.ts";
import { openShapeDevice } from "../shape-device.ts";

export interface LayerFacts {
  readonly topShapes: readonly Shape[];
  readonly parameters: number;
}

export interface NetFacts {
  readonly layers: ReadonlyMap<LayerParameter, LayerFacts>;
  /** Why the net could not be built, for the states where it could not. */
  readonly problems: readonly string[];
}

/**
 * Builds the net in each state, with inputs in place of data layers and without a byte of memory. Where
 * that fails, the layers simply have no facts.
 */
export async function netFacts(
  net: NetParameter,
  states: readonly State[],
  options: {
    readonly root?: string;
    readonly layers?: readonly string[];
    readonly imageShape?: readonly number[];
  } = {},
): Promise<NetFacts> {
  const { root, layers: paths, imageShape } = options;
  const layers = new Map<LayerParameter, LayerFacts>();
  const problems: string[] = [];
  for (const state of states) {
    const written = filterLayers(net, state);
    if (written.length === 0) continue;
    try {
      const standIn = inputsInsteadOfData(net, state, imageShape);
      const device = openShapeDevice();
      const built = await Net.load(standIn, { ...state, root, layers: paths, device });
      collect(built, written, layers);
      built.dispose();
    } catch (error) {
      if (!(error instanceof CaffeError)) throw error;
      if (!problems.includes(error.message)) problems.push(error.message);
    }
  }
  return { layers, problems };
}

function collect(
  net: Net,
  written: readonly LayerParameter[],
  facts: Map<LayerParameter, LayerFacts>,
): void {
  // Split layers that the net inserted stand between those that were written.
  const own = new Set(written.map(({ name }) => name ?? ""));
  const built = net.layers.filter(({ name, type }) => type !== "Split" || own.has(name));
  for (const [i, { topBlobs, blobs }] of built.entries()) {
    const layer = written[i];
    if (!layer || facts.has(layer)) continue;
    facts.set(layer, {
      topShapes: topBlobs.map(({ shape }) => [...shape]),
      parameters: blobs.reduce((sum, { count }) => sum + count, 0),
    });
  }
}
