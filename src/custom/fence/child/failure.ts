/** @file What goes wrong in a fenced layer, as the net's process is told. */
import { CustomLayerError } from "../../../errors.ts";
import { describeThrown } from "../../run-compiled.ts";
import type { Failed } from "../messages.ts";

/** Something to be said of a layer, with its place in the compiled code. */
export class FenceFailure extends Error {
  readonly details: Pick<Failed, "place" | "found" | "isParamStr">;

  constructor(text: string, details: Pick<Failed, "place" | "found" | "isParamStr"> = {}) {
    super(text);
    this.details = details;
  }
}

export function failureOf(error: unknown): Failed {
  const known = error instanceof CustomLayerError ? error.cause : error;
  const isKnown = known instanceof FenceFailure;
  return {
    done: false,
    text: isKnown ? known.message : describeThrown(error),
    ...(isKnown ? known.details : {}),
  };
}

/** What was thrown, in words; what Node's permission model refused, in the fence's words. */
export function describeFenced(thrown: unknown): string {
  return refusal(thrown) ?? describeThrown(thrown);
}

const ATTEMPTS: Readonly<Record<string, string>> = {
  FileSystemRead: "read",
  FileSystemWrite: "write",
  ChildProcess: "start another program",
  WorkerThreads: "start a thread",
  Inspector: "use the inspector",
};

function refusal(thrown: unknown): string | undefined {
  try {
    const denied = thrown as { code?: unknown; permission?: unknown; resource?: unknown };
    if (denied?.code !== "ERR_ACCESS_DENIED") return undefined;
    const attempt = ATTEMPTS[String(denied.permission)] ?? "reach outside its process";
    const file = /^(read|write)$/.test(attempt) ? ` ${String(denied.resource)}` : "";
    return `it tried to ${attempt}${file}, which the fence does not allow`;
  } catch {
    return undefined;
  }
}
