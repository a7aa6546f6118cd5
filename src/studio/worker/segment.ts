/** @file A program of its own: gets one request, sends one segmentation or one sentence, and ends. */
import { scoreClasses } from "../../job/class-map.ts";
import { jobModel } from "../../job/job-model.ts";
import { readImage } from "../../job/read-image.ts";
import { Segmenter } from "../../job/segmenter.ts";
import { readRecordImage, readRecordLabel, windowed } from "../server/records.ts";
import type { SegmentReply, SegmentRequest } from "./messages.ts";

async function answer(request: SegmentRequest): Promise<SegmentReply> {
  const isRecord = "dataset" in request;
  const image = isRecord
    ? await readRecordImage(request.dataset, request.stage, request.index)
    : await readImage(request.file);
  const label = isRecord
    ? await readRecordLabel(request.dataset, request.stage, request.index)
    : undefined;
  const segmenter = await Segmenter.open({
    ...(await jobModel(request.folder, request.iter)),
    fence: true,
  });
  try {
    const { map, classCount } = await segmenter.segment(image);
    const { width, height, channels, pixels } = windowed(image);
    return {
      result: {
        ...{ width, height, channels, classCount },
        image: base64(pixels),
        classes: base64(map.classes),
        ...(label ? { label: base64(label.classes) } : {}),
        scores: scoreClasses(map, label),
      },
    };
  } finally {
    segmenter.dispose();
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

process.once("message", (message) => {
  answer(message as SegmentRequest)
    .catch((error: unknown) => ({ error: error instanceof Error ? error.message : String(error) }))
    .then((reply) => process.send?.(reply, () => process.exit()));
});
