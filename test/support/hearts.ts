/** @file The tutorial in small: synthetic hearts, and the curve of a net with Dice that learns to find them. */
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { DeviceChoice } from "../../src/device/index.ts";
import { buildSunnybrookDataset } from "../../src/plugins/sunnybrook/index.ts";
import { writePhantom } from "../../src/plugins/sunnybrook/phantom/index.ts";
import { Solver } from "../../src/solver/index.ts";
import { netParam, solverParam } from "./solver.ts";

const layers = fileURLToPath(new URL("../../layers", import.meta.url));

/** Makes a dataset of a few small slices in `folder`. */
export async function writeHearts(folder: string): Promise<void> {
  const { imageFolder, contourFolder } = await writePhantom({
    ...{ out: join(folder, "patients"), patients: 2, slices: 3, size: 64, seed: 3 },
  });
  await buildSunnybrookDataset({
    ...{ images: imageFolder, contours: contourFolder, out: join(folder, "dataset") },
    ...{ split: "patient", valPercent: 50, seed: 1 },
  });
}

/** @returns loss and Dice of each of five iterations, one after the other */
export async function heartCurve(device: DeviceChoice, folder: string): Promise<number[]> {
  const settings = "base_lr: 0.005 lr_policy: 'fixed' momentum: 0.9 random_seed: 2 max_iter: 5";
  const param = solverParam(`type: "Adam" ${settings}`);
  const net = netParam(heartNet(join(folder, "dataset", "train_db")));
  const solver = await Solver.load({ ...param, netParam: net }, { device, layers });
  const points: number[] = [];
  for (let i = 0; i < 5; i++) {
    await solver.step(1);
    await solver.net.sync();
    points.push(solver.net.loss, solver.net.blobs.get("dice")!.data[0]!);
  }
  solver.dispose();
  return points;
}

/** Convolutions, pooling that rounds up, a skip, deconvolution and crop, as the tutorial's net has them. */
function heartNet(database: string): string {
  const data = (name: string, folder: string) =>
    `layer { name: "${name}" type: "Data" top: "${name}" data_param { source: "${join(database, folder)}" batch_size: 2 backend: LMDB } }`;
  const conv = (name: string, bottom: string, outputs: number, kernel: string) =>
    `layer { name: "${name}" type: "Convolution" bottom: "${bottom}" top: "${name}"
      convolution_param { num_output: ${outputs} ${kernel} weight_filler { type: "msra" } } }
     layer { name: "relu_${name}" type: "ReLU" bottom: "${name}" top: "${name}" }`;
  const pool = (bottom: string, top: string) =>
    `layer { name: "${top}" type: "Pooling" bottom: "${bottom}" top: "${top}" pooling_param { kernel_size: 3 stride: 2 } }`;
  return `${data("data", "features")} ${data("label", "labels")}
    layer { name: "normalize" type: "MVN" bottom: "data" top: "normalized" mvn_param { across_channels: true } }
    ${conv("conv1", "normalized", 8, "kernel_size: 5 stride: 2 pad: 10")} ${pool("conv1", "pool1")}
    ${conv("conv2", "pool1", 12, "kernel_size: 3 pad: 1 group: 2")} ${pool("conv2", "pool2")}
    ${conv("conv3", "pool2", 12, "kernel_size: 3 pad: 1")}
    layer { name: "drop" type: "Dropout" bottom: "conv3" top: "conv3" dropout_param { dropout_ratio: 0.2 } }
    layer { name: "score" type: "Convolution" bottom: "conv3" top: "score"
      convolution_param { num_output: 2 kernel_size: 1 weight_filler { type: "xavier" } } }
    layer { name: "up" type: "Deconvolution" bottom: "score" top: "up" param { lr_mult: 0 }
      convolution_param { num_output: 2 group: 2 bias_term: false kernel_size: 16 stride: 8 weight_filler { type: "bilinear" } } }
    layer { name: "crop" type: "Crop" bottom: "up" bottom: "data" top: "scores" crop_param { axis: 2 offset: 7 } }
    layer { name: "loss" type: "SoftmaxWithLoss" bottom: "scores" bottom: "label" top: "loss" }
    layer { name: "dice" type: "Python" bottom: "scores" bottom: "label" top: "dice" python_param { module: "dice" layer: "Dice" } }`;
}
