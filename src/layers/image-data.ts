/** @file ImageData: images and labels from the files that a list names. */
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import {
  type DecodeOrder,
  ImageList,
  Transformer,
  openImageDecoder,
  sourceError,
} from "../data/index.ts";
import { DataSourceError } from "../errors.ts";
import { type Resolved, withDefaults } from "../schema/index.ts";
import { type ImageSource, type LabeledImage, imageReader } from "./support/image-reader.ts";
import { type OrderPosition, ShuffledOrder } from "./support/shuffled-order.ts";

type Param = Resolved<"ImageDataParameter">;

/**
 * Reads the images of a list, a file name and a label a line, in the order of the lines or shuffled.
 *
 * - Tops: data (N, C, H, W) as transform_param makes it of the images; label (N).
 * - N is `batch_size`; C is 3 (blue, green, red), or 1 without `is_color`. H and W are `new_height` and
 *   `new_width`, or the sizes of the first image of the batch.
 *
 * A name is put behind `root_folder` as it stands: give that its slash. The old transformations of
 * image_data_param count for nothing, as in Caffe.
 */
export const imageData: LayerDefinition = {
  type: "ImageData",
  bottoms: exactly(0),
  tops: exactly(2),
  async setUp(context) {
    const param = withDefaults("ImageDataParameter", context.param.imageDataParam);
    checkSizes(context, param);
    const transformer = await Transformer.create(context);
    transformer.seed(context.random);
    const list = openList(context, param);
    const order = orderOf(context, param, list);
    const source = listSource(context, param, list, order);
    return imageReader(context, source, transformer, {
      batchSize: param.batchSize,
      field: "imageDataParam.source",
      logAs: "image_data_layer.cpp:90",
    });
  },
};

function checkSizes({ fail }: LayerContext, { newHeight, newWidth, batchSize }: Param): void {
  if (newHeight > 0 !== newWidth > 0) {
    fail(
      "Current implementation requires new_height and new_width to be set at the same time.",
      newHeight > 0 ? "imageDataParam.newHeight" : "imageDataParam.newWidth",
    );
  }
  if (batchSize < 1) fail("Positive batch size required", "imageDataParam.batchSize");
}

function openList(context: LayerContext, { source }: Param): ImageList {
  const { logger } = context;
  if (!source)
    return context.fail('File is empty: image_data_param { source: "LIST" } must name one');
  logger.log("info", "image_data_layer.cpp:38", `Opening file ${source}`);
  try {
    const list = new ImageList(context.resolvePath(source));
    warnOfLabel(context, list);
    return list;
  } catch (error) {
    throw sourceError(context, "imageDataParam.source", error);
  }
}

/** Caffe reads any label as a whole number. One line tells for all. */
function warnOfLabel({ logger }: LayerContext, list: ImageList): void {
  const text = list.labelTextOf(0);
  if (/^\s*[-+]?\d+\s*$/.test(text) || text === list.nameOf(0)) return;
  const message = `${list.place(0)}: the label "${text}" is no whole number, and counts as ${list.labelOf(0)}`;
  logger.log("warning", "image_data_layer.cpp:45", message);
}

/** Draws in Caffe's order: the seed of the shuffles, then how many images to skip. */
function orderOf({ random, logger, fail }: LayerContext, param: Param, list: ImageList) {
  if (param.shuffle) logger.log("info", "image_data_layer.cpp:53", "Shuffling data");
  const order = new ShuffledOrder(list.length, param.shuffle ? random.uint32() : undefined);
  logger.log("info", "image_data_layer.cpp:63", `A total of ${list.length} images.`);
  if (param.randSkip === 0) return order;
  const skip = random.uint32() % param.randSkip;
  logger.log("info", "image_data_layer.cpp:70", `Skipping first ${skip} data points.`);
  if (skip >= list.length) {
    fail(
      `Not enough points to skip: ${skip} of the ${list.length} images; use a rand_skip of at most ${list.length}`,
      "imageDataParam.randSkip",
    );
  }
  order.skipTo(skip);
  return order;
}

/** The images of a list; a position is one of its order, and the name that stands there. */
function listSource(
  context: LayerContext,
  param: Param,
  list: ImageList,
  order: ShuffledOrder,
): ImageSource {
  const { newHeight, newWidth, isColor, rootFolder } = param;
  const decoder = openImageDecoder();
  const size = newHeight > 0 ? { height: newHeight, width: newWidth } : undefined;

  function orderFor(line: number): DecodeOrder {
    const path = rootFolder + list.nameOf(line);
    const from = context.resolvePath(path);
    return { from, name: `${path} (${list.place(line)})`, mode: isColor ? "color" : "gray", size };
  }
  async function decode(lines: readonly number[]): Promise<LabeledImage[]> {
    const orders = lines.map(orderFor);
    const images = await decoder.decode(orders);
    return lines.map((line, i) => ({
      image: images[i]!,
      label: list.labelOf(line),
      name: orders[i]!.name,
    }));
  }
  return {
    peek: async () => (await decode([order.line]))[0]!,
    next(count) {
      const lines: number[] = [];
      for (let n = 0; n < count; n++) {
        lines.push(order.line);
        order.advance();
      }
      return decode(lines);
    },
    position: () => ({ ...order.position(), name: list.nameOf(order.line) }),
    async moveTo(position) {
      const saved = position as OrderPosition & { readonly name?: unknown };
      if (order.moveTo(saved) && list.nameOf(order.line) === saved.name) return;
      throw new DataSourceError(
        `${list.path}: reading stopped before ${JSON.stringify(saved.name)}, which is not at its place; the list was changed since`,
      );
    },
    close: () => decoder.close(),
  };
}
