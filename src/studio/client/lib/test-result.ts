/** @file A test's result as the page shows it: where the pointer is, names of downloads, Dice. */
import { recordDice } from "../../../job/evaluation-summary.ts";
import type { TestResult } from "../../test-types.ts";

export function bytesOf(base64: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
}

export interface Spot {
  readonly x: number;
  readonly y: number;
}

/** The pixel of the image below a pointer; undefined beside it. */
export function spotAt(
  pointer: { readonly x: number; readonly y: number },
  box: {
    readonly left: number;
    readonly top: number;
    readonly width: number;
    readonly height: number;
  },
  { width, height }: Pick<TestResult, "width" | "height">,
): Spot | undefined {
  const x = Math.floor(((pointer.x - box.left) / box.width) * width);
  const y = Math.floor(((pointer.y - box.top) / box.height) * height);
  return x >= 0 && y >= 0 && x < width && y < height ? { x, y } : undefined;
}

const STEPS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** Where an arrow key moves the spot, ten pixels with shift; from the middle when there is none yet. */
export function spotAfter(
  key: string,
  isFast: boolean,
  spot: Spot | undefined,
  { width, height }: Pick<TestResult, "width" | "height">,
): Spot | undefined {
  const step = STEPS[key];
  if (!step) return undefined;
  const from = spot ?? { x: width >> 1, y: height >> 1 };
  const clamp = (value: number, size: number) => Math.min(size - 1, Math.max(0, value));
  const pace = isFast ? 10 : 1;
  return {
    x: clamp(from.x + pace * step[0], width),
    y: clamp(from.y + pace * step[1], height),
  };
}

/** Class and coordinates, and the label's class where it is another. */
export function spotText(
  { x, y }: Spot,
  { width }: Pick<TestResult, "width">,
  maps: { readonly classes: Uint8Array; readonly label: Uint8Array | undefined },
  nameOf: (index: number) => string,
): string {
  const at = y * width + x;
  const [found, truth] = [maps.classes[at] ?? 0, maps.label?.[at]];
  const other = truth === undefined || truth === found ? "" : `, ground truth ${nameOf(truth)}`;
  return `${nameOf(found)} at ${x}, ${y}${other}`;
}

/** Mean Dice of the classes but background; undefined without a label, or where neither has an object. */
export function diceOf({ label, scores }: Pick<TestResult, "label" | "scores">) {
  return label === undefined ? undefined : recordDice({ classes: scores });
}

/** A plain file name: model, record, what it is. */
export function downloadName(model: string, title: string, what: string): string {
  const plain = title
    .replace(/\.[A-Za-z0-9]{1,5}$/, "")
    .replace(/[^A-Za-z0-9.]+/g, "-")
    .replace(/^-+|-+$/g, "");
  return `${model}-${plain || "image"}-${what}`;
}
