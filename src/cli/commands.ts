/** @file The commands: names and one line each for the help, their code loaded when one is run. */
import type { Command } from "./command.ts";

/** A command as the help lists it. */
export interface CommandEntry {
  readonly summary: string;
  /** Loads the command; only the one that runs is loaded. */
  load(): Promise<Command>;
}

/** Every command, in the order of the help; Caffe's own first. */
export const commands: Readonly<Record<string, CommandEntry>> = {
  train: {
    summary: "train or finetune a model",
    load: async () => (await import("./train.ts")).trainCommand,
  },
  test: {
    summary: "score a model",
    load: async () => (await import("./test.ts")).testCommand,
  },
  time: {
    summary: "benchmark model execution time",
    load: async () => (await import("./time.ts")).timeCommand,
  },
  device_query: {
    summary: "show the devices that nets can run on",
    load: async () => (await import("./device-query.ts")).deviceQueryCommand,
  },
  "upgrade-net": {
    summary: "bring a prototxt or caffemodel of 2013 or 2014 to the current format",
    load: async () => (await import("./upgrade-net.ts")).upgradeNetCommand,
  },
  "upgrade-solver": {
    summary: "bring a solver prototxt of before 2015 to the current format",
    load: async () => (await import("./upgrade-solver.ts")).upgradeSolverCommand,
  },
  "convert-imageset": {
    summary: "make a database of image files and their labels",
    load: async () => (await import("./convert-imageset.ts")).convertImagesetCommand,
  },
  "compute-image-mean": {
    summary: "compute the mean image of a database",
    load: async () => (await import("./compute-image-mean.ts")).computeImageMeanCommand,
  },
  "extract-features": {
    summary: "write what blobs of a trained net hold for each image into databases",
    load: async () => (await import("./extract-features.ts")).extractFeaturesCommand,
  },
  "draw-net": {
    summary: "draw a net's layers and blobs as SVG",
    load: async () => (await import("./draw-net.ts")).drawNetCommand,
  },
  "convert-mnist-data": {
    summary: "make a database of MNIST's image and label files",
    load: async () => (await import("./convert-mnist-data.ts")).convertMnistDataCommand,
  },
  "convert-cifar-data": {
    summary: "make databases of CIFAR-10's binary batches",
    load: async () => (await import("./convert-cifar-data.ts")).convertCifarDataCommand,
  },
  "dataset sunnybrook": {
    summary: "make LMDB datasets of DICOM slices and contour files",
    load: async () => (await import("./dataset-sunnybrook.ts")).datasetSunnybrookCommand,
  },
  "dataset images": {
    summary: "make LMDB datasets of a folder of images and one of labels",
    load: async () => (await import("./dataset-images.ts")).datasetImagesCommand,
  },
  "dataset phantom": {
    summary: "draw synthetic patients: DICOM series and contours",
    load: async () => (await import("./dataset-phantom.ts")).datasetPhantomCommand,
  },
  "dataset info": {
    summary: "describe a dataset: records, shapes, class balance",
    load: async () => (await import("./dataset-info.ts")).datasetInfoCommand,
  },
  fit: {
    summary: "train a network on a dataset, in a job folder, as DIGITS does",
    load: async () => (await import("./fit.ts")).fitCommand,
  },
  infer: {
    summary: "run a trained model on an image or DICOM slice",
    load: async () => (await import("./infer.ts")).inferCommand,
  },
  evaluate: {
    summary: "score a trained job on its validation set, worst records first",
    load: async () => (await import("./evaluate.ts")).evaluateCommand,
  },
  surgery: {
    summary: "copy weights into another net, by layer name",
    load: async () => (await import("./surgery.ts")).surgeryCommand,
  },
  summary: {
    summary: "list a net's layers, shapes, parameters and memory",
    load: async () => (await import("./summary.ts")).summaryCommand,
  },
  studio: {
    summary: "datasets, models, curves and tests in a browser",
    load: async () => (await import("./studio.ts")).studioCommand,
  },
  demo: {
    summary: "the whole workflow in small: data, training, overlays",
    load: async () => (await import("./demo.ts")).demoCommand,
  },
};

/**
 * Caffe's names of its tools, and what stands for each here. Names that differ only in `_` and `-` are
 * the same to the command line anyway.
 */
export const caffeNames: Readonly<Record<string, readonly string[]>> = {
  upgrade_net_proto_text: ["upgrade-net", "--format=text"],
  upgrade_net_proto_binary: ["upgrade-net", "--format=binary"],
  upgrade_solver_proto_text: ["upgrade-solver"],
};
