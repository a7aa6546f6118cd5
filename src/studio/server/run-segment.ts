/** @file Runs a model on one image in a process of its own: custom layers and hostile images harm only that. */
import { fork } from "node:child_process";
import type { SegmentRequest, SegmentReply } from "../worker/messages.ts";
import { packageFiles } from "./package-files.ts";
import { Refusal } from "./refusal.ts";

const TIME_LIMIT_MS = 120_000;

/** @throws Refusal with the worker's sentence */
export async function segment(request: SegmentRequest): Promise<SegmentReply["result"]> {
  const child = fork(packageFiles.segmentWorker, [], {
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), TIME_LIMIT_MS);
  try {
    const reply = await new Promise<SegmentReply | { error: string }>((resolve) => {
      child.once("message", (message) => resolve(message as SegmentReply));
      child.once("exit", (_code, by) => {
        resolve({ error: `the test ended ${by ? `by ${by}` : "without a result"}` });
      });
      child.once("error", () => resolve({ error: "the test could not be started" }));
      child.send(request);
    });
    if ("error" in reply) throw new Refusal(422, reply.error);
    return reply.result;
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
  }
}
