/** @file Checks networks in a process of its own, which is kept for the next text: what hangs or grows there harms no one. */
import { type ChildProcess, fork } from "node:child_process";
import type { CheckResult } from "../api-types.ts";
import type { CheckRequest } from "../check/check.ts";
import type { CheckReply } from "../worker/messages.ts";
import { packageFiles } from "./package-files.ts";
import { Refusal } from "./refusal.ts";

const TIME_LIMIT_MS = 60_000;
/** How long the process waits for another text. */
const IDLE_MS = 60_000;

export class Checker {
  readonly #folder: string;
  #child: ChildProcess | undefined;
  /** Ends when all checks before have ended. */
  #turn: Promise<unknown> = Promise.resolve();
  #idle: NodeJS.Timeout | undefined;

  /** @param folder where the process runs; a path of a text is looked for in it */
  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Checks one text after the other.
   * @param isWanted whether anybody still waits for the answer when its turn has come
   * @throws Refusal where the check ended without an answer
   */
  check(request: CheckRequest, isWanted: () => boolean): Promise<CheckResult> {
    const result = this.#turn.then(() => {
      if (!isWanted()) throw new Refusal(409, "another text has taken the place of this one");
      return this.#ask(request);
    });
    this.#turn = result.catch(() => undefined);
    return result;
  }

  close(): void {
    clearTimeout(this.#idle);
    this.#child?.kill("SIGKILL");
    this.#child = undefined;
  }

  async #ask(request: CheckRequest): Promise<CheckResult> {
    clearTimeout(this.#idle);
    this.#child ??= fork(packageFiles.checkWorker, [], {
      cwd: this.#folder,
      stdio: ["ignore", "ignore", "ignore", "ipc"],
    });
    const child = this.#child;
    const reply = await answerOf(child, request);
    if ("result" in reply) {
      this.#idle = setTimeout(() => this.close(), IDLE_MS).unref();
      return reply.result;
    }
    this.close();
    throw new Refusal(422, reply.error);
  }
}

function answerOf(child: ChildProcess, request: CheckRequest): Promise<CheckReply> {
  return new Promise((resolve) => {
    const settle = (reply: CheckReply) => {
      clearTimeout(timer);
      child.removeAllListeners();
      resolve(reply);
    };
    const timer = setTimeout(
      () => settle({ error: `the check took longer than ${TIME_LIMIT_MS / 1000} s` }),
      TIME_LIMIT_MS,
    );
    child.once("message", (message) => settle(message as CheckReply));
    child.once("exit", (_code, by) =>
      settle({ error: `the check ended ${by ? `by ${by}` : "without a result"}` }),
    );
    child.once("error", () => settle({ error: "the check could not be started" }));
    child.send(request);
  });
}
