/** @file The texts of `--help`. */
import type { Command, Flag } from "./command.ts";
import type { CommandEntry } from "./commands.ts";

/** What `cortado --help` prints. */
export function overview(commands: Readonly<Record<string, CommandEntry>>): string {
  const width = Math.max(...Object.keys(commands).map((name) => name.length));
  const lines = Object.entries(commands).map(
    ([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`,
  );
  return [
    "cortado: Caffe nets in Node.js",
    "usage: cortado <command> <args>",
    "",
    "commands:",
    ...lines,
    "",
    "cortado <command> --help shows a command's flags; cortado --version the version.",
  ].join("\n");
}

/** What `cortado CMD --help` prints. */
export function commandHelp(command: Command): string {
  const { name, summary, flags } = command;
  const entries = Object.entries(flags)
    .filter(([, { hidden }]) => !hidden)
    .map(([flag, spec]) => [heading(flag, spec), spec] as const);
  const width = Math.max(0, ...entries.map(([head]) => head.length));
  const lines = entries.map(([head, spec]) => `  ${head.padEnd(width)}  ${description(spec)}`);
  return [
    `${name}: ${summary}`,
    usage(command),
    ...(lines.length > 0 ? ["", "flags:", ...lines] : []),
  ].join("\n");
}

/** `usage: cortado summary net.prototxt [flags]` */
export function usage({ name, positionals = [], flags }: Command): string {
  const flagWord = Object.keys(flags).length > 0 ? ["[flags]"] : [];
  return ["usage: cortado", name, ...positionals, ...flagWord].join(" ");
}

function heading(name: string, { type, value }: Flag): string {
  if (type === "boolean") return `--${name}`;
  return `--${name} ${value ?? (type === "string" ? "TEXT" : "N")}`;
}

function description({ summary, required, default: value }: Flag): string {
  if (required) return `${summary} (required)`;
  if (value === undefined || value === "" || value === false) return summary;
  return `${summary} (default: ${value})`;
}
