/** @file The command line in gflags' style: `-solver x`, `--solver=x`, `-flag=false`, `--noflag`. */
import { UsageError } from "../errors.ts";
import { nearestName } from "../prototxt/nearest.ts";
import type { Flag, FlagValues } from "./command.ts";

export type Flags = Readonly<Record<string, Flag>>;

/** gflags' words for help, of which ours are all the same. */
export const HELP_FLAG = /^--?(h|help|helpfull|helpshort|helppackage)$/;

/** A command line, taken apart. */
export interface Arguments {
  readonly flags: FlagValues;
  readonly positionals: readonly string[];
  /** `--help`, `-h` or another of gflags' words for it was among the arguments. */
  readonly help: boolean;
  /** `--version` was among the arguments. */
  readonly version: boolean;
}

/**
 * Takes a command's arguments apart. Flags begin with one dash or two, and `_` and `-` inside a name
 * are the same; `--` ends them.
 * @throws UsageError for an unknown flag (with the nearest known one), a missing or a wrong value
 */
export function parseArguments(args: readonly string[], flags: Flags): Arguments {
  const given = new Map<string, string | number | boolean>();
  const positionals: string[] = [];
  let [help, version] = [false, false];
  for (let i = 0; i < args.length; i++) {
    const word = args[i]!;
    if (word === "--") {
      positionals.push(...args.slice(i + 1));
      break;
    }
    if (word === "-" || !word.startsWith("-")) {
      positionals.push(word);
      continue;
    }
    const { name, value } = flagWord(word);
    if (HELP_FLAG.test(word)) {
      help = true;
      continue;
    }
    if (value === undefined && name === "version") {
      version = true;
      continue;
    }
    const known = find(name, flags);
    const takesNext = value === undefined && !known.isNegated && known.flag.type !== "boolean";
    given.set(known.name, flagValue(known, takesNext ? args[++i] : value));
  }
  return { flags: withDefaults(given, flags, help || version), positionals, help, version };
}

function flagWord(word: string): { name: string; value: string | undefined } {
  const [, name, value] = /^--?([^=]*)(?:=([\s\S]*))?$/.exec(word)!;
  return { name: name!, value };
}

interface KnownFlag {
  readonly name: string;
  readonly flag: Flag;
  /** Written as `--noname`. */
  readonly isNegated: boolean;
}

function find(written: string, flags: Flags): KnownFlag {
  const plain = (name: string) => name.replaceAll("_", "-");
  for (const [name, flag] of Object.entries(flags)) {
    if (plain(name) === plain(written)) return { name, flag, isNegated: false };
    const isNegated = flag.type === "boolean" && `no${plain(name)}` === plain(written);
    if (isNegated) return { name, flag, isNegated };
  }
  const close = nearestName(written, Object.keys(flags));
  const advice = close ? `; did you mean --${close}?` : "";
  throw new UsageError(`unknown command line flag '${written}'${advice}`);
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  ...{ true: true, t: true, yes: true, y: true, "1": true },
  ...{ false: false, f: false, no: false, n: false, "0": false },
};

function flagValue(
  { name, flag, isNegated }: KnownFlag,
  text: string | undefined,
): string | number | boolean {
  if (flag.type === "boolean") {
    if (text === undefined) return !isNegated;
    const value = BOOLEANS[text.toLowerCase()];
    if (value === undefined || isNegated) throw illegal(name, flag, text);
    return value;
  }
  if (text === undefined) throw new UsageError(`flag '--${name}' is missing its argument`);
  if (flag.type === "string") return text;
  const number = flag.type === "int32" ? wholeNumber(text) : Number(text);
  if (text.trim() === "" || !Number.isFinite(number)) throw illegal(name, flag, text);
  return number;
}

/** As gflags reads an int32: decimal, or hexadecimal after 0x. @returns NaN for anything else */
function wholeNumber(text: string): number {
  const [, sign, digits] = /^\s*([-+]?)(\d+|0x[\da-f]+)$/i.exec(text) ?? [];
  const number = digits === undefined ? Number.NaN : Number(digits) * (sign === "-" ? -1 : 1);
  return number === (number | 0) ? number : Number.NaN;
}

function illegal(name: string, flag: Flag, text: string): UsageError {
  return new UsageError(`illegal value '${text}' specified for ${flag.type} flag '${name}'`);
}

function withDefaults(
  given: ReadonlyMap<string, string | number | boolean>,
  flags: Flags,
  onlyTold: boolean,
): FlagValues {
  const values: Record<string, string | number | boolean> = {};
  for (const [name, flag] of Object.entries(flags)) {
    const value = given.get(name) ?? flag.default;
    if (value !== undefined) values[name] = value;
    else if (flag.required && !onlyTold) {
      throw new UsageError(`flag '--${name}' is required: ${flag.summary}`);
    }
  }
  return values;
}
