/** @file Where upgrades report to; the shape of `core`'s Logger, which the schema must not import. */

export interface UpgradeLog {
  /** @param source the BVLC file and line that logs this, such as "upgrade_proto.cpp:28" */
  log(level: "info" | "warning" | "error", source: string, message: string): void;
}

export const silent: UpgradeLog = { log() {} };
