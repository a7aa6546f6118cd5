/** @file Whether pretrained weights fit a network: Caffe's refusal, before the training. */
import { basename } from "node:path";
import { ModelFileError } from "../../errors.ts";
import type { Blob } from "../../core/blob.ts";
import { checkTrainedLayer, readCaffemodel } from "../../model-file/index.ts";
import type { Net } from "../../net/net.ts";
import { type NetParameter, copyMessage } from "../../schema/index.ts";

export interface Weights {
  readonly file: string;
  readonly param: NetParameter;
}

export function readWeights(files: readonly string[]): Promise<Weights[]> {
  return Promise.all(files.map(async (file) => ({ file, param: await readCaffemodel(file) })));
}

/** All layers of several files as if they stood in one. */
export function mergedWeights(weights: readonly Weights[]): NetParameter {
  const [first, ...others] = weights.map(({ param }) => param);
  return copyMessage(first!, { layer: [first!, ...others].flatMap(({ layer }) => layer) });
}

/** @throws ModelFileError where a layer of the files has other shapes than the net's */
export function checkWeights(net: Net, weights: readonly Weights[]): void {
  const owned = new Set(net.learnableParams.map(({ blob }) => blob));
  const isShared = (blob: Blob) => !owned.has(blob);
  const blobs = new Map(net.layers.map((layer) => [layer.name, layer.blobs]));
  for (const { file, param } of weights) {
    for (const layer of param.layer) {
      const target = blobs.get(layer.name ?? "");
      if (!target) continue;
      try {
        checkTrainedLayer(param, layer, target, isShared);
      } catch (error) {
        if (!(error instanceof ModelFileError)) throw error;
        throw new ModelFileError(
          `${error.message} (${basename(file)})${advice(target, error.message)}`,
        );
      }
    }
  }
}

/** The tutorial's mismatch: colour weights, gray images. */
function advice(target: readonly Blob[], message: string): string {
  const source = /Source param shape is \d+ (\d+) /.exec(message)?.[1];
  const [, channels] = target[0]?.shape ?? [];
  if (source !== "3" || channels !== 1) return "";
  return " These weights want colour images: clone the dataset with the image type RGB, or rename the layer.";
}
