/** @file Where messages go: the library is silent unless a logger is passed in. */

/** From the least important to the most. */
export const logLevels = ["info", "warning", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

/** Receives log lines; `source` is the BVLC file and line that Caffe prints there, such as "solver.cpp:289". */
export interface Logger {
  log(level: LogLevel, source: string, message: string): void;
}

export const silentLogger: Logger = { log() {} };
