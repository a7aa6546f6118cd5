/** @file The progress line of a job: epoch, last metrics of both nets, speed and the time left. */
import { metricText } from "../job/metrics.ts";
import type { JobObserver } from "../job/train-job.ts";
import { duration } from "./progress.ts";

const REDRAW_MS = 100;

/** An observer that draws `42 %  epoch 4.20  loss 0.1  val: dice 0.8  12.3 iter/s  ETA 0:42`. */
export function jobProgress(
  draw: (line: string) => void,
  now: () => number = () => performance.now(),
): JobObserver {
  const start = now();
  let [train, val, epoch] = ["", "", 0];
  let drawn = Number.NEGATIVE_INFINITY;
  return {
    onMetric(record) {
      if (record.phase === "train") train = metricText(record.values);
      else val = `val: ${metricText(record.values)}`;
      epoch = record.epoch;
    },
    onProgress(done, { iter }) {
      const time = now();
      if (time - drawn < REDRAW_MS && done < 1) return;
      drawn = time;
      const seconds = Math.max(time - start, 1) / 1000;
      const parts = [
        `${Math.floor(done * 100)} %`,
        `epoch ${epoch.toFixed(2)}`,
        train,
        val,
        `${((iter + 1) / seconds).toFixed(1)} iter/s`,
        `ETA ${duration((seconds * (1 - done)) / done)}`,
      ];
      draw(parts.filter((part) => part !== "").join("  "));
    },
  };
}
