/** @file Power: an affine map and a power. */
import { withDefaults } from "../schema/index.ts";
import { type Neuron, neuronLayer } from "./support/neuron.ts";

/**
 * Shifts, scales and raises each value to a power.
 *
 *     y = (shift + scale x)^power
 *     dx = dy power scale (shift + scale x)^(power - 1)
 *
 * - Bottom: x. Top: y, of the same shape; may be x where power is 1.
 */
export const power = neuronLayer({
  type: "Power",
  setUp({ param }) {
    const { power, scale, shift } = withDefaults("PowerParameter", param.powerParam);
    const slope = power * scale;
    // With nothing left of x, BVLC writes the constant, also where x is infinite or NaN.
    if (slope === 0) return constant(power === 0 ? 1 : shift ** power);
    if (power === 1) return affine(scale, shift);
    return {
      forward({ data: x }, { data: y }) {
        for (let i = 0; i < x.length; i++) y[i] = (shift + scale * x[i]!) ** power;
      },
      backward({ data: x, diff: dx }, { data: y, diff: dy }) {
        for (let i = 0; i < x.length; i++) {
          const base = shift + scale * x[i]!;
          // y / base saves a power, but is 0 / 0 at 0.
          const lower = power === 2 || base === 0 ? base ** (power - 1) : y[i]! / base;
          dx[i] = dy[i]! * slope * lower;
        }
      },
    };
  },
});

function constant(value: number): Neuron {
  return {
    forward: (_, { data }) => void data.fill(value),
    backward: ({ diff }) => void diff.fill(0),
  };
}

function affine(scale: number, shift: number): Neuron {
  return {
    forward({ data: x }, { data: y }) {
      for (let i = 0; i < x.length; i++) y[i] = shift + scale * x[i]!;
    },
    backward({ diff: dx }, { diff: dy }) {
      for (let i = 0; i < dx.length; i++) dx[i] = scale * dy[i]!;
    },
  };
}
