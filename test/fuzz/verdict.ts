/** @file What is wrong with how a reader took an input; nothing, if it gave an answer or a CaffeError. */
import { CaffeError } from "../../src/errors.ts";
import type { Format } from "./format.ts";

/** The longest that a reader may take, in seconds of the processor. */
export const MAX_SECONDS = 1;

/** The most memory that a reader may add to the process, in bytes. */
export const MAX_GROWTH = 256 * 2 ** 20;

/** How a reader took an input. */
export interface Verdict {
  /** Whether it gave an answer, and no error. */
  readonly isAccepted: boolean;
  /** What it threw that is no CaffeError, or how a CaffeError breaks the rules of one. */
  readonly failure?: string | undefined;
}

export async function verdictOn(
  format: Format,
  input: Uint8Array,
  folder: string,
): Promise<Verdict> {
  try {
    await format.attempt(input, folder);
    return { isAccepted: true };
  } catch (error) {
    const failure = error instanceof CaffeError ? problemOf(error) : describe(error);
    return { isAccepted: false, failure };
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
