/** @file The shape of an image, for commands that look at a net without its dataset. */
import { UsageError } from "../errors.ts";
import type { Flag } from "./command.ts";

export const imageFlag: Flag = {
  type: "string",
  value: "C,H,W",
  summary: "shape of an image where only a dataset would tell; 3,256,256 if absent",
};

/** @throws UsageError for anything but three sizes */
export function imageShape(given: string): number[] {
  const sizes = given.split(/[,x]/).map(Number);
  if (sizes.length === 3 && sizes.every((size) => Number.isInteger(size) && size > 0)) return sizes;
  throw new UsageError(`--image is "${given}"; give channels, height and width, such as 1,256,256`);
}
