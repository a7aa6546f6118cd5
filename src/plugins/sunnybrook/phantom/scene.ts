/** @file Slices of a synthetic patient: the anatomy of a short-axis cardiac image, painted back to front. */
import { createRandom, type RandomSource } from "../../../core/random.ts";
import type { Point } from "../../contours/fill-poly.ts";
import { paintAbdomen, paintBody } from "./body.ts";
import { Canvas, drawNoise, type NoiseField } from "./canvas.ts";
import { type Heart, heartAt, paintFatPad, paintHeart } from "./heart.ts";
import type { Outline } from "./outline.ts";
import type { Patient } from "./patient.ts";

/** Where and when a slice is taken. */
export interface Moment {
  /** From 0 (base) to 1 (apex). */
  readonly depth: number;
  /** From 0 (end diastole) to 1 (end systole). */
  readonly contraction: number;
}

export interface Slice extends Heart {
  /** size * size signals, blood being about 1; still without coil, noise and field of view. */
  readonly canvas: Canvas;
  /** The skin, for the coil's sensitivity. */
  readonly body: Outline;
}

/** What every painter needs. */
export interface Scene {
  readonly canvas: Canvas;
  readonly patient: Patient;
  readonly random: RandomSource;
  /** Pixels of this image per pixel of a 256 pixel wide one. */
  readonly scale: number;
  /** Random textures of large and of small grain. */
  readonly coarse: NoiseField;
  readonly fine: NoiseField;
  /** A place given relative to the heart at the base, body upright, as a pixel of this image. */
  place(x: number, y: number): Point;
}

/** The same slice at several moments of the beat: a body that stands still around a heart that moves. */
export function paintSlices(
  patient: Patient,
  depth: number,
  contractions: readonly number[],
  size: number,
): Slice[] {
  const seed = patient.textureSeed + Math.round(depth * 1000);
  const still = createScene(patient, seed, size);
  const { body, inside } = paintBody(still);
  paintAbdomen(still, depth, inside);
  return contractions.map((contraction) => {
    const canvas = new Canvas(size);
    canvas.signal.set(still.canvas.signal);
    const scene = { ...still, canvas, random: createRandom(seed + 1) };
    const moment = { depth, contraction };
    const heart = heartAt(scene, moment);
    paintFatPad(scene, heart, inside);
    paintHeart(scene, heart, moment);
    canvas.blur(patient.blur * scene.scale);
    return { canvas, body, ...heart };
  });
}

function createScene(patient: Patient, seed: number, size: number): Scene {
  const scale = size / 256;
  const random = createRandom(seed);
  const [cos, sin] = [Math.cos(patient.tilt), Math.sin(patient.tilt)];
  return {
    canvas: new Canvas(size),
    patient,
    random,
    scale,
    coarse: drawNoise(random, size, 14 * scale),
    fine: drawNoise(random, size, 3.5 * scale),
    place: (x, y) => ({
      x: (patient.heart.x + x * cos - y * sin) * scale,
      y: (patient.heart.y + x * sin + y * cos) * scale,
    }),
  };
}
