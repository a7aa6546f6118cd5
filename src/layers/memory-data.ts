/** @file MemoryData: batches of arrays that the caller gives. */
import type { Blob } from "../core/blob.ts";
import { type Layer, type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { Transformer } from "../data/index.ts";
import { NetDefinitionError } from "../errors.ts";
import { refuseAugmentation } from "./support/augmented-source.ts";

/**
 * Goes through arrays in memory, batch after batch, and starts again at their end. `net.setInputArrays`
 * gives them; until then a forward pass fails.
 *
 * - Tops: data (N, C, H, W) as memory_data_param says; label (N), from the first forward pass on
 *   (N, 1, 1, 1), as in Caffe.
 *
 * The arrays are taken as they are: transform_param does nothing to them.
 */
export const memoryData: LayerDefinition = {
  type: "MemoryData",
  bottoms: exactly(0),
  tops: exactly(2),
  async setUp(context) {
    const {
      batchSize = 0,
      channels = 0,
      height = 0,
      width = 0,
    } = context.param.memoryDataParam ?? {};
    refuseAugmentation(
      context,
      "The values of MemoryData are the program's own, which can change them before it hands them over.",
    );
    const transformer = await Transformer.create(context);
    transformer.seed(context.random);
    if (batchSize * channels * height * width === 0) {
      context.fail(
        "batch_size, channels, height, and width must be specified and positive in memory_data_param",
      );
    }
    return new MemoryLayer(context, [batchSize, channels, height, width]);
  },
};

interface Arrays {
  readonly data: Float32Array;
  readonly labels: Float32Array;
}

class MemoryLayer implements Layer {
  readonly blobs = [];
  readonly reshapesEachForward = true;
  readonly #context: LayerContext;
  readonly #shape: readonly [n: number, c: number, h: number, w: number];
  #arrays: Arrays | undefined;
  /** The record that the next batch starts with. */
  #at = 0;
  #hasRun = false;

  constructor(context: LayerContext, shape: readonly [number, number, number, number]) {
    this.#context = context;
    this.#shape = shape;
  }

  /** BVLC MemoryDataLayer::Reset. */
  setInputArrays(data: Float32Array, labels: Float32Array): void {
    const [batchSize, channels, height, width] = this.#shape;
    const size = channels * height * width;
    const { param, logger } = this.#context;
    const fail = (problem: string) => {
      throw new NetDefinitionError(`layer "${param.name ?? ""}" (MemoryData): ${problem}`);
    };
    const n = labels.length;
    if (n === 0 || n % batchSize !== 0) {
      fail(`n must be a multiple of batch size: ${n} labels do not make batches of ${batchSize}`);
    }
    if (data.length !== n * size) {
      const wanted = `${n} x ${channels} x ${height} x ${width} = ${n * size}`;
      fail(`${n} labels go with ${wanted} values, not ${data.length}`);
    }
    if (param.transformParam) {
      const message = "MemoryData does not transform array data on Reset()";
      logger.log("warning", "memory_data_layer.cpp:90", message);
    }
    // The first arrays after a resume go on where the last ones were left.
    if (this.#arrays || this.#at >= n) this.#at = 0;
    this.#arrays = { data, labels };
  }

  async prepare(): Promise<void> {
    if (!this.#arrays) {
      this.#context.fail(
        "MemoryDataLayer needs to be initialized by calling Reset: give it arrays with net.setInputArrays(data, labels)",
      );
    }
    this.#hasRun = true;
  }

  reshape(_bottoms: readonly Blob[], [data, label]: readonly Blob[]): void {
    data!.reshape(...this.#shape);
    if (this.#hasRun) label!.reshape(this.#shape[0], 1, 1, 1);
    else label!.reshape(this.#shape[0]);
  }

  forward(_bottoms: readonly Blob[], [data, label]: readonly Blob[]): void {
    const arrays = this.#arrays!;
    const end = this.#at + this.#shape[0];
    const size = data!.count / this.#shape[0];
    data!.data.set(arrays.data.subarray(this.#at * size, end * size));
    label!.data.set(arrays.labels.subarray(this.#at, end));
    this.#at = end % arrays.labels.length;
  }

  saveState(): unknown {
    return { at: this.#at };
  }

  restoreState(state: unknown): void {
    const { at } = state as { at?: unknown };
    const isPlace = Number.isSafeInteger(at) && (at as number) >= 0;
    if (!isPlace || (at as number) % this.#shape[0] !== 0) {
      throw new NetDefinitionError(
        "the saved position of a MemoryData layer is no start of a batch",
      );
    }
    this.#at = at as number;
    if (this.#arrays) this.#at %= this.#arrays.labels.length;
  }
}
