/** @file `cortado dataset sunnybrook`: DICOM slices and expert contours become a segmentation dataset. */
import { resolve } from "node:path";
import { buildSunnybrookDataset } from "../plugins/sunnybrook/index.ts";
import type { Command } from "./command.ts";
import { choice, datasetFlags, datasetOptions, reportDataset } from "./dataset-flags.ts";

export const datasetSunnybrookCommand: Command = {
  name: "dataset sunnybrook",
  summary: "make LMDB datasets of DICOM slices and contour files",
  flags: {
    images: {
      type: "string",
      value: "DIR",
      summary: "the folder challenge_training, with a folder of DICOM files a case",
      required: true,
    },
    contours: {
      type: "string",
      value: "DIR",
      summary: "the folder of the contours, Sunnybrook Cardiac MR Database ContoursPart3",
      required: true,
    },
    channels: {
      type: "string",
      value: "L|RGB",
      summary: "one channel, or the same three times for nets trained on colour images",
      default: "L",
    },
    ...datasetFlags,
  },

  async run(flags, _positionals, io) {
    const summary = await buildSunnybrookDataset({
      ...datasetOptions(flags, io),
      images: resolve(io.cwd, String(flags.images)),
      contours: resolve(io.cwd, String(flags.contours)),
      channels: choice(flags, "channels", ["L", "RGB"]),
    });
    reportDataset(summary, io);
    return 0;
  },
};
