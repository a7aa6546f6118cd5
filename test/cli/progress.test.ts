import { expect, test } from "vitest";
import { duration, trainingProgress } from "../../src/cli/progress.ts";

const iteration = (iter: number) => ({
  iter,
  loss: 0.5,
  smoothedLoss: 0.123456,
  learningRate: 0.01,
});

function recorder(start: number) {
  const lines: string[] = [];
  let time = 0;
  const observer = trainingProgress(
    (line) => lines.push(line),
    { iter: start },
    100,
    () => time,
  );
  return { lines, observer, at: (ms: number) => (time = ms) };
}

test("shows count, loss, last test, rate, speed and time left", () => {
  const { lines, observer, at } = recorder(0);
  observer.onTest?.({
    iter: 0,
    net: 0,
    loss: undefined,
    scores: [
      { name: "accuracy", value: 0.25, lossWeight: 0 },
      { name: "score", value: 1, lossWeight: 0 },
      { name: "score", value: 2, lossWeight: 0 },
    ],
  });
  at(2000);
  observer.onIteration?.(iteration(19));
  expect(lines).toEqual(["20/100  ETA 0:08  loss 0.1235  test accuracy 0.25  lr 0.01  10 iter/s"]);
});

test("counts only the iterations of this run when it resumed", () => {
  const { lines, observer, at } = recorder(50);
  at(1000);
  observer.onIteration?.(iteration(54));
  expect(lines[0]).toMatch(/^55\/100 {2}ETA 0:09 .* 5 iter\/s$/);
});

test("redraws at most ten times a second, and always at the end", () => {
  const { lines, observer, at } = recorder(0);
  for (let i = 0; i < 100; i++) {
    at(1000 + i);
    observer.onIteration?.(iteration(i));
  }
  expect(lines.map((line) => line.split(" ", 1)[0])).toEqual(["1/100", "100/100"]);
});

test.each([
  [0, "0:00"],
  [59.6, "1:00"],
  [605, "10:05"],
  [3725, "1:02:05"],
  [Number.POSITIVE_INFINITY, "-"],
])("%d seconds are %s", (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
