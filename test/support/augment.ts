/** @file Augmenting one array, for tests, and an independent derivation of it in numpy. */
import { augment } from "../../src/data/augment/augmentor.ts";
import type { Augmentation } from "../../src/data/index.ts";
import { createMessage, withDefaults } from "../../src/schema/index.ts";
import { runPython } from "./python.ts";

export interface Plane {
  readonly height: number;
  readonly width: number;
  readonly channels?: number;
}

/** Numbers are float32, as in a parsed prototxt. */
export function augmentation(given: Partial<Augmentation>): Augmentation {
  const floats = Object.entries(given).map(([field, value]) => [
    field,
    typeof value === "number" && field !== "seed" ? Math.fround(value) : value,
  ]);
  const message = createMessage("AugmentationParameter", Object.fromEntries(floats));
  return withDefaults("AugmentationParameter", message);
}

/** What becomes of values with the axes (channel, row, column). */
export function augmented(
  values: ArrayLike<number>,
  { height, width, channels = 1 }: Plane,
  given: Partial<Augmentation>,
  record = 0,
): Float32Array {
  const result = new Float32Array(values.length);
  const size = { height, width, channels };
  augment(Float32Array.from(values), result, size, augmentation(given), record);
  return result;
}

/** From the text of the schema: draws, map, reading between pixels and at the nearest, gray values. */
const SCRIPT = `
import json, numpy as np, sys
i = json.load(sys.stdin)
s, record = i["settings"], i["record"]
M = 0xFFFFFFFF
def mix(h):
    h &= M; h ^= h >> 16; h = h * 0x85EBCA6B & M; h ^= h >> 13; h = h * 0xC2B2AE35 & M
    return h ^ h >> 16
class Draws:
    def __init__(self, stream):
        h = mix(s["seed"] + 0x9E3779B9)
        for word in (record & M, record >> 32, stream): h = mix(h ^ word)
        self.h = h
    def within(self, limit):
        self.h = self.h + 0x6D2B79F5 & M
        t = (self.h ^ self.h >> 15) * (1 | self.h) & M
        t = (t + ((t ^ t >> 7) * (61 | t) & M) & M) ^ t
        return limit * (((t ^ t >> 14) & M) / 2**31 - 1)
x = np.array(i["values"], np.float32).reshape(i["shape"])
C, H, W = x.shape
d = Draws(0)
fx = -1 if d.within(1) < 0 and s["flipX"] else 1
fy = -1 if d.within(1) < 0 and s["flipY"] else 1
angle = np.radians(d.within(s["rotate"]))
zoom = np.exp(d.within(s["scale"]))
move = [d.within(s["shift"]) * W, d.within(s["shift"]) * H]
Y, X = np.mgrid[:H, :W].astype(float)
p = np.stack([X - (W - 1) / 2, Y - (H - 1) / 2])
if s["elastic"] > 0:
    G = s["elasticGrid"]; d = Draws(1); n = G + 3
    nodes = np.array([d.within(s["elastic"]) for _ in range(2 * n * n)]).reshape(2, n, n)
    def basis(N):
        at = (np.arange(N) + 0.5) / N * G
        B = np.abs(at[:, None] - (np.arange(n)[None] - 1))
        return np.where(B < 1, 2 / 3 - B**2 + B**3 / 2, np.where(B < 2, (2 - B)**3 / 6, 0))
    bend = np.einsum("yj,ajk,xk->ayx", basis(H), nodes, basis(W))
    p = p + bend * np.array([W, H]).reshape(2, 1, 1)
R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) / zoom
q = np.diag([fx, fy]) @ R @ p.reshape(2, -1)
u = np.clip(q[0] + (W - 1) / 2 + move[0], 0, W - 1).reshape(H, W)
v = np.clip(q[1] + (H - 1) / 2 + move[1], 0, H - 1).reshape(H, W)
near = x[:, np.floor(v + 0.5).astype(int), np.floor(u + 0.5).astype(int)]
u0, v0 = np.floor(u).astype(int), np.floor(v).astype(int)
u1, v1 = np.minimum(u0 + 1, W - 1), np.minimum(v0 + 1, H - 1)
a, b = u - u0, v - v0
y = (x[:, v0, u0] * (1 - a) + x[:, v0, u1] * a) * (1 - b) + (x[:, v1, u0] * (1 - a) + x[:, v1, u1] * a) * b
low, high, mean = y.min(), y.max(), y.mean()
d = Draws(2)
y = low + (high - low) * ((y - low) / (high - low)) ** np.exp(d.within(s["gamma"]))
y = (y - mean) * np.exp(d.within(s["contrast"])) + mean + d.within(s["brightness"]) * (high - low)
print(json.dumps({"image": y.ravel().tolist(), "label": near.ravel().tolist(), "u": u.tolist(), "v": v.tolist()}))
`;

export interface NumpyResult {
  readonly image: readonly number[];
  readonly label: readonly number[];
}

/** Noise apart, which is drawn by another method than numpy's. */
export function numpyAugmented(
  values: readonly number[],
  { height, width, channels = 1 }: Plane,
  given: Partial<Augmentation>,
  record: number,
): NumpyResult {
  const settings = augmentation(given);
  const shape = [channels, height, width];
  return runPython(SCRIPT, { values, shape, settings, record }) as NumpyResult;
}
