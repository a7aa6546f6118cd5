/** @file What the upgrade tools share: read, upgrade, write, and the log lines between. */
import { readFile, stat } from "node:fs/promises";
import { resolve } from "node:path";
import type { Logger } from "../core/logger.ts";
import { CaffeError, ModelFileError } from "../errors.ts";
import { systemCode, systemReason, writeFileAtomically } from "../model-file/index.ts";
import type { FlagValues, Io } from "./command.ts";
import { commandLogger } from "./command-logger.ts";
import { errorLines } from "./error-lines.ts";

/** One of Caffe's upgrade tools, in its words and with its lines. */
export interface UpgradeTool<T> {
  /** The source file of the tool, as the log names it. */
  readonly source: string;
  readonly lines: { failed: number; incomplete: number; latest: number; wrote: number };
  readonly form: "text" | "binary";
  readonly message: "NetParameter" | "SolverParameter";
  /** @throws CaffeError for what is no such message */
  parse(bytes: Uint8Array, fileName: string): T;
  needsUpgrade(message: T): boolean;
  upgrade(message: T, logger: Logger, fileName: string): { message: T; isComplete: boolean };
  print(message: T): Iterable<Uint8Array>;
}

/** Protobuf's own limit on a message. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * Runs a tool as Caffe does: what is of today already is written, too, and so is what could not be
 * upgraded completely.
 * @returns 0; 1 where something had no place in the new format; 2 where `input` does not parse
 * @throws CaffeError for what Caffe ends at: no such file, or a net that cannot be upgraded at all
 */
export async function runUpgrade<T>(
  tool: UpgradeTool<T>,
  bytes: Uint8Array,
  [input, output]: readonly [string, string],
  flags: FlagValues,
  io: Io,
): Promise<number> {
  const logger = commandLogger(flags, io);
  const { failed, incomplete, latest, wrote } = tool.lines;
  const say = (level: "info" | "error", line: number, message: string) =>
    logger.log(level, `${tool.source}:${line}`, message);
  let message: T;
  try {
    message = tool.parse(bytes, input);
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    say("error", failed, `Failed to parse input ${tool.form} file as ${tool.message}: ${input}`);
    for (const line of errorLines(error)) io.err(line);
    return 2;
  }
  let result = { message, isComplete: true };
  if (tool.needsUpgrade(message)) {
    result = tool.upgrade(message, logger, input);
    if (!result.isComplete) {
      const problem = "Encountered error(s) while upgrading prototxt; see details above.";
      say("error", incomplete, problem);
    }
  } else {
    say("error", latest, `File already in latest proto format: ${input}`);
  }
  await writeFileAtomically(resolve(io.cwd, output), tool.print(result.message));
  say("info", wrote, `Wrote upgraded ${tool.message} ${tool.form} proto to ${output}`);
  return result.isComplete ? 0 : 1;
}

/** @throws ModelFileError where there is no such file, or one that no message fits in */
export async function readInput(name: string, io: Io): Promise<Uint8Array> {
  const path = resolve(io.cwd, name);
  try {
    const { size } = await stat(path);
    if (size <= MAX_BYTES) return await readFile(path);
  } catch (cause) {
    throw unreadable(name, cause);
  }
  throw new ModelFileError(`${name}: a protobuf message has at most 2 GiB`);
}

function unreadable(name: string, cause: unknown): ModelFileError {
  const isMissing = systemCode(cause) === "ENOENT";
  const problem = isMissing ? `File not found: ${name}` : `Cannot read ${name}`;
  return new ModelFileError(`${problem}: ${systemReason(cause)}`, { cause });
}
