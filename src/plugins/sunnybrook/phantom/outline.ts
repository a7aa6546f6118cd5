/** @file Round shapes of anatomy: a centre and a radius for every direction. */
import type { RandomSource } from "../../../core/random.ts";
import type { Point } from "../../contours/fill-poly.ts";

const DIRECTIONS = 360;

/** A star-shaped outline in pixel coordinates; direction 0 points right, a quarter turn down. */
export interface Outline {
  readonly center: Point;
  /** Radius at each degree. */
  readonly radii: Float32Array;
}

function outline(center: Point, radiusAt: (angle: number) => number): Outline {
  const radii = Float32Array.from({ length: DIRECTIONS }, (_, i) =>
    Math.max(0.2, radiusAt((i * 2 * Math.PI) / DIRECTIONS)),
  );
  return { center, radii };
}

/** An ellipse with half axes a and b, its axis a turned by `tilt` radians. */
export function ellipse(center: Point, a: number, b: number, tilt = 0): Outline {
  return outline(center, (angle) => {
    const [c, s] = [Math.cos(angle - tilt) / a, Math.sin(angle - tilt) / b];
    return 1 / Math.hypot(c, s);
  });
}

/** Waves over an outline: relative amplitudes of the 2nd, 3rd, ... harmonic, with their phases. */
export interface Wobble {
  readonly amplitudes: readonly number[];
  readonly phases: readonly number[];
}

/** Waves that fall off with their frequency; `strength` is the standard deviation of the slowest. */
export function drawWobble(random: RandomSource, strength: number, harmonics = 5): Wobble {
  const amplitudes = Array.from(
    { length: harmonics },
    (_, i) => random.gaussian(0, strength) / (i + 1),
  );
  return { amplitudes, phases: amplitudes.map(() => random.uniform(0, 2 * Math.PI)) };
}

export function wobbled(shape: Outline, { amplitudes, phases }: Wobble): Outline {
  return outline(shape.center, (angle) => {
    const waves = amplitudes.reduce(
      (sum, amplitude, i) => sum + amplitude * Math.cos((i + 2) * angle + phases[i]!),
      1,
    );
    return radiusAt(shape, angle) * waves;
  });
}

/** The outline moved outward by `pixels`, which may depend on the direction. */
export function grown(shape: Outline, pixels: number | ((angle: number) => number)): Outline {
  const by = typeof pixels === "number" ? () => pixels : pixels;
  return outline(shape.center, (angle) => radiusAt(shape, angle) + by(angle));
}

export function radiusAt(shape: Outline, angle: number): number {
  const turn = angle / (2 * Math.PI);
  const at = (turn - Math.floor(turn)) * DIRECTIONS;
  const low = Math.floor(at) % DIRECTIONS;
  const share = at - Math.floor(at);
  return shape.radii[low]! * (1 - share) + shape.radii[(low + 1) % DIRECTIONS]! * share;
}

/** How far outside (positive) or inside (negative) a point lies, in pixels along the ray from the centre. */
export function distanceTo(shape: Outline, x: number, y: number): number {
  const [dx, dy] = [x - shape.center.x, y - shape.center.y];
  return Math.hypot(dx, dy) - radiusAt(shape, Math.atan2(dy, dx));
}

/**
 * The outline as an expert's tool writes it: a closed chain of points on a half-pixel grid, each at most half a pixel
 * from the one before in x and in y, the last beside the first.
 */
export function traceContour(shape: Outline): Point[] {
  const points: Point[] = [];
  const samples = 40 * DIRECTIONS;
  for (let i = 0; i < samples; i++) {
    const angle = (2 * Math.PI * i) / samples;
    const radius = radiusAt(shape, angle);
    const x = Math.round(2 * (shape.center.x + radius * Math.cos(angle))) / 2;
    const y = Math.round(2 * (shape.center.y + radius * Math.sin(angle))) / 2;
    const last = points.at(-1);
    if (last && last.x === x && last.y === y) continue;
    // Cut the corner where the point before the last is near enough: diagonal steps, as the tool makes them.
    const beforeLast = points.at(-2);
    if (beforeLast && isNear(beforeLast, { x, y })) points.pop();
    points.push({ x, y });
  }
  while (points.length > 2 && isNear(points[0]!, points.at(-2)!)) points.pop();
  return points;
}

function isNear(a: Point, b: Point): boolean {
  return Math.abs(a.x - b.x) <= 0.5 && Math.abs(a.y - b.y) <= 0.5;
}
