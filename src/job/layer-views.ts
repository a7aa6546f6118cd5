/** @file "Visualizations and statistics": what each layer of a net has learned and computes, as numbers and pictures. */
import type { Blob } from "../core/blob.ts";
import type { Net } from "../net/net.ts";
import { type ArrayStatistics, deadChannels, statisticsOf } from "./array-statistics.ts";
import { type TileKind, type TilePicture, tilesOf } from "./layer-tiles.ts";

/** The weights of a layer, or a blob that it makes. */
export interface ArrayView {
  readonly shape: readonly number[];
  readonly statistics: ArrayStatistics;
  /** Filters or channels that hold nothing but zeros, of how many. */
  readonly dead: { readonly count: number; readonly of: number };
  /** Undefined where a picture would say nothing: numbers in a row. */
  readonly tiles: TilePicture | undefined;
}

export interface LayerView {
  readonly name: string;
  readonly type: string;
  /** Learned values, biases included. */
  readonly parameters: number;
  /** The first blob of the layer's own, which holds its weights. */
  readonly weights: ArrayView | undefined;
  readonly activations: readonly (ArrayView & {
    readonly blob: string;
    /** Layers that change the blob in place after this one: what is shown is what they leave. */
    readonly changedBy: readonly string[];
  })[];
}

/**
 * Looks at every layer after a forward pass, in the order of the net. A blob is shown where it is made;
 * copies that the net inserted for itself are left out.
 */
export async function layerViews(net: Net): Promise<LayerView[]> {
  const layers = net.layers.filter(({ type, name }) => !(type === "Split" && /_split$/.test(name)));
  const seen = new Set<string>();
  const views: LayerView[] = [];
  for (const layer of layers) {
    const made = layer.tops.filter((top) => !seen.has(top));
    for (const top of made) seen.add(top);
    const activations = [];
    const kind = layer.bottoms.length === 0 ? "input" : "activation";
    for (const blob of made) {
      const values = net.blobs.get(blob);
      if (!values) continue;
      const changedBy = layers
        .filter((other) => other !== layer && other.tops.includes(blob))
        .map(({ name }) => name);
      activations.push({ blob, changedBy, ...(await viewOf(values, kind)) });
    }
    const weights = layer.blobs[0];
    views.push({
      ...{ name: layer.name, type: layer.type, activations },
      parameters: layer.blobs.reduce((sum, { count }) => sum + count, 0),
      weights: weights && (await viewOf(weights, "weights")),
    });
  }
  return views.filter(hasSomething);
}

function hasSomething({ activations, weights }: LayerView): boolean {
  return activations.length > 0 || weights !== undefined;
}

async function viewOf(blob: Blob, kind: TileKind): Promise<ArrayView> {
  const { data, shape } = await blob.sync();
  const axis = kind === "weights" ? 0 : 1;
  return {
    shape: [...shape],
    statistics: statisticsOf(data),
    dead: deadChannels(data, shape, axis),
    tiles: tilesOf(data, shape, kind),
  };
}
