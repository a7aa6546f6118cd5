/** @file What comes out of a fenced layer's process, checked: a stranger may have written it. */
import type { FillerParameter } from "../../schema/index.ts";
import { RANDOM_BYTES } from "./random-bytes.ts";
import type { Frame } from "./frame.ts";
import type { Ask, FileWish, Reply, Shapes } from "./messages.ts";

/** A reply or a question that no layer's process sends. */
export class FenceProtocolError extends Error {}

type Fields = Readonly<Record<string, unknown>>;

/** @param blobs how many blobs the layer has */
export function readReply({ json }: Frame, blobs: number): Reply {
  const fields = fieldsOf(json);
  const place = fields.place === undefined ? undefined : placeOf(fields.place);
  if (fields.done === false) {
    return {
      done: false,
      text: textOf(fields.text),
      place,
      isParamStr: fields.isParamStr === true,
      found: fields.found === undefined ? undefined : foundOf(fields.found),
    };
  }
  check(fields.done === true);
  const hooks = fields.hooks === undefined ? undefined : hooksOf(fields.hooks);
  return {
    done: true,
    shapes: shapesOf(fields.shapes, blobs),
    written: refsOf(fields.written, blobs),
    read: refsOf(fields.read, blobs),
    hasRandom: fields.hasRandom === true,
    state: fields.state,
    ...(hooks ? { hooks } : {}),
  };
}

export function readAsk({ json, numbers }: Frame, blobs: number): Ask {
  const fields = fieldsOf(json);
  switch (fields.ask) {
    case "array": {
      const [ref] = refsOf([fields.ref], blobs);
      return { ask: "array", ref: ref!, shape: shapeOf(fields.shape) };
    }
    case "random":
      return { ask: "random" };
    case "path":
      return { ask: "path", path: textOf(fields.path) };
    case "begin":
      return { ask: "begin", file: wishOf(objectOf(fields.file)) };
    case "take":
      return { ask: "take", ticket: numberOf(fields.ticket) };
    default: {
      check(fields.ask === "blob");
      const hasRandom = fields.hasRandom === true;
      check(numbers.length === (hasRandom ? RANDOM_BYTES : 0));
      const filler = fillerOf(fields.filler);
      return { ask: "blob", shape: shapeOf(fields.shape), filler, hasRandom };
    }
  }
}

export function check(isRight: boolean): asserts isRight {
  if (!isRight) throw new FenceProtocolError("a fenced layer's process breaks the protocol");
}

function fieldsOf(json: string): Fields {
  try {
    return objectOf(JSON.parse(json));
  } catch {
    throw new FenceProtocolError("a fenced layer's process sends no JSON");
  }
}

function objectOf(value: unknown): Fields {
  check(typeof value === "object" && value !== null && !Array.isArray(value));
  return value as Fields;
}

function wishOf({ kind, path, form }: Fields): FileWish {
  if (kind === "npy") return { kind, path: textOf(path) };
  check(kind === "image");
  const known = (["bgr", "rgb", "gray", "index"] as const).find((name) => name === form);
  check(known !== undefined);
  return { kind, path: textOf(path), form: known };
}

function fillerOf(value: unknown): FillerParameter {
  const fields = Object.entries(objectOf(value));
  check(fields.every(([, field]) => typeof field === "number" || typeof field === "string"));
  return Object.fromEntries(fields);
}

function textOf(value: unknown): string {
  check(typeof value === "string");
  return value;
}

function listOf<T>(value: unknown, item: (value: unknown) => T): T[] {
  check(Array.isArray(value));
  return value.map(item);
}

function numberOf(value: unknown): number {
  check(typeof value === "number");
  return value;
}

/** What a shape may be, the blob itself checks. */
function shapeOf(value: unknown): number[] {
  return listOf(value, numberOf);
}

function shapesOf(value: unknown, blobs: number): Shapes {
  const shapes = listOf(value, shapeOf);
  check(shapes.length === blobs);
  return shapes;
}

function refsOf(value: unknown, blobs: number): number[] {
  const refs = listOf(value, numberOf);
  check(new Set(refs).size === refs.length);
  check(refs.every((ref) => Number.isInteger(ref) && ref >= 0 && ref < 2 * blobs));
  return refs;
}

function placeOf(value: unknown) {
  const { line, column } = objectOf(value);
  return { line: numberOf(line), column: numberOf(column) };
}

function foundOf(value: unknown) {
  const { classes, otherExports, lacks } = objectOf(value);
  return {
    classes: listOf(classes, textOf),
    otherExports: listOf(otherExports, textOf),
    ...(lacks === undefined ? {} : { lacks: textOf(lacks) }),
  };
}

function hooksOf(value: unknown) {
  const hooks = objectOf(value);
  return {
    prepare: hooks.prepare === true,
    saveState: hooks.saveState === true,
    restoreState: hooks.restoreState === true,
    dispose: hooks.dispose === true,
  };
}
