/** @file `cortado dataset phantom`: synthetic patients as DICOM series with contours, in the challenge's layout. */
import { resolve } from "node:path";
import { PHANTOM_DEFAULTS, writePhantom } from "../plugins/sunnybrook/phantom/index.ts";
import type { Command } from "./command.ts";
import { progressOf } from "./dataset-flags.ts";

export const datasetPhantomCommand: Command = {
  name: "dataset phantom",
  summary: "draw synthetic patients: DICOM series and contours",
  flags: {
    out: { type: "string", value: "DIR", summary: "the folder to make", required: true },
    patients: { type: "number", summary: "patients", default: PHANTOM_DEFAULTS.patients },
    slices: {
      type: "number",
      summary: "slices of each, from base to apex",
      default: PHANTOM_DEFAULTS.slices,
    },
    phases: {
      type: "number",
      summary: "images of each slice over a beat; end diastole and end systole have contours",
      default: PHANTOM_DEFAULTS.phases,
    },
    size: { type: "number", summary: "width and height in pixels", default: PHANTOM_DEFAULTS.size },
    noise: {
      type: "number",
      summary: "standard deviation of the noise, blood being 1",
      default: PHANTOM_DEFAULTS.noise,
    },
    seed: {
      type: "number",
      summary: "another seed, other patients",
      default: PHANTOM_DEFAULTS.seed,
    },
    force: { type: "boolean", summary: "replace the phantom in --out", default: false },
  },

  async run(flags, _positionals, io) {
    const number = (name: string) => Number(flags[name]);
    const summary = await writePhantom({
      out: resolve(io.cwd, String(flags.out)),
      patients: number("patients"),
      slices: number("slices"),
      phases: number("phases"),
      size: number("size"),
      noise: number("noise"),
      seed: number("seed"),
      force: flags.force === true,
      onProgress: progressOf(io, "images"),
      signal: io.signal,
    });
    const { patients, images, contours, imageFolder, contourFolder } = summary;
    io.out(`${patients} synthetic patients: ${images} DICOM images, ${contours} with a contour`);
    io.out("a dataset of them:");
    io.out(
      `  cortado dataset sunnybrook --images "${imageFolder}" --contours "${contourFolder}" --out DIR`,
    );
    return 0;
  },
};
