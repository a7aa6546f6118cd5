/** @file What the layers have in common that read labelled images in an order: Data and ImageData. */
import type { Blob } from "../../core/blob.ts";
import type { Layer, LayerContext } from "../../core/layer.ts";
import type { PixelBatches } from "../../core/pixel-batches.ts";
import type { RandomState } from "../../core/random.ts";
import type { Planes, PlanesShape, Transformer } from "../../data/index.ts";
import { sourceError } from "../../data/source-error.ts";
import { DataSourceError } from "../../errors.ts";
import { augmentedSource } from "./augmented-source.ts";
import { BatchAhead } from "./batch-ahead.ts";

/** An image, its label, and how an error names it. */
export interface LabeledImage {
  readonly image: Planes;
  readonly label: number;
  readonly name: string;
}

/** Where images come from, one after the other without an end. */
export interface ImageSource {
  /** The image that `next` will give first. */
  peek(): Promise<LabeledImage>;
  /** The next `count` images. */
  next(count: number): Promise<readonly LabeledImage[]>;
  /** Where the next image stands; JSON. */
  position(): object;
  /** @throws DataSourceError when there is no such position */
  moveTo(position: object): Promise<void>;
  close(): void;
}

export interface ImageReaderSettings {
  readonly batchSize: number;
  /** The field that names the source: where errors of its images point to. */
  readonly field: string;
  /** The place in Caffe's sources that logs the size of a batch. */
  readonly logAs: string;
}

/**
 * Makes the layer of a source. Its tops are data (N, C, H, W) as the transformer makes it of the images
 * and, if asked for, label (N). The images of a batch have one shape, which the first of them gives.
 *
 * The images of the next batch are read, decoded and, with an augmentation_param, augmented while the
 * net computes on the batch before.
 */
export async function imageReader(
  context: LayerContext,
  plainSource: ImageSource,
  transformer: Transformer,
  { batchSize, field, logAs }: ImageReaderSettings,
): Promise<Layer> {
  const blame = (error: unknown) => sourceError(context, field, error);
  let source = plainSource;
  try {
    source = augmentedSource(context, plainSource);
    const layer = new ImageReader(source, transformer, batchSize, blame);
    const shape = await layer.readShape();
    context.logger.log("info", logAs, `output data size: ${[batchSize, ...shape].join(",")}`);
    transformer.seed(context.random);
    // Caffe seeds its prefetch thread here; the draw keeps what comes after in step.
    context.random.uint32();
    return layer;
  } catch (error) {
    source.close();
    throw blame(error);
  }
}

class ImageReader implements Layer {
  readonly blobs = [];
  readonly reshapesEachForward = true;
  readonly pixelBatches: PixelBatches;
  readonly #source: ImageSource;
  readonly #transformer: Transformer;
  readonly #batchSize: number;
  /** Adds the layer and the place in the prototxt to an error. */
  readonly #blame: (error: unknown) => unknown;
  readonly #ahead: BatchAhead<LabeledImage>;
  #batch: readonly LabeledImage[] = [];
  /** Shape of what the transformer makes of the images of the batch. */
  #shape: PlanesShape = [0, 0, 0];

  constructor(
    source: ImageSource,
    transformer: Transformer,
    batchSize: number,
    blame: (error: unknown) => unknown,
  ) {
    this.#source = source;
    this.#transformer = transformer;
    this.#batchSize = batchSize;
    this.#blame = blame;
    this.#ahead = new BatchAhead(
      () => source.next(batchSize),
      () => source.position(),
    );
    this.pixelBatches = {
      arithmetic: transformer.arithmetic,
      bytesPerValue: () => bytesPerValue(this.#batch),
      take: (tops, pixels, cuts) =>
        this.#eachImage(tops, ({ image, name }, n, start, end) => {
          const cut = transformer.copyCut(image, pixels.subarray(start, end), name);
          cuts.set([cut.top, cut.left, Number(cut.isMirrored)], 3 * n);
        }),
    };
  }

  /** Takes the shape of the tops from the first image, which must go with transform_param. */
  async readShape(): Promise<PlanesShape> {
    const { image, name } = await this.#source.peek();
    this.#transformer.check(image, name);
    this.#shape = this.#transformer.shapeOf(image);
    return this.#shape;
  }

  async prepare(): Promise<void> {
    try {
      this.#batch = await this.#ahead.next();
      this.#shape = this.#transformer.shapeOf(this.#batch[0]!.image);
    } catch (error) {
      throw this.#blame(error);
    }
  }

  reshape(_bottoms: readonly Blob[], tops: readonly Blob[]): void {
    tops[0]!.reshape(this.#batchSize, ...this.#shape);
    tops[1]?.reshape(this.#batchSize);
  }

  forward(_bottoms: readonly Blob[], tops: readonly Blob[]): void {
    const values = tops[0]!.data;
    this.#eachImage(tops, ({ image, name }, _n, start, end) => {
      this.#transformer.transform(image, values.subarray(start, end), name);
    });
  }

  /** Takes the batch: `use` gets each image, its number, and where its values are in the first top. */
  #eachImage(
    [data, label]: readonly Blob[],
    use: (item: LabeledImage, n: number, start: number, end: number) => void,
  ): void {
    const size = data!.count / this.#batchSize;
    try {
      for (let n = 0; n < this.#batchSize; n++) {
        const item = this.#batch[n]!;
        this.#checkShape(item);
        use(item, n, n * size, (n + 1) * size);
        if (label) label.data[n] = item.label;
      }
    } catch (error) {
      throw this.#blame(error);
    }
    this.#batch = [];
    this.#ahead.start();
  }

  saveState(): object {
    return { ...(this.#ahead.position as object), random: this.#transformer.randomState };
  }

  async restoreState(state: unknown): Promise<void> {
    const { random, ...position } = state as { random?: RandomState };
    await this.#ahead.stop();
    await this.#source.moveTo(position);
    this.#transformer.restoreRandom(random);
  }

  dispose(): void {
    this.#source.close();
  }

  #checkShape({ image, name }: LabeledImage): void {
    const [channels, height, width] = this.#transformer.shapeOf(image);
    const [c, h, w] = this.#shape;
    if (channels === c && height === h && width === w) return;
    throw new DataSourceError(
      `${name}: an image of ${channels} x ${height} x ${width} in a batch of ${c} x ${h} x ${w}; use ` +
        "batch_size: 1, crop_size, or images of one size",
    );
  }
}

/** 0 where they are floats, or differ. */
function bytesPerValue(batch: readonly LabeledImage[]): 0 | 1 | 2 {
  if (batch.every(({ image }) => image.data instanceof Uint8Array)) return 1;
  return batch.every(({ image }) => image.data instanceof Uint16Array) ? 2 : 0;
}
