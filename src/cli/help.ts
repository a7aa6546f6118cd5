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
export function commandHelp({ name, summary, flags, positionals = [] }: Command): string {
  const entries = Object.entries(flags).map(([flag, spec]) => [heading(flag, spec), spec] as const);
  const width = Math.max(0, ...entries.map(([head]) => head.length));
  const lines = entries.map(([head, spec]) => `  ${head.padEnd(width)}  ${description(spec)}`);
  const usage = ["usage: cortado", name, ...positionals, entries.length > 0 ? "[flags]" : ""];
  return [
    `${name}: ${summary}`,
    usage.filter(Boolean).join(" "),
    ...(lines.length > 0 ? ["", "flags:", ...lines] : []),
  ].join("\n");
}

function heading(name: string, { type, value }: Flag): string {
  if (type === "boolean") return `--${name}`;
  return `--${name} ${value ?? (type === "number" ? "N" : "TEXT")}`;
}

function description({ summary, required, default: value }: Flag): string {
  if (required) return `${summary} (required)`;
  if (value === undefined || value === "" || value === false) return summary;
  return `${summary} (default: ${value})`;
}
