/** @file What the forms of datasets may hold. */
import { id, path } from "./schemas.ts";

const encoding = { enum: ["none", "png"] } as const;

/** What decides which records there will be. */
const sources = {
  kind: { enum: ["phantom", "sunnybrook", "images"] },
  images: path,
  contours: path,
  labels: path,
  valImages: path,
  valLabels: path,
  groupRegex: { type: "string", minLength: 1, maxLength: 200 },
  valPercent: { type: "number", minimum: 0, maximum: 99 },
  split: { enum: ["slice", "patient"] },
  seed: { type: "integer", minimum: 0, maximum: 2 ** 31 - 1 },
} as const;

export const datasetSources = {
  type: "object",
  additionalProperties: false,
  required: ["kind"],
  properties: sources,
} as const;

export const datasetForm = {
  type: "object",
  additionalProperties: false,
  required: ["kind", "name"],
  properties: {
    ...sources,
    name: id,
    channels: { enum: ["none", "L", "RGB"] },
    encoding,
    labelEncoding: encoding,
    classLabels: path,
    colormap: path,
    labelValues: { type: "string", pattern: "^\\d{1,5}( *, *\\d{1,5})*$", maxLength: 1000 },
    resize: { type: "string", pattern: "^[1-9]\\d{0,4}x[1-9]\\d{0,4}$" },
    patients: { type: "integer", minimum: 2, maximum: 200 },
  },
} as const;
