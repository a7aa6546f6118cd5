/** @file DetectionOutput: from offsets, scores and priors to boxes. */
import type { Blob } from "../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count, legacySize, shapeString } from "../core/shape.ts";
import { type Resolved, withDefaults } from "../schema/index.ts";
import { decodeBoxes } from "./support/box-decoding.ts";
import { noGradient } from "./support/no-gradient.ts";
import { Suppression } from "./support/non-maximum-suppression.ts";

/** Values of a detection: item, class, score, xmin, ymin, xmax, ymax. */
const ROW = 7;

interface Detection {
  readonly label: number;
  readonly prior: number;
  readonly score: number;
}

/**
 * What a detector found: for each item and class but the background the boxes whose score passes
 * `confidence_threshold`, less those that overlap a better one (`nms_param`); of all of them the
 * `keep_top_k` best.
 *
 *     CORNER       corner = prior corner + v offset
 *     CORNER_SIZE  corner = prior corner + v offset * prior side
 *     CENTER_SIZE  middle = prior middle + v offset * prior side,  side = e^(v offset) * prior side
 *
 * with v the prior's variance, or 1 with `variance_encoded_in_target`. From SSD (weiliu89
 * DetectionOutputLayer). The number of boxes shows only in the forward pass, which gives the top its
 * shape. Equal scores keep the order of classes and priors. `save_output_param` and `visualize` are
 * not followed: the log says so.
 *
 * - Bottoms: offsets (N, P L 4), L: 1 with `share_location`, else the classes; scores (N, P classes);
 *   priors (1, 2, P 4) of a PriorBox. There is no gradient.
 * - Top: (1, 1, D, 7): item, class, score, xmin, ymin, xmax, ymax, by item and class, best first; where
 *   nothing was found a row for each item, -1 but for the item.
 */
export const detectionOutput: LayerDefinition = {
  type: "DetectionOutput",
  bottoms: exactly(3),
  tops: exactly(1),
  setUp(context) {
    const param = readParam(context);
    const { numClasses, shareLocation, backgroundLabelId, keepTopK } = param;
    const threshold = param.confidenceThreshold ?? Number.NEGATIVE_INFINITY;
    const suppression = new Suppression(param.nms);
    const sets = shareLocation ? 1 : numClasses;
    let priors = 0;
    let boxes = new Float32Array(0);

    /** The detections of one item, by class and then best first. */
    function detect(scores: Float32Array, item: number): Detection[] {
      const found: Detection[] = [];
      for (let label = 0; label < numClasses; label++) {
        if (label === backgroundLabelId) continue;
        const first = item * priors * numClasses + label;
        const set = shareLocation ? 0 : label;
        const at = { scores: first, step: numClasses, boxes: set * priors * 4 };
        for (const prior of suppression.best(scores, boxes, at, priors, threshold)) {
          found.push({ label, prior, score: scores[first + prior * numClasses]! });
        }
      }
      if (keepTopK < 0 || found.length <= keepTopK) return found;
      const kept = found.toSorted((a, b) => b.score - a.score).slice(0, keepTopK);
      return kept.sort((a, b) => a.label - b.label);
    }

    return {
      blobs: [],
      reshape(bottoms, [top]) {
        priors = priorCount(context, bottoms, sets, numClasses);
        if (boxes.length !== priors * sets * 4) boxes = new Float32Array(priors * sets * 4);
        top!.reshape(1, 1, 1, ROW);
      },
      forward([offsets, scores, prior], [top]) {
        const items = offsets!.shape[0]!;
        const rows: number[] = [];
        for (let item = 0; item < items; item++) {
          const skipped = shareLocation ? undefined : backgroundLabelId;
          const isSound = decodeBoxes(
            param,
            offsets!.data,
            prior!.data,
            item,
            boxes,
            sets,
            skipped,
          );
          if (!isSound) {
            context.fail("a prior box has no area; CENTER_SIZE and CORNER_SIZE need one", "bottom");
          }
          for (const { label, prior: p, score } of detect(scores!.data, item)) {
            const box = ((shareLocation ? 0 : label) * priors + p) * 4;
            rows.push(item, label, score, ...boxes.subarray(box, box + 4));
          }
        }
        if (rows.length === 0) {
          context.logger.log(
            "info",
            "detection_output_layer.cpp:248",
            "Couldn't find any detections",
          );
          for (let item = 0; item < items; item++) rows.push(item, -1, -1, -1, -1, -1, -1);
        }
        top!.reshape(1, 1, rows.length / ROW, ROW);
        top!.data.set(rows);
      },
      backward: noGradient(context),
    };
  },
};

function readParam(context: LayerContext) {
  const { fail, logger } = context;
  const param = withDefaults("DetectionOutputParameter", context.param.detectionOutputParam);
  const { numClasses } = param;
  if (!numClasses) return fail("Must specify num_classes", "detectionOutputParam");
  const nms = nmsOf(context, param);
  if (param.saveOutputParam?.outputDirectory || param.visualize) {
    logger.log(
      "warning",
      "detection_output_layer.cpp:43",
      `${context.param.name}: save_output_param and visualize are ignored; the top holds the detections`,
    );
  }
  return { ...param, numClasses, nms };
}

function nmsOf({ fail }: LayerContext, param: Resolved<"DetectionOutputParameter">) {
  const given = withDefaults("NonMaximumSuppressionParameter", param.nmsParam);
  const threshold = param.nmsThreshold ?? given.nmsThreshold;
  const { eta } = given;
  const field = "detectionOutputParam.nmsParam";
  if (!(threshold >= 0)) fail(`nms_threshold must be non negative. It is ${threshold}`, field);
  if (!(eta > 0 && eta <= 1)) fail(`eta must be above 0 and at most 1, not ${eta}`, field);
  return { threshold, eta, topK: param.topK ?? given.topK ?? -1 };
}

function priorCount(
  { fail }: LayerContext,
  [offsets, scores, prior]: readonly Blob[],
  sets: number,
  classes: number,
): number {
  const priors = Math.floor(legacySize(prior!.shape, 2) / 4);
  if (offsets!.shape[0] !== scores!.shape[0]) {
    fail(
      `there are offsets for ${offsets!.shape[0]} items and scores for ${scores!.shape[0]}`,
      "bottom",
    );
  }
  if (count(prior!.shape) !== 8 * priors) {
    fail(`the priors must be (1, 2, P 4), not ${shapeString(prior!.shape)}`, "bottom");
  }
  const check = (blob: Blob, what: string, each: number): void => {
    if (count(blob.shape, 1) === priors * each) return;
    fail(
      `Number of priors must match number of ${what} predictions. ${priors} priors need ` +
        `${priors * each} values, not ${count(blob.shape, 1)}`,
      "bottom",
    );
  };
  check(offsets!, "location", 4 * sets);
  check(scores!, "confidence", classes);
  return priors;
}
