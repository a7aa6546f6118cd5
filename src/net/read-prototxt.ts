/** @file Reads the text of a prototxt, and says what the file is when it is something else. */
import { readFileSync } from "node:fs";
import { NetDefinitionError } from "../errors.ts";
import { systemCode, systemReason } from "../model-file/index.ts";

/**
 * @param what the role of the file, for an error: "the net's prototxt"
 * @throws NetDefinitionError when the file is missing, unreadable or binary
 */
export function readPrototxtText(path: string, what: string): string {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (cause) {
    if (/[{\n]/.test(path)) {
      throw new NetDefinitionError(
        `the text of a prototxt was given where ${what} is named by its path; parsePrototxt makes a message of it`,
        { cause },
      );
    }
    const isMissing = systemCode(cause) === "ENOENT";
    const problem = isMissing
      ? `File not found: ${path} (${what})`
      : `Cannot read ${path} (${what}): ${systemReason(cause)}`;
    throw new NetDefinitionError(problem, { cause });
  }
  if (!text.includes("\0")) return text;
  throw new NetDefinitionError(
    `${path}: a binary file, such as a .caffemodel, where ${what} is expected`,
  );
}
