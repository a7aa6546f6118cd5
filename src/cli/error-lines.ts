/** @file A user's mistake as the command line shows it. */
import type { CaffeError } from "../errors.ts";

/** One line; for an error in a file also the line of the file with a caret under the place. */
export function errorLines({ message, excerpt }: CaffeError): string[] {
  return [`cortado: ${message}`, ...(excerpt ? [excerpt] : [])];
}
