/** @file The heart: its outlines at a moment of the beat, and the tissues painted into them. */
import type { Signal } from "./canvas.ts";
import { drawWobble, ellipse, grown, type Outline, radiusAt, wobbled } from "./outline.ts";
import type { Moment, Scene } from "./scene.ts";

export interface Heart {
  /** The border of the left ventricle's cavity; papillary muscles count as cavity, as the experts drew it. */
  readonly cavity: Outline;
  /** The border of the left ventricle's muscle. */
  readonly epicardium: Outline;
  /** The right ventricle's cavity; undefined near the apex, where there is none. */
  readonly right: Outline | undefined;
}

/** The ventricles' outlines: an ellipsoid from base to apex that thickens as it contracts. */
export function heartAt(scene: Scene, { depth, contraction }: Moment): Heart {
  const { patient, scale, place } = scene;
  const taper = Math.sqrt(1 - (0.9 * depth) ** 2);
  const diastolic = patient.cavityRadius * taper;
  const radius = diastolic * (1 - patient.contraction * contraction);
  const wall = patient.wallThickness * (1 - 0.25 * depth);
  // Muscle is hardly compressible: its area stays, so the wall thickens as the cavity shrinks.
  const outer = Math.sqrt(radius ** 2 + (diastolic + wall) ** 2 - diastolic ** 2);
  const center = place(patient.drift.x * depth, patient.drift.y * depth);
  const round = (r: number): Outline =>
    ellipse(center, r * scale * (1 + patient.eccentricity), r * scale, patient.tilt + 0.6);
  const cavity = wobbled(round(radius), patient.cavity);
  const epicardium = wobbled(round(outer), patient.epicardium);
  const rightSize = patient.rightScale * (1 - depth ** 1.6) * (1 - 0.2 * contraction);
  const right =
    rightSize > 0.22
      ? wobbled(
          ellipse(
            place(
              patient.drift.x * depth - outer * 0.55 - 13 * rightSize,
              patient.drift.y * depth + 4,
            ),
            27 * rightSize * scale,
            (14 + 16 * rightSize) * scale,
            patient.tilt + 0.25,
          ),
          patient.body,
        )
      : undefined;
  return { cavity, epicardium, right };
}

/** The fat in which the heart lies: streaky, from the chest wall down to the diaphragm. */
export function paintFatPad(scene: Scene, heart: Heart, inside: Outline): void {
  const { canvas, patient, random, scale, place, coarse, fine } = scene;
  const streaks: Signal = (x, y) =>
    Math.max(0.06, patient.fatSignal * (0.4 + 0.6 * coarse(x, y) + 0.35 * fine(x, y)));
  const towards = [
    [-28, -26, 26, 15, 0.9],
    [-38, 26, 24, 12, -0.5],
    [18, 34, 26, 9, -0.3],
  ] as const;
  for (const [x, y, a, b, tilt] of towards) {
    const size = random.uniform(0.7, 1.15) * scale;
    const pad = ellipse(place(x, y), a * size, b * size, tilt + patient.tilt);
    canvas.fill(wobbled(pad, drawWobble(random, 0.12)), streaks, 2.5 * scale, inside);
  }
  if (!heart.right) canvas.fill(grown(heart.epicardium, 7 * scale), streaks, 3 * scale, inside);
}

/** Pericardial fat, right ventricle, left ventricle with papillary muscles, in this order. */
export function paintHeart(scene: Scene, heart: Heart, moment: Moment): void {
  const { canvas, patient, random, scale, coarse, fine } = scene;
  const { cavity, epicardium, right } = heart;
  const fat: Signal = (x, y) =>
    Math.max(0.1, patient.fatSignal * (0.5 + 0.7 * coarse(x, y) + 0.2 * fine(x, y)));
  const fatWave = drawWobble(random, 0.06);
  for (const shape of [right, epicardium]) {
    if (!shape) continue;
    canvas.fill(wobbled(grown(shape, 6 * scale), fatWave), 0.14, 2 * scale);
    canvas.fill(wobbled(grown(shape, 4.5 * scale), fatWave), fat, 2 * scale);
  }
  if (right) {
    canvas.fill(grown(right, 2.2 * scale), patient.myocardiumSignal, 1.5 * scale);
    canvas.fill(right, (x, y) => 0.85 + 0.14 * coarse(x, y) + 0.08 * fine(x, y), 1.5 * scale);
    paintTrabeculae(scene, right, 12, Math.PI);
  }
  const muscle: Signal = (x, y) =>
    patient.myocardiumSignal * (1 + 0.15 * fine(x, y) + 0.12 * coarse(x, y));
  canvas.fill(grown(epicardium, 0.9 * scale), 0.08, 1.2 * scale);
  canvas.fill(epicardium, muscle, 1.4 * scale);
  // Near the apex a slice as thick as 8 mm holds both blood and wall: the border blurs.
  const softness = (1.3 + 2.2 * moment.depth ** 2) * scale;
  canvas.fill(cavity, (x, y) => 1 + 0.1 * coarse(x, y) + 0.06 * fine(x, y), softness);
  paintPapillaries(scene, cavity, moment);
}

/** Two muscles that stand in the cavity at mid level and merge with the wall on the way to the base and the apex. */
function paintPapillaries(scene: Scene, cavity: Outline, { depth, contraction }: Moment): void {
  const { canvas, patient, random, scale } = scene;
  const presence = Math.max(0, 1 - Math.abs(depth - 0.5) / 0.38);
  for (const angle of patient.papillaryAngles) {
    const direction = angle + patient.tilt;
    const reach = radiusAt(cavity, direction);
    const size =
      reach * 0.17 * patient.papillaryScale * (0.5 + 0.5 * presence) * (1 + 0.35 * contraction);
    if (presence === 0 || size < 0.8 * scale) continue;
    const at = reach * (0.68 + 0.12 * (1 - presence));
    const spot = {
      x: cavity.center.x + at * Math.cos(direction),
      y: cavity.center.y + at * Math.sin(direction),
    };
    const shape = wobbled(ellipse(spot, size * 1.25, size, direction), drawWobble(random, 0.08));
    canvas.fill(shape, patient.myocardiumSignal + 0.05, 1.8 * scale);
  }
  paintTrabeculae(scene, cavity, 5 + Math.round(7 * depth), 2 * Math.PI);
}

/** Small muscle bundles along the inner wall. */
function paintTrabeculae(scene: Scene, cavity: Outline, count: number, spread: number): void {
  const { canvas, patient, random, scale } = scene;
  for (let i = 0; i < count; i++) {
    const direction = Math.PI + patient.tilt + random.uniform(-spread / 2, spread / 2);
    const at = radiusAt(cavity, direction) * random.uniform(0.86, 1.02);
    const spot = {
      x: cavity.center.x + at * Math.cos(direction),
      y: cavity.center.y + at * Math.sin(direction),
    };
    const size = random.uniform(0.8, 2.2) * scale;
    const bundle = ellipse(spot, size * 1.6, size, direction);
    canvas.fill(bundle, random.uniform(0.45, 0.75), 2.4 * scale);
  }
}
