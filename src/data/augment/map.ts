/** @file Where each pixel of an augmented record comes from. */
import { type Draws, streams } from "./draws.ts";
import { ElasticField } from "./elastic.ts";
import type { Augmentation } from "./settings.ts";

/**
 * The map of one record, from each pixel of the result to its place in the original, in pixels from
 * the middle of the top left one. In this order the place is warped, turned, shrunk and flipped about the
 * image's centre, and shifted; one outside is brought to the border.
 */
export class PixelMap {
  /** Columns and rows for a row of the result that `enterRow` chose. */
  columns = new Float64Array(0);
  rows = new Float64Array(0);
  readonly #draws: Draws;
  readonly #field = new ElasticField();
  readonly #affine = new Float64Array(6);
  #isElastic = false;
  #height = 0;
  #width = 0;

  constructor(draws: Draws) {
    this.#draws = draws;
  }

  /** Draws the map of a record. Every number is drawn whatever is asked for, so that none depends on another. */
  draw(settings: Augmentation, record: number, height: number, width: number): void {
    const draws = this.#draws;
    draws.start(settings.seed, record, streams.move);
    const flipX = draws.within(1) < 0 && settings.flipX ? -1 : 1;
    const flipY = draws.within(1) < 0 && settings.flipY ? -1 : 1;
    const angle = (draws.within(settings.rotate) * Math.PI) / 180;
    const shrink = Math.exp(-draws.within(settings.scale));
    const [sin, cos] = [Math.sin(angle) * shrink, Math.cos(angle) * shrink];
    const affine = this.#affine;
    affine[0] = flipX * cos;
    affine[1] = flipX * -sin;
    affine[2] = (width - 1) / 2 + draws.within(settings.shift) * width;
    affine[3] = flipY * sin;
    affine[4] = flipY * cos;
    affine[5] = (height - 1) / 2 + draws.within(settings.shift) * height;
    this.#isElastic = settings.elastic > 0;
    if (this.#isElastic) this.#field.draw(settings, record, draws);
    this.#height = height;
    this.#width = width;
    if (this.columns.length < width) {
      this.columns = new Float64Array(width);
      this.rows = new Float64Array(width);
    }
  }

  enterRow(y: number): void {
    const [height, width, field] = [this.#height, this.#width, this.#field];
    const [a, b, c] = [this.#affine[0]!, this.#affine[1]!, this.#affine[2]!];
    const [d, e, f] = [this.#affine[3]!, this.#affine[4]!, this.#affine[5]!];
    const down = y - (height - 1) / 2;
    if (this.#isElastic) field.enterRow((y + 0.5) / height);
    for (let x = 0; x < width; x++) {
      let right = x - (width - 1) / 2;
      let below = down;
      if (this.#isElastic) {
        field.enterColumn((x + 0.5) / width);
        right += field.x * width;
        below += field.y * height;
      }
      this.columns[x] = Math.min(Math.max(a * right + b * below + c, 0), width - 1);
      this.rows[x] = Math.min(Math.max(d * right + e * below + f, 0), height - 1);
    }
  }
}
