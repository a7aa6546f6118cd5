/** @file What a command of the command line is: data and a `run`, so that `main.ts` stays small. */

/** Where a command reads and writes; tests pass their own. */
export interface Io {
  /** Writes a line to standard output. */
  out(line: string): void;
  /** Writes a line to standard error: log lines and messages. */
  err(line: string): void;
  /** Draws or redraws one progress line; absent when standard error is not a terminal. */
  readonly progress?: (line: string) => void;
  readonly cwd: string;
  /** Aborts on SIGINT for commands that do not handle signals themselves. */
  readonly signal?: AbortSignal;
}

export interface Flag {
  readonly type: "string" | "number" | "int32" | "boolean";
  /** What stands for the value in the help: "FILE", "N". */
  readonly value?: string;
  readonly summary: string;
  readonly default?: string | number | boolean;
  readonly required?: boolean;
  /** Accepted, but of no use here: the help leaves it out. */
  readonly hidden?: boolean;
}

/** Values by flag name, checked against the flag's type; a flag that was not given and has no default is absent. */
export type FlagValues = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Command {
  /** The word on the command line; "dataset sunnybrook" for a command with two words. */
  readonly name: string;
  readonly summary: string;
  /** Names of positional arguments, for the help: "net.prototxt". */
  readonly positionals?: readonly string[];
  readonly flags: Readonly<Record<string, Flag>>;
  /** @returns the exit code. User mistakes are thrown as CaffeError: one line on standard error, exit code 1. */
  run(flags: FlagValues, positionals: readonly string[], io: Io): Promise<number>;
}
