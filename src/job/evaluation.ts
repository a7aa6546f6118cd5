/** @file A trained model on a whole half of its dataset: how well each record is segmented, worst first. */
import { type ClassScore, scoreClasses } from "./class-map.ts";
import {
  DatasetRecords,
  type RecordFacts,
  type Stage,
  datasetFacts,
  spacingOf,
} from "./dataset-records.ts";
import { DataSourceError } from "../errors.ts";
import { checkInterrupted } from "../plugins/dataset/interrupt.ts";
import { type ScoredRecord, worstFirst } from "./evaluation-summary.ts";
import type { Segmenter } from "./segmenter.ts";
import type { PixelSpacing } from "./surface-distance.ts";

/** What `cortado evaluate` writes. */
export interface Evaluation {
  readonly format: "cortado-evaluation";
  readonly stage: Stage;
  /** The snapshot's iteration. */
  readonly iter: number;
  readonly classNames: readonly string[];
  /** Worst first. */
  readonly records: readonly ScoredRecord[];
}

export interface EvaluateOptions {
  /** A dataset folder. */
  readonly dataset: string;
  readonly stage: Stage;
  readonly iter: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Segments every record and compares it with its label.
 * @throws DataSourceError where there are no labels, or a record cannot be read
 */
export async function evaluate(
  segmenter: Segmenter,
  { dataset, stage, iter, onProgress, signal }: EvaluateOptions,
): Promise<Evaluation> {
  const { records: facts, classNames } = datasetFacts(dataset, stage);
  const source = new DatasetRecords(dataset, stage);
  try {
    const records: ScoredRecord[] = [];
    for (let index = 0; index < source.count; index++) {
      checkInterrupted(signal);
      const classes = await scoresOf(segmenter, source, index, spacingOf(facts[index]));
      records.push({ index, facts: shownFacts(facts[index]), classes });
      onProgress?.(index + 1, source.count);
    }
    return {
      format: "cortado-evaluation",
      ...{ stage, iter, classNames },
      records: worstFirst(records),
    };
  } finally {
    source.close();
  }
}

async function scoresOf(
  segmenter: Segmenter,
  source: DatasetRecords,
  index: number,
  spacing: PixelSpacing | undefined,
): Promise<ClassScore[]> {
  const [image, label] = [await source.image(index), await source.label(index)];
  if (!image) throw new DataSourceError(`the dataset has no record ${index}`);
  if (!label) throw new DataSourceError("the dataset has no label images to compare with");
  const { map } = await segmenter.segment(image);
  return scoreClasses(map, label, spacing);
}

/** The key is the number once more. */
function shownFacts(facts: RecordFacts = {}): RecordFacts {
  const { key: _, ...shown } = facts;
  return shown;
}
