/** @file One line that shows how far a training is, how good, and how long it will take. */
import { generalNumber } from "../core/general-number.ts";
import type { Score, SolverObserver } from "../solver/index.ts";

const REDRAW_MS = 100;

/**
 * An observer that draws `120/1000  ETA 1:12  loss 0.3456  test accuracy 0.95  lr 0.01  12.3 iter/s`.
 * @param start the iterations done before this training; 0 unless it resumed
 * @param now milliseconds on any clock
 */
export function trainingProgress(
  draw: (line: string) => void,
  { iter: start }: { readonly iter: number },
  maxIter: number,
  now: () => number = () => performance.now(),
): SolverObserver {
  const begin = now();
  let lastDrawn = Number.NEGATIVE_INFINITY;
  let tested: readonly Score[] = [];
  return {
    onTest({ scores }) {
      tested = scores;
    },
    onIteration({ iter, smoothedLoss, learningRate }) {
      const time = now();
      const done = iter + 1;
      if (time - lastDrawn < REDRAW_MS && done < maxIter) return;
      lastDrawn = time;
      const perSecond = ((done - start) / Math.max(time - begin, 1)) * 1000;
      draw(
        [
          `${done}/${maxIter}`,
          `ETA ${duration((maxIter - done) / perSecond)}`,
          `loss ${short(smoothedLoss)}`,
          ...metrics(tested),
          `lr ${generalNumber(learningRate)}`,
          `${short(perSecond)} iter/s`,
        ].join("  "),
      );
    },
  };
}

/** Outputs of the last test that are one number each; a whole score map fits no line. */
function metrics(scores: readonly Score[]): string[] {
  const names = scores.map(({ name }) => name);
  return scores
    .filter(({ name }) => names.indexOf(name) === names.lastIndexOf(name))
    .slice(0, 3)
    .map(({ name, value }) => `test ${name} ${short(value)}`);
}

function short(value: number): string {
  return generalNumber(Number(value.toPrecision(4)));
}

/** `1:02:03` or `2:03`. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-";
  const total = Math.round(seconds);
  const [hours, minutes] = [Math.floor(total / 3600), Math.floor(total / 60) % 60];
  const two = (n: number) => String(n).padStart(2, "0");
  const tail = `${hours > 0 ? two(minutes) : minutes}:${two(total % 60)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}
