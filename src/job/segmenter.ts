/** @file A trained net that turns images into class maps. */
import type { FenceOptions } from "../core/fence-options.ts";
import type { DeviceChoice } from "../device/index.ts";
import { NetDefinitionError } from "../errors.ts";
import { blobFromProto, isLeftOut, readCaffemodel } from "../model-file/index.ts";
import { filterLayers } from "../net/filter.ts";
import { readNetParameter } from "../net/load-definition.ts";
import { Net } from "../net/net.ts";
import { type LayerParameter, type NetParameter, copyMessage } from "../schema/index.ts";
import { type ClassMap, argmaxMap } from "./class-map.ts";
import { isDataLayer } from "./data-layers.ts";
import { type FloatImage, type Mean, normalized, withChannels } from "./float-image.ts";
import { jobStates, withPhase } from "./states.ts";

export interface SegmenterOptions {
  /** A deploy prototxt, or a network text for all three nets. */
  readonly model: string;
  readonly weights: string | readonly string[];
  /** Where custom layers are looked for. */
  readonly layers?: readonly string[];
  /** Fences them in, as in `NetOptions`. */
  readonly fence?: boolean | FenceOptions | undefined;
  readonly mean?: Mean | undefined;
  /** What values are multiplied with after the mean is taken off; default 1. */
  readonly scale?: number | undefined;
  readonly threads?: number;
  readonly device?: DeviceChoice;
}

export interface Segmentation {
  readonly map: ClassMap;
  /** How many classes the net tells apart. */
  readonly classCount: number;
  /** (classes, height, width), as the net's first output has them; a view until the next image. */
  readonly scores: Float32Array;
}

/** Runs images of any size through one net. */
export class Segmenter {
  readonly net: Net;
  readonly #mean: Mean | undefined;
  readonly #scale: number;

  private constructor(net: Net, { mean, scale = 1 }: SegmenterOptions) {
    this.net = net;
    this.#mean = mean;
    this.#scale = scale;
  }

  /** @throws CaffeError where the net cannot be built, or has not exactly one image input */
  static async open(options: SegmenterOptions): Promise<Segmenter> {
    const { weights, layers, fence, threads, device } = options;
    const first = typeof weights === "string" ? weights : weights[0];
    const param = await deployNet(readNetParameter(options.model), first);
    if (param.layer.every(({ type }) => type === "Input")) {
      throw new NetDefinitionError(`${options.model}: the net has no layers that compute anything`);
    }
    const net = await Net.load(param, {
      phase: "TEST",
      weights,
      fence,
      ...(layers ? { layers } : {}),
      ...(threads === undefined ? {} : { threads }),
      ...(device === undefined ? {} : { device }),
    });
    const input = net.inputs[0];
    if (net.inputs.length === 1 && net.blobs.get(input!)?.shape.length === 4) {
      return new Segmenter(net, options);
    }
    net.dispose();
    throw new NetDefinitionError(
      `${options.model}: a net for images has one input of four axes; this one has ${net.inputs.length} ` +
        `input(s): ${net.inputs.join(", ") || "none"}`,
    );
  }

  /**
   * The class of each pixel of an image: the channel of the net's first output that is highest;
   * of a single channel, whether it is 0.5 or more.
   * @throws CaffeError where image and net do not fit together
   */
  async segment(image: FloatImage): Promise<Segmentation> {
    const name = this.net.inputs[0]!;
    const blob = this.net.blobs.get(name)!;
    const adapted = withChannels(image, blob.shape[1]!);
    const { channels, height, width, data } = normalized(adapted, this.#mean, this.#scale);
    blob.reshape(1, channels, height, width);
    await this.net.reshape();
    await this.net.forward({ [name]: data });
    return this.#read(height, width);
  }

  dispose(): void {
    this.net.dispose();
  }

  async #read(height: number, width: number): Promise<Segmentation> {
    const name = this.net.outputs[0]!;
    const blob = await this.net.blobs.get(name)!.sync();
    const [, classes = 1, rows, columns] = blob.shape;
    if (blob.shape.length !== 4 || rows !== height || columns !== width) {
      throw new NetDefinitionError(
        `the output "${name}" has the shape ${blob.shape.join(" x ")}; a segmentation of this image ` +
          `is 1 x classes x ${height} x ${width}`,
      );
    }
    const scores = blob.data;
    if (classes > 1)
      return { map: argmaxMap(scores, classes, height, width), classCount: classes, scores };
    const map = {
      width,
      height,
      classes: Uint8Array.from(scores, (score) => (score >= 0.5 ? 1 : 0)),
    };
    return { map, classCount: 2, scores };
  }
}

/** A net with inputs as it is; of a text for all three nets the one to deploy, with the input `data`. */
async function deployNet(net: NetParameter, weights: string | undefined): Promise<NetParameter> {
  const hasInput = net.input.length > 0 || net.layer.some(({ type }) => type === "Input");
  if (hasInput) return net;
  const kept = filterLayers(net, jobStates.deploy).filter((layer) => !isDataLayer(layer));
  // The size is that of the first image; until then any that lets the net be built.
  const dim = [1, await inputChannels(kept, weights), 256, 256];
  const layer = kept.map((param) => withPhase(param));
  return copyMessage(net, { input: ["data"], inputShape: [{ dim }], layer });
}

/** How many channels the first convolution was trained on. */
async function inputChannels(
  layers: readonly LayerParameter[],
  weights: string | undefined,
): Promise<number> {
  const first = layers.find(({ type }) => type === "Convolution");
  if (!first || weights === undefined) return 3;
  const trained = await readCaffemodel(weights);
  const proto = trained.layer.find(({ name }) => name === first.name)?.blobs[0];
  const channels = proto && !isLeftOut(proto) ? blobFromProto(proto).shape[1] : undefined;
  return channels === undefined ? 3 : channels * (first.convolutionParam?.group ?? 1);
}
