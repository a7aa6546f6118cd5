/** @file Filter: the items of a batch that a selector keeps. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, atLeast } from "../core/layer.ts";
import { shapeString } from "../core/shape.ts";

/**
 * Keeps the items whose selector is not 0, of each of its bottoms but the last.
 *
 * - Bottoms: blobs (N, ...), any number of them; last the selector (N) or (N, 1, ...), without
 *   gradient. Tops: one for each blob, (M, ...) with M the number of items kept. Dropped items get
 *   a gradient of 0.
 *
 * The number of items is known only when the selector's values are, so the tops change their shape
 * in the forward pass; when the net is built they keep N (BVLC FilterLayer::Reshape).
 */
export const filter: LayerDefinition = {
  type: "Filter",
  bottoms: atLeast(2),
  tops: atLeast(1),
  setUp(context) {
    const { engine, bottoms, tops, fail } = context;
    if (tops.length !== bottoms.length - 1) {
      fail(
        `there must be one top for each bottom but the selector: ${bottoms.length - 1}, ` +
          `not ${tops.length}`,
        "top",
      );
    }
    let kept = new Int32Array(0);
    let keptCount = 0;
    let isBuilt = false;
    return {
      blobs: [],
      reshapesEachForward: true,
      reshape(bottoms, tops) {
        const selector = bottoms.at(-1)!;
        checkShapes(context, bottoms, selector);
        const items = selector.shape[0]!;
        if (kept.length < items) kept = new Int32Array(items);
        keptCount = 0;
        for (let n = 0; n < items; n++) if (selector.data[n] !== 0) kept[keptCount++] = n;
        const size = isBuilt ? keptCount : items;
        isBuilt = true;
        tops.forEach((top, k) => {
          top.reshape(size, ...bottoms[k]!.shape.slice(1));
        });
      },
      forward(bottoms, tops) {
        for (let k = 0; k < tops.length; k++) {
          const { dataPointer: from, count, shape } = bottoms[k]!;
          const width = count / shape[0]!;
          const to = tops[k]!.dataPointer;
          for (let i = 0; i < keptCount; i++) {
            engine.copy(width, from + 4 * kept[i]! * width, to + 4 * i * width);
          }
        }
      },
      backward(tops, propagateDown, bottoms) {
        if (propagateDown[bottoms.length - 1]) {
          fail(
            "Filter Layer cannot backpropagate to filter index inputs. " +
              "Give the selector propagate_down: false.",
            "bottom",
          );
        }
        for (let k = 0; k < tops.length; k++) {
          if (!propagateDown[k]) continue;
          const { diffPointer: to, count, shape } = bottoms[k]!;
          const width = count / shape[0]!;
          engine.fill(count, 0, to);
          const from = tops[k]!.diffPointer;
          for (let i = 0; i < keptCount; i++) {
            engine.copy(width, from + 4 * i * width, to + 4 * kept[i]! * width);
          }
        }
      },
    };
  },
};

function checkShapes({ fail }: LayerContext, bottoms: readonly Blob[], selector: Blob): void {
  if (selector.count !== selector.shape[0]) {
    fail(
      "Selector blob dimensions must be singletons (1), except the first. " +
        `It is ${shapeString(selector.shape)}.`,
      "bottom",
    );
  }
  bottoms.forEach(({ shape }, k) => {
    if (shape[0] === selector.shape[0]) return;
    fail(
      "Each bottom should have the same 0th dimension as the selector blob: " +
        `bottom ${k} has ${shape[0]}, the selector ${selector.shape[0]}.`,
      "bottom",
    );
  });
}
