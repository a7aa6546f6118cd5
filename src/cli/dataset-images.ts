/** @file `cortado dataset images`: a folder of images and one of label images become a segmentation dataset. */
import { resolve } from "node:path";
import { UsageError } from "../errors.ts";
import { buildImagesDataset } from "../plugins/images/index.ts";
import type { Command, FlagValues } from "./command.ts";
import { choice, datasetFlags, datasetOptions, reportDataset } from "./dataset-flags.ts";

export const datasetImagesCommand: Command = {
  name: "dataset images",
  summary: "make LMDB datasets of a folder of images and one of labels",
  flags: {
    images: { type: "string", value: "DIR", summary: "the folder of the images", required: true },
    labels: {
      type: "string",
      value: "DIR",
      summary: "the folder of the label images, of the same names",
      required: true,
    },
    "val-images": {
      type: "string",
      value: "DIR",
      summary: "images that validate, in place of --val-percent",
    },
    "val-labels": { type: "string", value: "DIR", summary: "their labels" },
    channels: {
      type: "string",
      value: "none|L|RGB",
      summary: "channels of the features; none: as the files have them",
      default: "none",
    },
    "label-values": {
      type: "string",
      value: "LIST",
      summary:
        "gray values of the classes, such as 0,255; without it 0 and one other are classes 0 and 1",
    },
    colormap: {
      type: "string",
      value: "FILE",
      summary: 'colours of the classes, "red green blue" a line, for labels in colour',
    },
    "class-labels": { type: "string", value: "FILE", summary: "names of the classes, one a line" },
    resize: { type: "string", value: "WxH", summary: "bring images and labels to this size" },
    "group-regex": {
      type: "string",
      value: "REGEX",
      summary: "its first group, in a name without extension, is the patient (default: up to -IM-)",
    },
    ...datasetFlags,
  },

  async run(flags, _positionals, io) {
    const optional = (name: string) =>
      flags[name] === undefined ? undefined : String(flags[name]);
    const path = (name: string) => {
      const value = optional(name);
      return value === undefined ? undefined : resolve(io.cwd, value);
    };
    const summary = await buildImagesDataset({
      ...datasetOptions(flags, io),
      images: resolve(io.cwd, String(flags.images)),
      labels: resolve(io.cwd, String(flags.labels)),
      valImages: path("val-images"),
      valLabels: path("val-labels"),
      channels: choice(flags, "channels", ["none", "L", "RGB"]),
      labelValues: optional("label-values"),
      colormap: path("colormap"),
      classLabels: path("class-labels"),
      groupRegex: optional("group-regex"),
      resize: sizeOf(flags),
    });
    reportDataset(summary, io);
    return 0;
  },
};

function sizeOf({ resize }: FlagValues): { width: number; height: number } | undefined {
  if (resize === undefined) return undefined;
  const match = /^(\d{1,5})x(\d{1,5})$/.exec(String(resize));
  const [width, height] = [Number(match?.[1]), Number(match?.[2])];
  if (!(width > 0 && height > 0)) {
    throw new UsageError(`--resize is ${resize}; expected a width and a height, such as 256x256`);
  }
  return { width, height };
}
