/** @file A synthetic patient: what differs from one to the next, drawn once, before any slice is painted. */
import type { RandomSource } from "../../../core/random.ts";
import { drawWobble, type Wobble } from "./outline.ts";

/** The groups of the challenge: heart failure with and without infarction, hypertrophy, normal. */
export type Group = "HF-I" | "HF-NI" | "HYP" | "N";

/** Lengths are in pixels of a 256 pixel wide image. */
export interface Patient {
  /** Left ventricle at end diastole, at the base: radius of the cavity, thickness of the wall. */
  readonly cavityRadius: number;
  readonly wallThickness: number;
  /** Share by which the cavity's radius shrinks from end diastole to end systole. */
  readonly contraction: number;
  /** Centre of the left ventricle at the base, and how far it moves on the way to the apex. */
  readonly heart: { readonly x: number; readonly y: number };
  readonly drift: { readonly x: number; readonly y: number };
  /** Turn of the whole body about the heart, in radians. */
  readonly tilt: number;
  readonly cavity: Wobble;
  readonly epicardium: Wobble;
  readonly eccentricity: number;
  /** Size of the right ventricle, of the papillary muscles, and the directions in which these stand. */
  readonly rightScale: number;
  readonly papillaryScale: number;
  readonly papillaryAngles: readonly [number, number];
  readonly body: Wobble;
  readonly fatThickness: number;
  readonly muscleThickness: number;
  readonly wallDistance: number;
  /** Signals relative to blood. */
  readonly myocardiumSignal: number;
  readonly liverSignal: number;
  readonly fatSignal: number;
  /** A bright round cyst or vessel below the heart, which a network may take for a ventricle. */
  readonly hasCyst: boolean;
  /** Stored value of blood, strength of the surface coil near the chest wall, sharpness. */
  readonly gain: number;
  readonly coil: number;
  readonly blur: number;
  /** Radius of the circle outside which the scanner stores 0, as a share of the width; undefined: none. */
  readonly fieldRadius: number | undefined;
  readonly pixelSpacingMm: number;
  readonly heartRate: number;
  /** Seeds the anatomy that varies from slice to slice but not over the beat. */
  readonly textureSeed: number;
}

/** Cavity radius, wall thickness and contraction by group, each as [least, most]. */
const HEARTS = {
  "HF-I": { cavity: [25, 31], wall: [6.5, 9], contraction: [0.12, 0.2] },
  "HF-NI": { cavity: [25, 31], wall: [6.5, 9.5], contraction: [0.12, 0.22] },
  HYP: { cavity: [18, 23], wall: [11, 15], contraction: [0.32, 0.45] },
  N: { cavity: [20, 25], wall: [7, 9.5], contraction: [0.3, 0.38] },
} as const satisfies Record<Group, Record<string, readonly [number, number]>>;

export function drawPatient(group: Group, random: RandomSource): Patient {
  const heart = HEARTS[group];
  const within = ([least, most]: readonly [number, number]) => random.uniform(least, most);
  return {
    cavityRadius: within(heart.cavity),
    wallThickness: within(heart.wall),
    contraction: within(heart.contraction),
    heart: { x: random.uniform(112, 146), y: random.uniform(112, 142) },
    drift: { x: random.uniform(-10, 6), y: random.uniform(-4, 8) },
    tilt: random.uniform(-0.85, 0.3),
    cavity: drawWobble(random, 0.025),
    epicardium: drawWobble(random, 0.02),
    eccentricity: random.uniform(0.02, 0.09),
    rightScale: random.uniform(0.85, 1.2),
    papillaryScale: random.uniform(0.75, 1.25),
    papillaryAngles: [random.uniform(-0.9, -0.3), random.uniform(1.0, 1.8)],
    body: drawWobble(random, 0.025),
    fatThickness: random.uniform(6, 17),
    muscleThickness: random.uniform(6, 10),
    wallDistance: random.uniform(54, 70),
    myocardiumSignal: random.uniform(0.18, 0.28),
    liverSignal: random.uniform(0.24, 0.4),
    fatSignal: random.uniform(0.75, 1.05),
    hasCyst: random.bernoulli(0.3),
    gain: random.uniform(280, 620),
    coil: random.uniform(0.8, 2.6),
    blur: random.uniform(0.5, 0.75),
    fieldRadius: random.bernoulli(0.65) ? random.uniform(0.43, 0.47) : undefined,
    pixelSpacingMm: random.uniform(1.25, 1.5),
    heartRate: Math.round(random.uniform(55, 95)),
    textureSeed: random.uint32() >>> 1,
  };
}
