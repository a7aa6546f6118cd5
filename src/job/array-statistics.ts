/** @file Mean, spread and histogram of many numbers. */
import { count } from "../core/shape.ts";

export interface ArrayStatistics {
  readonly count: number;
  readonly mean: number;
  /** The standard deviation of all values, not of a sample of them. */
  readonly std: number;
  readonly min: number;
  readonly max: number;
  /** How many values lie in each of twenty equal parts of the way from min to max. */
  readonly histogram: readonly number[];
  /** Values that are NaN or infinite; the other numbers are of the rest. */
  readonly odd: number;
}

const BINS = 20;

export function statisticsOf(values: Float32Array): ArrayStatistics {
  let [min, max, sum, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    finite++;
    sum += value;
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const odd = values.length - finite;
  const histogram = new Array<number>(BINS).fill(0);
  if (finite === 0)
    return { count: values.length, mean: 0, std: 0, min: 0, max: 0, histogram, odd };
  const mean = sum / finite;
  const scale = max > min ? BINS / (max - min) : 0;
  let squares = 0;
  for (const value of values) {
    if (!Number.isFinite(value)) continue;
    squares += (value - mean) ** 2;
    histogram[Math.min(BINS - 1, Math.floor((value - min) * scale))]!++;
  }
  const std = Math.sqrt(squares / finite);
  return { count: values.length, mean, std, min, max, histogram, odd };
}

/** Along one axis, how many slices hold nothing but zeros; none of none where there is no such axis. */
export function deadChannels(
  values: Float32Array,
  shape: readonly number[],
  axis: number,
): { count: number; of: number } {
  const channels = shape.length > axis + 1 || axis === 0 ? (shape[axis] ?? 0) : 0;
  const inner = count(shape.slice(axis + 1));
  const isAlive = new Uint8Array(channels);
  if (channels === 0 || inner === 0) return { count: 0, of: 0 };
  for (let start = 0, n = 0; start < values.length; start += inner, n++) {
    const channel = n % channels;
    if (isAlive[channel]) continue;
    for (let i = start; i < start + inner; i++) {
      if (values[i] !== 0) {
        isAlive[channel] = 1;
        break;
      }
    }
  }
  return { count: channels - isAlive.reduce((sum, alive) => sum + alive, 0), of: channels };
}
