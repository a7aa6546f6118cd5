/** @file A dataset that is learned in a second: bright pixels are class 1. */
import { createRandom } from "../../src/core/random.ts";
import { buildDataset } from "../../src/plugins/dataset/build.ts";
import type { Entry } from "../../src/plugins/dataset/stage.ts";

export const TINY_SIZE = 8;

/** Writes `train` and `val` images of 8 x 8; the brighter ones of the pixels 20 and 200 are labelled. */
export async function writeTinyDataset(
  out: string,
  { train = 6, val = 3, channels = 1 } = {},
): Promise<string> {
  const random = createRandom(5);
  const entries = Array.from({ length: train + val }, (_, index): Entry => {
    const labels = Uint8Array.from({ length: TINY_SIZE ** 2 }, (__, i) =>
      Number(i === index || random.bernoulli(0.3)),
    );
    const plane = Uint8Array.from(labels, (label) => (label ? 200 : 20));
    const data = new Uint8Array(channels * plane.length);
    for (let c = 0; c < channels; c++) data.set(plane, c * plane.length);
    const size = { height: TINY_SIZE, width: TINY_SIZE };
    const id = `image-${String(index).padStart(2, "0")}`;
    return {
      ...{ id, group: id, about: { id } },
      load: async () => ({
        feature: { ...size, channels, data },
        label: { ...size, channels: 1, data: labels },
      }),
    };
  });
  const palette = [[0, 0, 0] as const, [255, 255, 255] as const];
  const description = { kind: "tiny", classNames: ["dark", "bright"], palette, settings: {} };
  const stages = { train: entries.slice(0, train), val: entries.slice(train) };
  await buildDataset({ ...stages, leftOut: [], description }, { out });
  return out;
}

/** A net for it, one convolution of 1 x 1, with the metrics of the tutorial. */
export const tinyNetwork = (filler = 'weight_filler { type: "xavier" }') => `
# a comment that stays
layer { name: "data" type: "Data" top: "data" include { phase: TRAIN } data_param { batch_size: 2 } }
layer { name: "label" type: "Data" top: "label" include { phase: TRAIN } data_param { batch_size: 2 } }
layer { name: "data" type: "Data" top: "data" include { phase: TEST } data_param { batch_size: 1 } }
layer { name: "label" type: "Data" top: "label" include { phase: TEST } data_param { batch_size: 1 } }
layer { name: "scale" type: "Power" bottom: "data" top: "scaled" power_param { scale: 0.01 } }
layer { name: "score" type: "Convolution" bottom: "scaled" top: "score"
  convolution_param { num_output: 2 kernel_size: 1 ${filler} } }
layer { name: "loss" type: "SoftmaxWithLoss" bottom: "score" bottom: "label" top: "loss" exclude { stage: "deploy" } }
layer { name: "accuracy" type: "Accuracy" bottom: "score" bottom: "label" top: "accuracy" include { stage: "val" } }
layer { name: "dice" type: "Python" bottom: "score" bottom: "label" top: "dice" exclude { stage: "deploy" }
  python_param { module: "digits_python_layers" layer: "Dice" } }
`;
