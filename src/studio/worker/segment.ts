/** @file A program of its own: gets one request, sends one segmentation or one sentence, and ends. */
import { scoreClasses } from "../../job/class-map.ts";
import { datasetFacts, spacingOf } from "../../job/dataset-records.ts";
import { jobModel } from "../../job/job-model.ts";
import { type ArrayView, type LayerView, layerViews } from "../../job/layer-views.ts";
import { readImage } from "../../job/read-image.ts";
import { Segmenter } from "../../job/segmenter.ts";
import { readRecord, windowOf, windowed } from "../server/records.ts";
import type { ShownArray, ShownLayer } from "../test-types.ts";
import type { SegmentReply, SegmentRequest } from "./messages.ts";

async function answer(request: SegmentRequest): Promise<SegmentReply> {
  const { image, label } =
    "dataset" in request
      ? await readRecord(request.dataset, request.stage, request.index)
      : { image: await readImage(request.file, request.frame), label: undefined };
  const spacing =
    "dataset" in request
      ? spacingOf(datasetFacts(request.dataset, request.stage).records[request.index])
      : undefined;
  const { iter, ...model } = await jobModel(request.folder, request.iter);
  const segmenter = await Segmenter.open({ ...model, fence: request.fence });
  try {
    const { map, classCount } = await segmenter.segment(image);
    const { width, height, channels, pixels } = windowed(image);
    const layers = request.layers ? await layerViews(segmenter.net) : undefined;
    return {
      result: {
        ...{ iter, width, height, channels, classCount },
        image: base64(pixels),
        window: windowOf(image),
        classes: base64(map.classes),
        ...(label ? { label: base64(label.classes) } : {}),
        scores: scoreClasses(map, label, spacing),
        ...(layers ? { layers: layers.map(shownLayer) } : {}),
      },
    };
  } finally {
    segmenter.dispose();
  }
}

function shownLayer({ weights, activations, ...layer }: LayerView): ShownLayer {
  return {
    ...layer,
    weights: weights && shownArray(weights),
    activations: activations.map(({ blob, changedBy, ...view }) => ({
      ...{ blob, changedBy },
      ...shownArray(view),
    })),
  };
}

function shownArray({ tiles, ...view }: ArrayView): ShownArray {
  return { ...view, tiles: tiles && { ...tiles, png: base64(tiles.png) } };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

process.once("message", (message) => {
  answer(message as SegmentRequest)
    .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply, () => process.exit()));
});
