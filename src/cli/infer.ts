/** @file `cortado infer`: runs a trained model on images or DICOM slices and draws what it finds. */
import { mkdir } from "node:fs/promises";
import { basename, extname, join, resolve } from "node:path";
import { glogLogger } from "../core/glog.ts";
import { UsageError } from "../errors.ts";
import { type ClassScore, scoreClasses } from "../job/class-map.ts";
import { shownImage } from "../job/float-image.ts";
import { maskPng } from "../job/mask.ts";
import { overlay } from "../job/overlay.ts";
import { pngOf, writePicture } from "../job/picture.ts";
import { Segmenter, type Segmentation } from "../job/segmenter.ts";
import { netFlags, netOptions, list, text } from "./caffe-flags.ts";
import type { Command, FlagValues, Io } from "./command.ts";
import { bestDeviceFor } from "./device-flags.ts";
import { modelOf } from "./infer-model.ts";
import { readImage, readLabel } from "../job/read-image.ts";
import { tableLines } from "./table.ts";

export const inferCommand: Command = {
  name: "infer",
  summary: "run a trained model on an image or DICOM slice",
  flags: {
    model: { type: "string", value: "FILE", summary: "a deploy prototxt, or a network text" },
    weights: { type: "string", value: "FILE", summary: "the .caffemodel" },
    job: {
      type: "string",
      value: "JOB",
      summary: "a job folder: model, weights and mean from there",
    },
    snapshot: {
      type: "number",
      value: "ITER",
      summary: "with --job: the iteration; the newest if absent",
    },
    input: {
      type: "string",
      value: "FILES",
      summary: "images or DICOM slices, separated by ','",
      required: true,
    },
    frame: { type: "number", value: "N", summary: "the frame of a DICOM file with several" },
    out: {
      type: "string",
      value: "DIR",
      summary: "write <name>-mask.png and <name>-overlay.png there",
    },
    mask: { type: "string", value: "FILE", summary: "write the class map of one input" },
    overlay: { type: "string", value: "FILE", summary: "write the overlay of one input" },
    label: {
      type: "string",
      value: "FILES",
      summary: "what it should be: contour .txt or label .png, one an input",
    },
    opacity: { type: "number", summary: "overlay: colour inside, 0 to 1", default: 0.3 },
    "mask-opacity": { type: "number", summary: "overlay: black veil outside, 0 to 1", default: 0 },
    "line-width": { type: "number", summary: "overlay: outline in pixels", default: 3 },
    scale: { type: "number", summary: "overlay: enlargement, a whole number", default: 1 },
    mean: { type: "string", value: "FILE|LIST", summary: "a .binaryproto, or one value a channel" },
    json: { type: "boolean", summary: "print JSON", default: false },
    ...netFlags,
  },

  async run(flags, _positionals, io) {
    const inputs = list(flags, "input");
    const labels = list(flags, "label");
    checkFlags(flags, inputs, labels);
    const model = await modelOf(flags, io.cwd);
    const device = await bestDeviceFor(flags, glogLogger(io.err));
    const segmenter = await Segmenter.open({ ...netOptions(flags), device, ...model });
    try {
      const results: InferResult[] = [];
      for (const [index, input] of inputs.entries()) {
        results.push(await inferOne(segmenter, input, labels[index], flags, io));
      }
      if (flags.json === true) io.out(JSON.stringify(results, undefined, 2));
      else for (const result of results) for (const line of resultLines(result)) io.out(line);
    } finally {
      segmenter.dispose();
    }
    return 0;
  },
};

interface InferResult {
  readonly input: string;
  readonly classes: readonly ClassScore[];
  readonly written: readonly string[];
}

function checkFlags(flags: FlagValues, inputs: readonly string[], labels: readonly string[]): void {
  if (inputs.length === 0) throw new UsageError("--input names no file");
  if (labels.length > 0 && labels.length !== inputs.length) {
    throw new UsageError(
      `there are ${inputs.length} inputs and ${labels.length} labels; give one label an input`,
    );
  }
  const single = flags.mask !== undefined || flags.overlay !== undefined;
  if (single && inputs.length > 1) {
    throw new UsageError("--mask and --overlay are for one input; give --out DIR for several");
  }
  const scale = Number(flags.scale);
  if (!Number.isInteger(scale) || scale < 1 || scale > 16) {
    throw new UsageError(`--scale is ${scale}; give a whole number from 1 to 16`);
  }
  for (const name of ["opacity", "mask-opacity"]) {
    const value = Number(flags[name]);
    if (!(value >= 0 && value <= 1)) throw new UsageError(`--${name} is ${value}; give 0 to 1`);
  }
}

async function inferOne(
  segmenter: Segmenter,
  input: string,
  label: string | undefined,
  flags: FlagValues,
  io: Io,
): Promise<InferResult> {
  const frame = flags.frame;
  const image = await readImage(
    resolve(io.cwd, input),
    frame === undefined ? undefined : Number(frame),
  );
  const truth =
    label === undefined
      ? undefined
      : await readLabel(resolve(io.cwd, label), image.width, image.height);
  const segmentation = await segmenter.segment(image);
  const drawn = overlay(shownImage(image), segmentation.map, {
    classCount: segmentation.classCount,
    opacity: Number(flags.opacity),
    maskOpacity: Number(flags["mask-opacity"]),
    lineWidth: Number(flags["line-width"]),
    scale: Number(flags.scale),
    ...(truth ? { label: truth } : {}),
  });
  const written = await write(input, segmentation, await pngOf(drawn), flags, io.cwd);
  return { input, classes: scoreClasses(segmentation.map, truth), written };
}

/** Writes the pictures that were asked for. @returns their names as the user gave them */
async function write(
  input: string,
  { map, classCount }: Segmentation,
  overlayPng: Uint8Array,
  flags: FlagValues,
  cwd: string,
): Promise<string[]> {
  const files: [string, Uint8Array][] = [];
  const mask = () => maskPng(map, classCount);
  if (flags.mask !== undefined) files.push([text(flags, "mask"), mask()]);
  if (flags.overlay !== undefined) files.push([text(flags, "overlay"), overlayPng]);
  const out = text(flags, "out");
  if (out !== "") {
    await mkdir(resolve(cwd, out), { recursive: true });
    const stem = join(out, basename(input, extname(input)));
    files.push([`${stem}-mask.png`, mask()], [`${stem}-overlay.png`, overlayPng]);
  }
  for (const [file, png] of files) await writePicture(resolve(cwd, file), png);
  return files.map(([file]) => file);
}

function resultLines({ input, classes, written }: InferResult): string[] {
  const labelled = classes.some(({ dice }) => dice !== undefined);
  const columns = [{ head: "class" }, { head: "pixels", align: "right" }] as const;
  const scored = [
    { head: "labelled", align: "right" },
    { head: "Dice", align: "right" },
    { head: "IoU", align: "right" },
  ] as const;
  const rows = classes.map((score) => [
    String(score.class),
    String(score.predicted),
    ...(labelled ? [String(score.labelled), fixed(score.dice), fixed(score.iou)] : []),
  ]);
  const nothing = classes.every((score) => score.class === 0 || score.predicted === 0);
  return [
    input,
    ...tableLines([...columns, ...(labelled ? scored : [])], rows),
    ...(nothing ? ["the net finds nothing but background in this image"] : []),
    ...written.map((file) => `wrote ${file}`),
    "",
  ];
}

function fixed(value: number | undefined): string {
  return value === undefined ? "-" : value.toFixed(4);
}
