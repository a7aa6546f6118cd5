/** @file A program of its own: checks one network after the other until its parent leaves. */
import type { CheckRequest } from "../check/check.ts";
import { checkNetwork } from "../check/check.ts";
import type { CheckReply } from "./messages.ts";

async function answer(request: CheckRequest): Promise<CheckReply> {
  try {
    return { result: await checkNetwork(request) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

process.on("message", async (message) => {
  const reply = await answer(message as CheckRequest);
  process.send?.(reply);
});
process.once("disconnect", () => process.exit());
