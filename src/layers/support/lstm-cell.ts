/** @file One step of a long short-term memory, forward and back. */

/** Sizes of a step: items of the batch, and cells of each. */
export interface CellSize {
  readonly items: number;
  readonly cells: number;
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));

/**
 * Computes step t of sequences that lie one step after another.
 *
 *     i, f, o = sigmoid of gates,  g = tanh of gates,  f is multiplied by cont
 *     c_t = f c_(t-1) + i g,  h_t = o tanh(c_t)
 *
 * @param gates (T, N, 4 H) in the order i, f, o, g, before the squashing
 * @param cont (T, N): 0 where a sequence starts, else 1
 * @param start (N, H): c before step 0
 * @param active (T, N, 4 H) gets i, f, o, g; may be `gates`
 */
export function stepForward(
  t: number,
  { items, cells }: CellSize,
  gates: Float32Array,
  cont: Float32Array,
  start: Float32Array,
  active: Float32Array,
  c: Float32Array,
  h: Float32Array,
): void {
  const previous = t === 0 ? start : c;
  const back = t === 0 ? 0 : items * cells;
  let at = t * items * cells;
  for (let n = 0; n < items; n++) {
    const goesOn = cont[t * items + n]!;
    let gate = 4 * at;
    for (let k = 0; k < cells; k++, at++, gate++) {
      const i = sigmoid(gates[gate]!);
      const f = goesOn === 0 ? 0 : goesOn * sigmoid(gates[gate + cells]!);
      const o = sigmoid(gates[gate + 2 * cells]!);
      const g = Math.tanh(gates[gate + 3 * cells]!);
      active[gate] = i;
      active[gate + cells] = f;
      active[gate + 2 * cells] = o;
      active[gate + 3 * cells] = g;
      c[at] = f * previous[at - back]! + i * g;
      h[at] = o * Math.tanh(c[at]!);
    }
  }
}

/**
 * Takes the gradients of step t back to its gates and to c_(t-1).
 * @param dh (N, H): the gradient of h_t
 * @param dc (N, H): the gradient of c_t; becomes that of c_(t-1)
 * @param dgates (T, N, 4 H): step t of it is written
 */
export function stepBackward(
  t: number,
  { items, cells }: CellSize,
  active: Float32Array,
  start: Float32Array,
  c: Float32Array,
  dh: Float32Array,
  dc: Float32Array,
  dgates: Float32Array,
): void {
  const previous = t === 0 ? start : c;
  const back = t === 0 ? 0 : items * cells;
  const first = t * items * cells;
  for (let n = 0; n < items; n++) {
    for (let k = 0; k < cells; k++) {
      const local = n * cells + k;
      const at = first + local;
      const gate = 4 * (first + n * cells) + k;
      const i = active[gate]!;
      const f = active[gate + cells]!;
      const o = active[gate + 2 * cells]!;
      const g = active[gate + 3 * cells]!;
      const squashed = Math.tanh(c[at]!);
      const cell = dc[local]! + dh[local]! * o * (1 - squashed * squashed);
      dgates[gate] = cell * g * i * (1 - i);
      dgates[gate + cells] = cell * previous[at - back]! * f * (1 - f);
      dgates[gate + 2 * cells] = dh[local]! * squashed * o * (1 - o);
      dgates[gate + 3 * cells] = cell * i * (1 - g * g);
      dc[local] = cell * f;
    }
  }
}
