/** @file What lies around the heart: chest wall, lungs and upper abdomen. It stands still while the heart beats. */
import type { Signal } from "./canvas.ts";
import {
  distanceTo,
  drawWobble,
  ellipse,
  grown,
  type Outline,
  radiusAt,
  wobbled,
} from "./outline.ts";
import type { Scene } from "./scene.ts";

/** Skin, fat, chest muscle with ribs, and the lungs with their vessels. */
export function paintBody(scene: Scene): { body: Outline; inside: Outline } {
  const { canvas, patient, random, scale, place, coarse, fine } = scene;
  const distance = patient.wallDistance;
  const body = wobbled(
    ellipse(place(30, 128 - distance), 132 * scale, 128 * scale, patient.tilt),
    patient.body,
  );
  const fat = (angle: number) =>
    patient.fatThickness * scale * (1 + 0.35 * Math.sin(3 * angle + patient.tilt));
  const underFat = grown(body, (angle) => -fat(angle));
  const inside = grown(underFat, -patient.muscleThickness * scale);
  canvas.fill(body, (x, y) => patient.fatSignal * (1 + 0.12 * coarse(x, y)), 2 * scale);
  canvas.fill(underFat, (x, y) => 0.26 + 0.14 * fine(x, y), 1.5 * scale);
  // Ribs and the fat between them: spots all along the wall.
  for (let i = 0; i < 26; i++) {
    const angle = random.uniform(0, 2 * Math.PI);
    const radius = radiusAt(body, angle) - fat(angle);
    const inward = radius - random.uniform(0.2, 0.9) * patient.muscleThickness * scale;
    const spot = {
      x: body.center.x + inward * Math.cos(angle),
      y: body.center.y + inward * Math.sin(angle),
    };
    const signal = random.bernoulli(0.5) ? random.uniform(0.6, 0.9) : 0.1;
    const [long, wide] = [random.uniform(3, 9) * scale, random.uniform(0.8, 2) * scale];
    canvas.fill(ellipse(spot, long, wide, angle + Math.PI / 2), signal, 2 * scale);
  }
  canvas.fill(inside, (x, y) => 0.045 + 0.02 * coarse(x, y) + 0.03 * fine(x, y), 1.5 * scale);
  paintLungVessels(scene, inside);
  return { body, inside };
}

/** Branches from the hilum, beside the heart, that thin out toward the chest wall. */
function paintLungVessels(scene: Scene, inside: Outline): void {
  const { canvas, random, scale, place } = scene;
  for (let branch = 0; branch < 34; branch++) {
    let [x, y] = [random.uniform(-30, 90), random.uniform(-60, 30)];
    let direction = random.uniform(0, 2 * Math.PI);
    const length = 1 + random.integer(6);
    for (let step = 0; step < length; step++) {
      const spot = place(x, y);
      if (distanceTo(inside, spot.x, spot.y) > -4 * scale) break;
      const size = random.uniform(0.6, 1.5) * scale;
      const dot = ellipse(spot, size * 1.8, size, direction + scene.patient.tilt);
      canvas.fill(dot, random.uniform(0.1, 0.32), 1.6 * scale);
      direction += random.gaussian(0, 0.4);
      x += 2.6 * Math.cos(direction);
      y += 2.6 * Math.sin(direction);
    }
  }
}

/** Below the diaphragm: liver, stomach, spleen, fat, and sometimes something round and bright. */
export function paintAbdomen(scene: Scene, depth: number, inside: Outline): void {
  const { canvas, patient, random, scale, place, coarse, fine } = scene;
  const drop = 2 - 12 * depth;
  const organ = (x: number, y: number, a: number, b: number, tilt: number, strength: number) =>
    wobbled(
      ellipse(place(x, y + drop), a * scale, b * scale, tilt + patient.tilt),
      drawWobble(random, strength),
    );
  const fill = (shape: Outline, signal: Signal, softness = 1.6) =>
    canvas.fill(shape, signal, softness * scale, inside);
  const between = (least: number, most: number) => random.uniform(least, most);
  fill(organ(15, 126, 110, 78, 0.1, 0.02), (x, y) => 0.5 + 0.3 * coarse(x, y), 3);
  const liver = organ(-46, 88, 66, 42, -0.15, 0.04);
  fill(liver, (x, y) => patient.liverSignal * (1 + 0.1 * fine(x, y) + 0.08 * coarse(x, y)));
  for (let vessel = 0; vessel < 12; vessel++) {
    const spot = organ(
      between(-90, 0),
      between(62, 118),
      between(2, 7),
      between(0.8, 1.6),
      between(0, 3),
      0.1,
    );
    fill(spot, patient.liverSignal * between(1.1, 1.7), 2);
  }
  const stomach = organ(38, 82, between(20, 30), between(11, 18), 0.3, 0.09);
  fill(stomach, (x, y) => 0.34 + 0.3 * coarse(x, y) + 0.12 * fine(x, y), 2);
  fill(organ(78, 62, 23, 15, 0.9, 0.06), (x, y) => 0.36 * (1 + 0.1 * fine(x, y)));
  for (let loop = 0; loop < 9; loop++) {
    const spot = organ(
      between(-10, 95),
      between(92, 140),
      between(5, 12),
      between(4, 8),
      between(0, 3),
      0.12,
    );
    const signal = between(0.05, 0.55);
    fill(spot, (x, y) => Math.max(0.02, signal + 0.25 * fine(x, y)), 2);
  }
  if (patient.hasCyst) {
    const cyst = organ(58, 104, 10, 10, 0, 0.02);
    fill(grown(cyst, 2 * scale), 0.15);
    fill(cyst, 1.05);
  }
  // Descending aorta, beside the spine.
  const aorta = organ(66, 30 - drop, 8.5, 8.5, 0, 0.02);
  fill(grown(aorta, 4 * scale), (x, y) => 0.3 + 0.25 * coarse(x, y), 2);
  fill(grown(aorta, 1.5 * scale), 0.22);
  fill(aorta, (x, y) => 0.75 + 0.1 * coarse(x, y));
}
