/** @file Data: images and labels from a database, batch after batch. */
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import {
  type ColorMode,
  type ImageDecoder,
  RecordCursor,
  Transformer,
  datumPlanes,
  openImageDecoder,
  sourceError,
} from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import type { Datum } from "../schema/index.ts";
import { type ImageSource, type LabeledImage, imageReader } from "./support/image-reader.ts";

/**
 * Reads the records of an LMDB or a LevelDB in the order of their keys, and starts again after the last.
 *
 * - Tops: data (N, C, H, W) as transform_param makes it of the records; if asked for, label (N).
 * - N is `batch_size`; C, H and W may differ from batch to batch, but not within one.
 *
 * A record is its bytes, or else its floats, or an image file that it holds (`encoded`). `rand_skip`,
 * `prefetch` and the old transformations of data_param count for nothing, as in Caffe.
 */
export const data: LayerDefinition = {
  type: "Data",
  bottoms: exactly(0),
  tops: { min: 1, max: 2 },
  async setUp(context) {
    const { batchSize = 0 } = context.param.dataParam ?? {};
    if (batchSize < 1) context.fail("batch_size must be positive", "dataParam.batchSize");
    const cursor = await openCursor(context);
    try {
      const transformer = await Transformer.create(context);
      transformer.seed(context.random);
      const source = recordSource(cursor, transformer.colorMode);
      if (transformer.forcesColors && !cursor.datum().encoded) warnOfColors(context);
      return await imageReader(context, source, transformer, {
        batchSize,
        field: "dataParam.source",
        logAs: "data_layer.cpp:45",
      });
    } catch (error) {
      cursor.close();
      throw error;
    }
  },
};

async function openCursor(context: LayerContext): Promise<RecordCursor> {
  const { param, logger } = context;
  const { source, backend = "LEVELDB" } = param.dataParam ?? {};
  if (!source) return context.fail('needs a source: data_param { source: "FOLDER" backend: LMDB }');
  try {
    const cursor = await RecordCursor.open(context.resolvePath(source), backend, () => {
      logger.log("info", "data_layer.cpp:73", "Restarting data prefetching from start.");
    });
    if (backend === "LMDB") logger.log("info", "db_lmdb.cpp:35", `Opened lmdb ${source}`);
    else logger.log("info", "db_leveldb.cpp:18", `Opened leveldb ${source}`);
    return cursor;
  } catch (error) {
    throw sourceError(context, "dataParam.source", error);
  }
}

function warnOfColors({ logger }: LayerContext): void {
  const message = "force_color and force_gray only for encoded datum";
  logger.log("error", "data_transformer.cpp:148", message);
}

/** The records as images; a position is the key of the next one, in base64. */
function recordSource(cursor: RecordCursor, mode: ColorMode): ImageSource {
  const decoder = openImageDecoder();
  async function images(count: number, moves: boolean): Promise<LabeledImage[]> {
    await cursor.load(count);
    const records: LabeledRecord[] = [];
    for (let n = 0; n < count; n++) {
      records.push(copyOf(cursor.datum(), cursor.name));
      if (moves) cursor.advance();
    }
    return decodeRecords(records, decoder, mode);
  }
  return {
    peek: async () => (await images(1, false))[0]!,
    next: (count) => images(count, true),
    position: () => ({ key: Buffer.from(cursor.key).toString("base64") }),
    async moveTo(position) {
      const { key } = position as { key?: unknown };
      if (typeof key !== "string") throw new DataSourceError("the saved position has no key");
      await cursor.moveTo(Buffer.from(key, "base64"));
    },
    close() {
      cursor.close();
      decoder.close();
    },
  };
}

/** A record that outlives the cursor's stay on it. */
interface LabeledRecord {
  readonly datum: Datum;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly label: number;
  readonly name: string;
}

function copyOf(datum: Datum, name: string): LabeledRecord {
  return { datum, bytes: new Uint8Array(datum.data ?? []), label: datum.label ?? 0, name };
}

async function decodeRecords(
  records: readonly LabeledRecord[],
  decoder: ImageDecoder,
  mode: ColorMode,
): Promise<LabeledImage[]> {
  const encoded = records.filter(({ datum }) => datum.encoded);
  const orders = encoded.map(({ bytes, name }) => ({ from: bytes, name, mode }));
  const decoded = orders.length > 0 ? await decoder.decode(orders) : [];
  const images = new Map(encoded.map((record, i) => [record, decoded[i]!]));
  return records.map((record) => {
    const { datum, bytes, label, name } = record;
    const image = images.get(record) ?? datumPlanes({ ...datum, data: bytes }, name);
    return { image, label, name };
  });
}
