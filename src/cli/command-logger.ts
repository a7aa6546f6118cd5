/** @file The log of Caffe's commands: to standard error, and into files where Google-log's flags ask for them. */
import { glogLogger } from "../core/glog.ts";
import { type LogLevel, type Logger, logLevels } from "../core/logger.ts";
import type { Flag, FlagValues, Io } from "./command.ts";
import { logFiles } from "./log-files.ts";

const ignored = {
  type: "string",
  summary: "accepted for scripts that give it",
  hidden: true,
} as const;
const ignoredSwitch = { ...ignored, type: "boolean" } as const;

/** Flags of Google-log, which Caffe's commands take too. What is hidden has no effect here. */
export const logFlags = {
  log_dir: { type: "string", value: "DIR", summary: "a folder to write the log into, too" },
  minloglevel: {
    type: "int32",
    summary: "log only what is at least a warning (1) or an error (2)",
  },
  logtostderr: ignoredSwitch,
  alsologtostderr: ignoredSwitch,
  colorlogtostderr: ignoredSwitch,
  logtostdout: ignoredSwitch,
  colorlogtostdout: ignoredSwitch,
  log_prefix: ignoredSwitch,
  log_utc_time: ignoredSwitch,
  log_year_in_prefix: ignoredSwitch,
  drop_log_memory: ignoredSwitch,
  stop_logging_if_full_disk: ignoredSwitch,
  timestamp_in_logfile_name: ignoredSwitch,
  symbolize_stacktrace: ignoredSwitch,
  alsologtoemail: ignored,
  log_backtrace_at: ignored,
  log_link: ignored,
  logbuflevel: ignored,
  logbufsecs: ignored,
  logcleansecs: ignored,
  logemaillevel: ignored,
  logfile_mode: ignored,
  logmailer: ignored,
  max_log_size: ignored,
  stderrthreshold: ignored,
  v: ignored,
  vmodule: ignored,
} as const satisfies Record<string, Flag>;

/**
 * A logger that writes Google-log lines to standard error. `-log_dir` and `-minloglevel` may also be
 * given by the environment, as GLOG_log_dir and GLOG_minloglevel.
 */
export function commandLogger(flags: FlagValues, io: Io): Logger {
  const folder = String(flags.log_dir ?? process.env.GLOG_log_dir ?? "");
  const lowest = Number(flags.minloglevel ?? process.env.GLOG_minloglevel ?? 0);
  const files = folder === "" ? undefined : logFiles(folder);
  let level: LogLevel = "info";
  const lines = glogLogger((line) => {
    io.err(line);
    files?.(level, line);
  });
  return {
    log(levelOfMessage, source, message) {
      level = levelOfMessage;
      if (logLevels.indexOf(level) >= lowest) lines.log(level, source, message);
    },
  };
}
