/** @file Activation memory of a net for inference: a blob's memory serves again once nobody reads it. */
import { Blob } from "../core/blob.ts";
import type { Heap } from "../core/heap.ts";
import type { NetLayer } from "./net-layer.ts";

/** Blobs that use one memory, and the layers between which it is needed. */
interface Group {
  /** The blob that the others share their data with. */
  readonly root: Blob;
  readonly first: number;
  last: number;
  count: number;
  kept: boolean;
}

/**
 * Lets activations that are never alive at the same time share memory. The net must be reshaped
 * afterwards, so that layers whose tops share their bottom's memory do so again.
 * @param kept names of blobs whose values must outlive the pass
 * @returns the memories, to be disposed of with the net
 */
export function reuseActivationMemory(
  layers: readonly NetLayer[],
  kept: ReadonlySet<string>,
  heap: Heap,
): readonly Blob[] {
  return planSlots(groupByMemory(layers, kept)).map(({ count, roots }) => {
    const memory = new Blob(heap, [count]);
    for (const root of roots) root.shareData(memory);
    return memory;
  });
}

/** Floats that the activations take where memory is reused, those that are kept included. */
export function reusedActivationCount(
  layers: readonly NetLayer[],
  kept: ReadonlySet<string>,
): number {
  const groups = groupByMemory(layers, kept);
  const own = groups.filter((group) => group.kept);
  return [...own, ...planSlots(groups)].reduce((sum, { count }) => sum + count, 0);
}

function planSlots(groups: readonly Group[]): Slot[] {
  const slots: Slot[] = [];
  const reusable = groups.filter((group) => !group.kept && group.count > 0);
  for (const group of reusable.toSorted((a, b) => a.first - b.first)) {
    const free = slots.filter((slot) => slot.busyUntil < group.first);
    const slot = bestFit(free, group.count) ?? newSlot(slots);
    slot.busyUntil = group.last;
    slot.count = Math.max(slot.count, group.count);
    slot.roots.push(group.root);
  }
  return slots;
}

interface Slot {
  count: number;
  busyUntil: number;
  readonly roots: Blob[];
}

function newSlot(slots: Slot[]): Slot {
  const slot = { count: 0, busyUntil: -1, roots: [] };
  slots.push(slot);
  return slot;
}

/** The smallest free slot that is large enough, else the largest one, which then grows. */
function bestFit(free: readonly Slot[], count: number): Slot | undefined {
  const bySize = free.toSorted((a, b) => a.count - b.count);
  return bySize.find((slot) => slot.count >= count) ?? bySize.at(-1);
}

function groupByMemory(layers: readonly NetLayer[], kept: ReadonlySet<string>): Group[] {
  const groups: Group[] = [];
  const groupOf = new Map<Blob, Group>();
  layers.forEach((layer, index) => {
    for (const bottom of layer.bottomBlobs) groupOf.get(bottom)!.last = index;
    layer.topBlobs.forEach((top, i) => {
      const shared = layer.bottomBlobs.find(
        (bottom) => top === bottom || top.sharesDataWith(bottom),
      );
      let group = shared && groupOf.get(shared);
      if (!group) {
        group = { root: top, first: index, last: index, count: 0, kept: false };
        groups.push(group);
      }
      groupOf.set(top, group);
      group.last = index;
      group.count = Math.max(group.count, top.count);
      // A layer without bottoms may fill its tops once for all passes; a Parameter's top is its weight.
      group.kept ||= layer.bottomBlobs.length === 0 || kept.has(layer.tops[i]!);
    });
  });
  return groups;
}
