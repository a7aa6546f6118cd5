/** @file Gray values of an augmented record: gamma, contrast, brightness, noise. */
import { drawNormal } from "../../core/normal.ts";
import { type Draws, streams } from "./draws.ts";
import type { Augmentation } from "./settings.ts";

/** Changes values in place, all channels alike. What comes out is not clipped: 16-bit values stay numbers. */
export function changeValues(
  values: Float32Array,
  settings: Augmentation,
  record: number,
  draws: Draws,
): void {
  const { low, high, mean } = statisticsOf(values);
  const range = high - low;
  // Nothing to bend in an image of one value, nor in one with an infinite value.
  if (!(range > 0 && range < Number.POSITIVE_INFINITY)) return;
  draws.start(settings.seed, record, streams.values);
  const gamma = Math.exp(draws.within(settings.gamma));
  const contrast = Math.exp(draws.within(settings.contrast));
  const lift = mean + draws.within(settings.brightness) * range;
  const deviation = Math.abs(draws.within(1)) * settings.noise * range;
  for (let i = 0; i < values.length; i++) {
    let value = values[i]!;
    if (gamma !== 1) value = low + range * ((value - low) / range) ** gamma;
    value = (value - mean) * contrast + lift;
    if (deviation > 0) value += deviation * drawNormal(draws.uint32);
    values[i] = value;
  }
}

interface Statistics {
  low: number;
  high: number;
  mean: number;
}

/** One object for all records. */
const statistics: Statistics = { low: 0, high: 0, mean: 0 };

function statisticsOf(values: Float32Array): Statistics {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
    sum += value;
  }
  statistics.low = low;
  statistics.high = high;
  statistics.mean = sum / values.length;
  return statistics;
}
