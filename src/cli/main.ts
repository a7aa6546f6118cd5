#!/usr/bin/env node
/** @file The command line: finds the command, parses its flags, and turns errors into one line. */
import { readFileSync, realpathSync } from "node:fs";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { CaffeError, UsageError } from "../errors.ts";
import { nearestName } from "../prototxt/nearest.ts";
import { HELP_FLAG, parseArguments } from "./arguments.ts";
import type { Command, Io } from "./command.ts";
import { type CommandEntry, caffeNames, commands as allCommands } from "./commands.ts";
import { errorLines } from "./error-lines.ts";
import { withFlagFiles } from "./flag-file.ts";
import { commandHelp, overview, usage } from "./help.ts";
import { processIo } from "./process-io.ts";

type Commands = Readonly<Record<string, CommandEntry>>;

/**
 * Runs one command line.
 * @param args without the program's name: `["train", "-solver", "solver.prototxt"]`
 * @returns the exit code: 0, or 1 for an error
 */
export async function main(
  args: readonly string[],
  io: Io,
  commands: Commands = allCommands,
): Promise<number> {
  try {
    return await dispatch(args, io, commands);
  } catch (error) {
    report(error, io);
    return 1;
  }
}

async function dispatch(words: readonly string[], io: Io, commands: Commands): Promise<number> {
  const args = withoutCaffe(commandFirst(withFlagFiles(words), commands));
  const first = args[0];
  if (first === "help" && args.length > 1)
    return dispatch([...args.slice(1), "--help"], io, commands);
  if (first === undefined || first === "help" || HELP_FLAG.test(first)) {
    io.out(overview(commands));
    return 0;
  }
  if (/^--?version$/.test(first)) {
    io.out(versionLine());
    return 0;
  }
  const { name, rest } = findCommand(args, commands);
  const command = await commands[name]!.load();
  const { flags, positionals, help, version } = parseArguments(rest, command.flags);
  if (version) {
    io.out(versionLine());
    return 0;
  }
  if (help) {
    io.out(commandHelp(command));
    return 0;
  }
  checkPositionals(command, positionals);
  return command.run(flags, positionals, io);
}

/** gflags lets flags stand before the command: `-solver x train`. */
function commandFirst(args: readonly string[], commands: Commands): readonly string[] {
  if (!args[0]?.startsWith("-")) return args;
  const at = args.findIndex((word) => Object.hasOwn(commands, word));
  return at < 0 ? args : [args[at]!, ...args.slice(0, at), ...args.slice(at + 1)];
}

/**
 * The words without Caffe's program around them, so that old scripts need only `cortado` in front:
 * `build/tools/caffe train` is `train`, `build/tools/upgrade_net_proto_text.bin` a form of `upgrade-net`.
 */
function withoutCaffe(args: readonly string[]): readonly string[] {
  const [first, ...rest] = args;
  if (first === undefined || first.startsWith("-")) return args;
  const program = basename(first).replace(/\.(bin|exe|py)$/, "");
  if (program === "caffe") return rest;
  return [...(caffeNames[program.replaceAll("-", "_")] ?? [program]), ...rest];
}

/**
 * Too few and too many positional arguments are mistakes; a name in brackets may be left out, one that
 * ends in "..." takes any number.
 */
function checkPositionals(command: Command, given: readonly string[]): void {
  const names = command.positionals ?? [];
  const missing = names.slice(given.length).filter((name) => !/^\[|\.\.\.$/.test(name));
  if (missing.length > 0) throw new UsageError(`missing ${missing.join(" ")}; ${usage(command)}`);
  if (names.at(-1)?.endsWith("...") || given.length <= names.length) return;
  const takes = names.length === 0 ? "takes only flags" : `takes ${names.join(" ")} and flags`;
  throw new UsageError(
    `unexpected argument '${given[names.length]}': cortado ${command.name} ${takes}`,
  );
}

/** The command that the first one or two words name; `_` and `-` are the same. */
function findCommand(
  args: readonly string[],
  commands: Commands,
): { name: string; rest: readonly string[] } {
  const plain = (name: string) => name.replaceAll("_", "-");
  for (const words of [2, 1]) {
    const written = args.slice(0, words).join(" ");
    const name = Object.keys(commands).find((known) => plain(known) === plain(written));
    if (name !== undefined) return { name, rest: args.slice(words) };
  }
  throw unknownCommand(args, Object.keys(commands));
}

function unknownCommand(args: readonly string[], known: readonly string[]): UsageError {
  const first = args[0]!;
  const family = known.filter((name) => name.startsWith(`${first} `));
  if (family.length > 0) {
    const kinds = family.map((name) => name.slice(first.length + 1)).join(", ");
    return new UsageError(`cortado ${first} needs one of: ${kinds}`);
  }
  const words = known.some((name) => name.includes(" ")) ? args.slice(0, 2).join(" ") : first;
  const close = nearestName(first, known) ?? nearestName(words, known);
  const advice = close ? `did you mean ${close}?` : "cortado --help lists the commands";
  return new UsageError(`Unknown action: ${first}; ${advice}`);
}

/** One line; for an error in a file also the line of the file with a caret under the place. */
function report(error: unknown, io: Io): void {
  if (error instanceof CaffeError) {
    for (const line of errorLines(error)) io.err(line);
  } else {
    const message = error instanceof Error ? error.message : String(error);
    io.err(`cortado: internal: ${message.replace(/^internal: /, "").split("\n", 1)[0]}`);
  }
  if (process.env.CORTADO_DEBUG && error instanceof Error) io.err(error.stack ?? "");
}

/** With the version in the package.json nearest above this file. */
function versionLine(): string {
  for (let folder = new URL(".", import.meta.url); ; folder = new URL("..", folder)) {
    try {
      const text = readFileSync(new URL("package.json", folder), "utf8");
      return `cortado version ${(JSON.parse(text) as { version: string }).version}`;
    } catch (error) {
      if (folder.pathname === "/") throw error;
    }
  }
}

function isProgram(): boolean {
  const script = process.argv[1];
  return script !== undefined && realpathSync(script) === fileURLToPath(import.meta.url);
}

if (isProgram()) {
  process.exitCode = await main(process.argv.slice(2), processIo());
}
