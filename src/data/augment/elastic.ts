/** @file The elastic warp: a cubic B-spline over a coarse grid of random displacements. */
import { type Draws, streams } from "./draws.ts";
import { type Augmentation, MAX_GRID } from "./settings.ts";

/** Nodes along an axis: a cubic spline reaches one node before the grid and two behind its last square. */
const MAX_NODES = MAX_GRID + 3;

/**
 * The displacements of one record (free-form deformation: Rueckert and others 1999). Between the nodes
 * the spline is a mean of 16 of them, so no pixel moves further than the largest node does.
 */
export class ElasticField {
  readonly #nodes = new Float64Array(2 * MAX_NODES * MAX_NODES);
  /** The nodes of both axes, combined for one row of pixels. */
  readonly #row = new Float64Array(2 * MAX_NODES);
  readonly #weights = new Float64Array(4);
  #grid = 0;
  /** The displacement of the pixel that was gone to, as parts of width and height. */
  x = 0;
  y = 0;

  /** Draws the field of a record; displacements are parts of width and height. */
  draw({ seed, elastic, elasticGrid }: Augmentation, record: number, draws: Draws): void {
    this.#grid = elasticGrid;
    draws.start(seed, record, streams.warp);
    const nodes = elasticGrid + 3;
    for (let i = 0; i < 2 * nodes * nodes; i++) this.#nodes[i] = draws.within(elastic);
  }

  /** Goes to a row of pixels, `at` of the height from the top. */
  enterRow(at: number): void {
    const nodes = this.#grid + 3;
    const first = this.#place(at);
    const weights = this.#weights;
    for (let axis = 0; axis < 2; axis++) {
      for (let i = 0; i < nodes; i++) {
        let sum = 0;
        for (let k = 0; k < 4; k++) {
          sum += weights[k]! * this.#nodes[(axis * nodes + first + k) * nodes + i]!;
        }
        this.#row[axis * nodes + i] = sum;
      }
    }
  }

  /** Goes to a pixel of the row, `at` of the width from the left. */
  enterColumn(at: number): void {
    const nodes = this.#grid + 3;
    const first = this.#place(at);
    const weights = this.#weights;
    this.x = 0;
    this.y = 0;
    for (let k = 0; k < 4; k++) {
      this.x += weights[k]! * this.#row[first + k]!;
      this.y += weights[k]! * this.#row[nodes + first + k]!;
    }
  }

  /** Sets the weights of the four nodes around a place. @returns the first of them */
  #place(at: number): number {
    const position = at * this.#grid;
    const first = Math.min(Math.floor(position), this.#grid - 1);
    const t = position - first;
    const weights = this.#weights;
    const [rest, t2, t3] = [1 - t, t * t, t * t * t];
    weights[0] = (rest * rest * rest) / 6;
    weights[1] = (3 * t3 - 6 * t2 + 4) / 6;
    weights[2] = (-3 * t3 + 3 * t2 + 3 * t + 1) / 6;
    weights[3] = t3 / 6;
    return first;
  }
}
