/** @file Data: images and labels from a database, batch after batch. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Blob } from "../core/blob.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import type { RandomState } from "../core/random.ts";
import {
  type Image,
  type Planes,
  type PlanesShape,
  RecordCursor,
  Transformer,
  datumPlanes,
  decodeImage,
} from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import { excerptOf, locationOf } from "../schema/index.ts";

/**
 * Reads records in the order of their keys, and starts again after the last one.
 *
 * - Tops: data (N, C, H, W) as transform_param makes it of the records; if asked for, label (N).
 * - N is `batch_size`; C, H and W may differ from batch to batch, but not within one.
 *
 * Encoded images are decoded while the net computes on the batch before them.
 */
export const data: LayerDefinition = {
  type: "Data",
  bottoms: exactly(0),
  tops: { min: 1, max: 2 },
  async setUp(context) {
    const { batchSize = 0 } = context.param.dataParam ?? {};
    if (batchSize < 1) context.fail("batch_size must be positive", "dataParam.batchSize");
    const cursor = openSource(context);
    try {
      const transformer = await Transformer.create(context);
      transformer.seed(context.random);
      const layer = new DataLayer(cursor, transformer, batchSize);
      await layer.readShape(context);
      transformer.seed(context.random);
      // Caffe seeds its prefetch thread here; the draw keeps what comes after in step.
      context.random.uint32();
      return layer;
    } catch (error) {
      cursor.close();
      throw error;
    }
  },
};

function openSource(context: LayerContext): RecordCursor {
  const { param, logger } = context;
  const { source, backend = "LEVELDB" } = param.dataParam ?? {};
  if (!source) return context.fail('needs a source: data_param { source: "FOLDER" backend: LMDB }');
  const path = context.resolvePath(source);
  if (backend === "LEVELDB") {
    const isLmdb = existsSync(join(path, "data.mdb"));
    const advice = isLmdb
      ? 'it is an LMDB: write "backend: LMDB" in data_param (LEVELDB is the default)'
      : "cortado reads LMDBs: write the dataset with -backend lmdb and backend: LMDB";
    throw sourceError(context, `Failed to open leveldb ${source}: ${advice}`);
  }
  try {
    const cursor = new RecordCursor(path, () => {
      logger.log("info", "data_layer.cpp:73", "Restarting data prefetching from start.");
    });
    logger.log("info", "db_lmdb.cpp:35", `Opened lmdb ${source}`);
    return cursor;
  } catch (error) {
    throw error instanceof DataSourceError ? sourceError(context, error.message, error) : error;
  }
}

/** An error with the place of the source in the prototxt. */
function sourceError({ param }: LayerContext, problem: string, cause?: Error): DataSourceError {
  return new DataSourceError(`layer "${param.name ?? ""}" (Data): ${problem}`, {
    location: locationOf(param, "dataParam.source"),
    excerpt: excerptOf(param, "dataParam.source"),
    cause,
  });
}

/** A decoded image and its label. */
interface Item {
  readonly image: Image | Planes;
  readonly label: number;
  readonly name: string;
}

/** Where reading stood before a batch; JSON. */
interface Position {
  /** Key of the first record, in base64. */
  readonly key: string;
  readonly random?: RandomState | undefined;
}

class DataLayer implements Layer {
  readonly blobs = [];
  readonly reshapesEachForward = true;
  readonly #cursor: RecordCursor;
  readonly #transformer: Transformer;
  readonly #batchSize: number;
  /** Shape of the images of the next batch. */
  #shape: PlanesShape = [0, 0, 0];
  /** The next batch while it is decoded, and where reading stood before it. */
  #coming: { items: Promise<Item[]>; key: Uint8Array } | undefined;
  /** The next batch, if it is one of encoded images. */
  #items: Item[] | undefined;

  constructor(cursor: RecordCursor, transformer: Transformer, batchSize: number) {
    this.#cursor = cursor;
    this.#transformer = transformer;
    this.#batchSize = batchSize;
  }

  /** Takes the shape of the tops from the first record. */
  async readShape({ logger }: LayerContext): Promise<void> {
    const datum = this.#cursor.datum();
    const image = await this.#decode(datum, this.#cursor.name);
    this.#shape = this.#transformer.shapeOf(image);
    const size = [this.#batchSize, ...this.#shape].join(",");
    logger.log("info", "data_layer.cpp:45", `output data size: ${size}`);
    if (this.#transformer.forcesColors && !datum.encoded) {
      logger.log(
        "error",
        "data_transformer.cpp:148",
        "force_color and force_gray only for encoded datum",
      );
    }
  }

  async prepare(): Promise<void> {
    if (!this.#coming && this.#cursor.datum().encoded) this.#coming = this.#startDecoding();
    this.#items = await this.#coming?.items;
    const first = this.#items?.[0]?.image ?? datumPlanes(this.#cursor.datum(), this.#cursor.name);
    this.#shape = this.#transformer.shapeOf(first);
  }

  reshape(_bottoms: readonly Blob[], tops: readonly Blob[]): void {
    tops[0]!.reshape(this.#batchSize, ...this.#shape);
    tops[1]?.reshape(this.#batchSize);
  }

  forward(_bottoms: readonly Blob[], [data, label]: readonly Blob[]): void {
    const values = data!.data;
    const size = values.length / this.#batchSize;
    for (let n = 0; n < this.#batchSize; n++) {
      const item = this.#items?.[n] ?? this.#rawItem();
      this.#checkShape(item);
      this.#transformer.transform(item.image, values.subarray(n * size, (n + 1) * size), item.name);
      if (label) label.data[n] = item.label;
      if (!this.#items) this.#cursor.advance();
    }
    // The images of the next batch are decoded in other threads while the net computes.
    this.#coming = this.#items && this.#startDecoding();
    this.#items = undefined;
  }

  saveState(): Position {
    const key = this.#coming?.key ?? this.#cursor.key;
    return { key: Buffer.from(key).toString("base64"), random: this.#transformer.randomState };
  }

  restoreState(state: unknown): void {
    const { key, random } = state as Partial<Position>;
    if (typeof key !== "string") throw new DataSourceError("the saved position has no key");
    this.#coming = undefined;
    this.#items = undefined;
    this.#cursor.moveTo(Buffer.from(key, "base64"));
    this.#transformer.restoreRandom(random);
  }

  dispose(): void {
    this.#cursor.close();
  }

  /** The record under the cursor, which is no encoded image. */
  #rawItem(): Item {
    const { name } = this.#cursor;
    const datum = this.#cursor.datum();
    if (datum.encoded) {
      throw new DataSourceError(`${name}: an encoded image in a batch that starts with a raw one`);
    }
    return { image: datumPlanes(datum, name), label: datum.label ?? 0, name };
  }

  /** Reads the next batch and starts decoding it. An error waits for the next `prepare`. */
  #startDecoding() {
    const { key } = this.#cursor;
    const items = this.#decodeBatch();
    items.catch(() => {});
    return { items, key };
  }

  async #decodeBatch(): Promise<Item[]> {
    const items: Promise<Item>[] = [];
    for (let n = 0; n < this.#batchSize; n++) {
      const { name } = this.#cursor;
      const datum = this.#cursor.datum();
      const label = datum.label ?? 0;
      // A copy: the view ends when the cursor moves, and decoding takes longer.
      const own = { ...datum, data: new Uint8Array(datum.data ?? []) };
      items.push(this.#decode(own, name).then((image) => ({ image, label, name })));
      this.#cursor.advance();
    }
    return Promise.all(items);
  }

  async #decode(datum: ReturnType<RecordCursor["datum"]>, name: string): Promise<Image | Planes> {
    if (!datum.encoded) return datumPlanes(datum, name);
    return decodeImage(datum.data ?? new Uint8Array(0), name, this.#transformer.colorMode);
  }

  #checkShape({ image, name }: Item): void {
    const [channels, height, width] = this.#transformer.shapeOf(image);
    const [c, h, w] = this.#shape;
    if (channels === c && height === h && width === w) return;
    throw new DataSourceError(
      `${name}: an image of ${channels} x ${height} x ${width} in a batch of ${c} x ${h} x ${w}; use ` +
        "batch_size: 1, crop_size, or images of one size",
    );
  }
}
