/** @file The dataset that the demo pretrains on: colour pictures of discs and boxes, and where they are. */
import { type RandomSource, createRandom } from "../../core/random.ts";
import { type DatasetSummary, buildDataset } from "../../plugins/dataset/build.ts";
import type { Entry, Sample } from "../../plugins/dataset/stage.ts";

/** Edge of a picture in pixels. */
const SIZE = 96;
const BACKGROUND = 0;
const DISC = 1;
const BOX = 2;

interface Scene {
  /** Blue, green and red planes, about 0 to 255. */
  readonly colors: Float32Array;
  readonly labels: Uint8Array;
}

/** Writes a dataset folder of `train` and `val` pictures in three classes: background, disc, box. */
export async function writeShapes(
  out: string,
  { train, val, seed }: { train: number; val: number; seed: number },
): Promise<DatasetSummary> {
  const random = createRandom(seed);
  const entries = Array.from({ length: train + val }, (_, index): Entry => {
    const sample = drawSample(random);
    const id = String(index).padStart(9, "0");
    return { id, group: id, about: { id }, load: async () => sample };
  });
  const description = {
    kind: "shapes",
    classNames: ["background", "disc", "box"],
    palette: [
      [0, 0, 0],
      [230, 60, 60],
      [60, 120, 230],
    ] as const,
    settings: { train, val, seed },
  };
  const stages = { train: entries.slice(0, train), val: entries.slice(train) };
  return buildDataset({ ...stages, leftOut: [], description }, { out });
}

function drawSample(random: RandomSource): Sample {
  const { colors, labels } = drawScene(random);
  const data = Uint8Array.from(colors, (v) => Math.min(255, Math.max(0, Math.round(v))));
  const size = { height: SIZE, width: SIZE };
  return {
    feature: { ...size, channels: 3, data },
    label: { ...size, channels: 1, data: labels },
  };
}

/** Shapes over a background with a slope, each with a rim of its own; noise over all of it. */
function drawScene(random: RandomSource): Scene {
  const colors = new Float32Array(3 * SIZE * SIZE);
  const labels = new Uint8Array(SIZE * SIZE).fill(BACKGROUND);
  const scene = { colors, labels };
  paint(scene, BACKGROUND, () => true, drawColor(random), random);
  const count = 3 + random.integer(4);
  for (let i = 0; i < count; i++) {
    const kind = random.bernoulli(0.6) ? DISC : BOX;
    const inside = kind === DISC ? drawDisc(random) : drawBox(random);
    const rim = random.uniform(1, 5);
    paint(scene, BACKGROUND, (x, y) => inside(x, y) < rim, drawColor(random), random);
    paint(scene, kind, (x, y) => inside(x, y) < 0, drawColor(random), random);
  }
  const noise = random.uniform(4, 16);
  for (let i = 0; i < colors.length; i++) colors[i]! += random.gaussian(0, noise);
  return scene;
}

type Color = readonly [blue: number, green: number, red: number];

/** Mostly gray, as the world is. */
function drawColor(random: RandomSource): Color {
  const light = random.uniform(20, 235);
  const tint = () => light + random.uniform(-40, 40);
  return [tint(), tint(), tint()];
}

/** Distance to the edge in pixels, negative inside. */
type Inside = (x: number, y: number) => number;

function drawDisc(random: RandomSource): Inside {
  const [cx, cy] = [random.uniform(10, SIZE - 10), random.uniform(10, SIZE - 10)];
  const radius = random.uniform(5, 16);
  const squeeze = random.uniform(0.75, 1.25);
  return (x, y) => Math.hypot((x - cx) * squeeze, (y - cy) / squeeze) - radius;
}

function drawBox(random: RandomSource): Inside {
  const [cx, cy] = [random.uniform(8, SIZE - 8), random.uniform(8, SIZE - 8)];
  const [a, b] = [random.uniform(4, 22), random.uniform(3, 12)];
  const angle = random.uniform(0, Math.PI);
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  return (x, y) => {
    const [u, v] = [(x - cx) * c + (y - cy) * s, (y - cy) * c - (x - cx) * s];
    return Math.max(Math.abs(u) - a, Math.abs(v) - b);
  };
}

function paint(
  { colors, labels }: Scene,
  label: number,
  covers: (x: number, y: number) => boolean,
  color: Color,
  random: RandomSource,
): void {
  const slope = [random.uniform(-0.4, 0.4), random.uniform(-0.4, 0.4)] as const;
  for (let y = 0, i = 0; y < SIZE; y++) {
    for (let x = 0; x < SIZE; x++, i++) {
      if (!covers(x, y)) continue;
      labels[i] = label;
      const shade = slope[0] * (x - SIZE / 2) + slope[1] * (y - SIZE / 2);
      for (let c = 0; c < 3; c++) colors[c * SIZE * SIZE + i] = color[c]! + shade;
    }
  }
}
