/** @file Normal and exponential draws by the ziggurat of Marsaglia and Tsang, with boost's use of bits. */

/** Draws raw 32-bit numbers. */
type Bits = () => number;

/** The density covered by layers of equal area: layer i is [0, x[i]) wide and lies between y[i] and y[i + 1]. */
interface Ziggurat {
  readonly x: Float64Array;
  readonly y: Float64Array;
}

const density = (x: number) => Math.exp((-x * x) / 2);
const decay = (x: number) => Math.exp(-x);

/** 128 layers over exp(-x^2 / 2): where the tail starts, and the area of each layer. */
const normal = ziggurat(128, 3.442619855896652, 9.91256303526217e-3, density, (y) =>
  Math.sqrt(-2 * Math.log(y)),
);
/** 256 layers over exp(-x). */
const exponential = ziggurat(
  256,
  7.69711747013105,
  3.949659822581572e-3,
  decay,
  (y) => -Math.log(y),
);

function ziggurat(
  layers: number,
  tail: number,
  area: number,
  height: (x: number) => number,
  inverse: (y: number) => number,
): Ziggurat {
  const x = new Float64Array(layers + 1);
  const y = new Float64Array(layers + 1);
  x[0] = area / height(tail);
  x[1] = tail;
  for (let i = 1; i < layers; i++) {
    y[i] = height(x[i]!);
    if (i + 1 < layers) x[i + 1] = inverse(y[i]! + area / x[i]!);
  }
  y[layers] = 1;
  return { x, y };
}

/**
 * A draw from N(0, 1). The low 8 bits of a raw draw choose sign and layer, the upper 24 the place
 * in it, as in boost 1.56 and later, so that a seed gives the weights that Caffe gives.
 */
export function drawNormal(uint32: Bits): number {
  for (;;) {
    const bits = uint32();
    const sign = (bits & 1) * 2 - 1;
    const layer = (bits & 255) >> 1;
    const x = place(bits, normal, layer);
    if (x < normal.x[layer + 1]!) return x * sign;
    if (layer === 0) return drawTail(uint32) * sign;
    if (heightIn(normal, layer, uint32) < density(x)) return x * sign;
  }
}

/** The part beyond the outermost layer, from two exponential draws (Marsaglia 1964). */
function drawTail(uint32: Bits): number {
  const start = normal.x[1]!;
  for (;;) {
    const x = drawExponential(uint32) / start;
    const y = drawExponential(uint32);
    if (2 * y > x * x) return x + start;
  }
}

function drawExponential(uint32: Bits): number {
  let shift = 0;
  for (;;) {
    const bits = uint32();
    const layer = bits & 255;
    const x = place(bits, exponential, layer);
    if (x < exponential.x[layer + 1]!) return shift + x;
    // Past the outermost layer the density looks as it does from 0 on.
    if (layer === 0) shift += exponential.x[1]!;
    else if (heightIn(exponential, layer, uint32) < decay(x)) return shift + x;
  }
}

function place(bits: number, { x }: Ziggurat, layer: number): number {
  return Math.fround(((bits >>> 8) / 2 ** 24) * Math.fround(x[layer]!));
}

/** A uniform height between the lower and the upper edge of a layer. */
function heightIn({ y }: Ziggurat, layer: number, uint32: Bits): number {
  let part = 1;
  while (part >= 1) part = Math.fround(uint32() / 2 ** 32);
  return y[layer]! + part * (y[layer + 1]! - y[layer]!);
}
