/** @file Where a Crop must cut so that a coarse score map lies over its image again. */
import { filterLayers, type State } from "../net/filter.ts";
import { type LayerParameter, type NetParameter, withDefaults } from "../schema/index.ts";
import { type PlaneMap, compose, identityMap, planeMapOf } from "./coordinate-map.ts";

/** What a Crop says and what it ought to say. */
export interface CropAdvice {
  readonly layer: string;
  /** The offsets along height and width that the text gives; undefined for an axis that is not cropped. */
  readonly given: readonly [number | undefined, number | undefined];
  /** The offsets that line the two bottoms up; fractions where no whole offset can. */
  readonly wanted: readonly [number, number];
}

/**
 * The offsets that line up the bottoms of each Crop in a net, over height and width.
 * Crops whose bottoms have no common ancestor, or pass through layers without a known geometry
 * (InnerProduct, Reshape, ...), are left out.
 */
export function cropAdvice(net: NetParameter, state: State): CropAdvice[] {
  const maps = new Map<string, Map<string, PlaneMap>>();
  for (const input of net.input) maps.set(input, new Map());
  const advice: CropAdvice[] = [];
  for (const layer of filterLayers(net, state)) {
    if (layer.type === "Crop") {
      const found = cropOf(layer, maps);
      if (found) advice.push(found);
    }
    const reached = reachedBy(layer, maps);
    for (const top of layer.top) maps.set(top, reached);
  }
  return advice;
}

type Reached = Map<string, PlaneMap>;

/** Maps from every ancestor blob to the tops of a layer. */
function reachedBy(layer: LayerParameter, maps: ReadonlyMap<string, Reached>): Reached {
  const own = planeMapOf(layer);
  const reached: Reached = new Map();
  if (!own) return reached;
  // A blob that is cropped or fused lies where its first bottom lies; Crop then follows the second.
  const source = layer.bottom[layer.type === "Crop" ? 1 : 0];
  if (source === undefined) return reached;
  for (const [ancestor, map] of fromAncestors(source, maps)) {
    reached.set(ancestor, [compose(own[0], map[0]), compose(own[1], map[1])]);
  }
  return reached;
}

function fromAncestors(blob: string, maps: ReadonlyMap<string, Reached>): Reached {
  return new Map([...(maps.get(blob) ?? []), [blob, [identityMap, identityMap]]]);
}

function cropOf(layer: LayerParameter, maps: ReadonlyMap<string, Reached>): CropAdvice | undefined {
  const [source, reference] = layer.bottom;
  if (source === undefined || reference === undefined) return undefined;
  const ofSource = fromAncestors(source, maps);
  for (const [ancestor, ofReference] of fromAncestors(reference, maps)) {
    const map = ofSource.get(ancestor);
    if (!map) continue;
    if (!sameScale(map, ofReference)) continue;
    const wanted = [0, 1].map((axis) => map[axis]!.shift - ofReference[axis]!.shift);
    return {
      layer: layer.name ?? "",
      given: givenOffsets(layer),
      wanted: [wanted[0]!, wanted[1]!],
    };
  }
  return undefined;
}

function sameScale(a: PlaneMap, b: PlaneMap): boolean {
  return [0, 1].every((axis) => Math.abs(a[axis]!.scale / b[axis]!.scale - 1) < 1e-9);
}

function givenOffsets(layer: LayerParameter): [number | undefined, number | undefined] {
  const { axis, offset } = withDefaults("CropParameter", layer.cropParam);
  const first = axis < 0 ? axis + 4 : axis;
  const at = (index: number) =>
    index < first ? undefined : ((offset.length > 1 ? offset[index - first] : offset[0]) ?? 0);
  return [at(2), at(3)];
}
