import { afterEach, expect, test, vi } from "vitest";
import { signalEffect, withSignals } from "../../src/cli/signals.ts";

afterEach(() => vi.restoreAllMocks());

/** What a solver was asked for while signals came in. */
async function requestsOf(
  effects: Parameters<typeof withSignals>[0],
  signals: readonly ("SIGINT" | "SIGHUP")[],
): Promise<string[]> {
  const requests: string[] = [];
  const solver = { request: (request: string) => void requests.push(request) };
  await withSignals(effects, solver, async () => {
    for (const signal of signals) process.emit(signal);
  });
  return requests;
}

test("signals become requests", async () => {
  const effects = { sigint: "stop", sighup: "snapshot" } as const;
  expect(await requestsOf(effects, ["SIGHUP", "SIGHUP", "SIGINT"])).toEqual([
    "snapshot",
    "snapshot",
    "stop",
  ]);
});

test("an effect of none asks for nothing", async () => {
  const effects = { sigint: "none", sighup: "none" } as const;
  expect(await requestsOf(effects, ["SIGHUP", "SIGINT", "SIGINT"])).toEqual([]);
});

test("a second SIGINT ends the process at once, where the first one asked for a stop", async () => {
  const exit = vi.spyOn(process, "exit").mockImplementation(() => undefined as never);
  await requestsOf({ sigint: "snapshot", sighup: "none" }, ["SIGINT", "SIGINT"]);
  expect(exit).not.toHaveBeenCalled();
  await requestsOf({ sigint: "stop", sighup: "none" }, ["SIGINT", "SIGINT"]);
  expect(exit).toHaveBeenCalledWith(130);
});

test("the process has its own ways again when the work is done, or failed", async () => {
  const before = process.listenerCount("SIGINT");
  const effects = { sigint: "stop", sighup: "stop" } as const;
  const fails = withSignals(effects, { request() {} }, async () => {
    expect(process.listenerCount("SIGINT")).toBe(before + 1);
    throw new Error("no");
  });
  await expect(fails).rejects.toThrow("no");
  expect(process.listenerCount("SIGINT")).toBe(before);
});

test("an unknown effect is refused", () => {
  expect(() => signalEffect("foo")).toThrow(
    'Invalid signal effect "foo" was specified; give snapshot, stop or none',
  );
});
