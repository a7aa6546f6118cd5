/** @file What is wrong with how a reader took an input; nothing, if it gave an answer or a CaffeError. */
import { CaffeError } from "../../src/errors.ts";
import type { Format } from "./format.ts";

/** The longest that a reader may take, in seconds of the processor. */
export const MAX_SECONDS = 1;

/** The most memory that a reader may add to the process, in bytes. */
export const MAX_GROWTH = 256 * 2 ** 20;

/** @returns what the reader threw that is no CaffeError, or a CaffeError that breaks the rules of one */
export async function verdictOn(
  format: Format,
  input: Uint8Array,
  folder: string,
): Promise<string | undefined> {
  try {
    await format.attempt(input, folder);
    return undefined;
  } catch (error) {
    if (!(error instanceof CaffeError)) return describe(error);
    return problemOf(error);
  }
}

/** An error of cortado is one line, and has something to say. */
function problemOf({ message, stack }: CaffeError): string | undefined {
  if (/internal:/.test(message)) return stack;
  if (message.includes("\n")) return `a message of several lines: ${JSON.stringify(message)}`;
  if (message.length > 2100) return `a message of ${message.length} characters`;
  return message.trim() === "" ? "an empty message" : undefined;
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return `thrown: ${String(error)}`;
  const cause = error.cause === undefined ? "" : `\ncaused by ${describe(error.cause)}`;
  return `${error.stack ?? error.message}${cause}`;
}
