/** @file What SIGINT and SIGHUP do to a training that is running. */
import { UsageError } from "../errors.ts";
import type { SolverRequest } from "../solver/index.ts";

export type SignalEffect = SolverRequest | "none";

/** @throws UsageError for anything but the names of the three effects */
export function signalEffect(name: string): SignalEffect {
  if (name === "stop" || name === "snapshot" || name === "none") return name;
  throw new UsageError(
    `Invalid signal effect "${name}" was specified; give snapshot, stop or none`,
  );
}

/**
 * Runs `work`, and passes signals on as requests. A second SIGINT, when the first one asked for a
 * stop, ends the process at once: files are written whole or not at all, so nothing breaks.
 */
export async function withSignals<T>(
  effects: { readonly sigint: SignalEffect; readonly sighup: SignalEffect },
  solver: { request(request: SolverRequest): void },
  work: () => Promise<T>,
): Promise<T> {
  let isStopping = false;
  const onInterrupt = () => {
    if (isStopping) process.exit(130);
    isStopping = effects.sigint === "stop";
    if (effects.sigint !== "none") solver.request(effects.sigint);
  };
  const onHangup = () => {
    if (effects.sighup !== "none") solver.request(effects.sighup);
  };
  process.on("SIGINT", onInterrupt);
  process.on("SIGHUP", onHangup);
  try {
    return await work();
  } finally {
    process.off("SIGINT", onInterrupt);
    process.off("SIGHUP", onHangup);
  }
}
