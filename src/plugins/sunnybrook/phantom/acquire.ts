/** @file What the scanner makes of a slice: coil sensitivity, Rician noise, field of view, whole numbers. */
import type { RandomSource } from "../../../core/random.ts";
import { distanceTo } from "./outline.ts";
import type { Patient } from "./patient.ts";
import type { Slice } from "./scene.ts";

/**
 * The stored values of a slice.
 *
 *     value = gain * sqrt((coil * signal + n1)^2 + n2^2),   n1, n2 ~ N(0, noise)
 *
 * @param noise standard deviation in each channel, as a share of the signal of blood
 */
export function acquire(
  slice: Slice,
  patient: Patient,
  noise: number,
  random: RandomSource,
): Int16Array {
  const { size, signal } = slice.canvas;
  const values = new Int16Array(size * size);
  const center = (size - 1) / 2;
  const field = (patient.fieldRadius ?? Number.POSITIVE_INFINITY) * size;
  const depth = (34 * size) / 256;
  for (let y = 0, at = 0; y < size; y++) {
    for (let x = 0; x < size; x++, at++) {
      const first = random.gaussian(0, 1);
      const second = random.gaussian(0, 1);
      if (Math.hypot(x - center, y - center) > field) continue;
      // The coil lies on the chest, above the heart, so the near side of the body shines.
      const below = Math.max(0, -distanceTo(slice.body, x, y));
      const [dx, dy] = [x - slice.body.center.x, y - slice.body.center.y];
      const facing = 0.6 - (0.4 * dy) / (Math.hypot(dx, dy) + 1);
      const coil = 1 + patient.coil * facing * Math.exp(-below / depth);
      const real = coil * signal[at]! + noise * first;
      values[at] = Math.min(32767, Math.round(patient.gain * Math.hypot(real, noise * second)));
    }
  }
  return values;
}
