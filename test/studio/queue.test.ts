/** @file The queue of tasks, with a small program in cortado's place: order, abort, death, and what a next server finds. */
import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Task } from "../../src/studio/server/task.ts";
import { TaskFiles } from "../../src/studio/server/task.ts";
import { TaskQueue } from "../../src/studio/server/task-queue.ts";
import { temporaryFolder } from "../support/temporary.ts";

const at = temporaryFolder("queue");

/** `NAME SECONDS CODE`: says its name in a file, waits, and ends; an interrupt ends it at once with 0. */
const PROGRAM = `
import { appendFileSync } from "node:fs";
const [name, seconds, code] = process.argv.slice(2);
appendFileSync("ran", name + "\\n");
process.on("SIGINT", () => { appendFileSync("ran", name + " interrupted\\n"); process.exit(0); });
console.log("progress: 40 %");
setTimeout(() => {
  if (code !== "0") console.error("cortado: " + name + " went wrong\\n   at the caret ^");
  appendFileSync("ran", name + " ended\\n");
  process.exit(Number(code));
}, seconds * 1000);
`;

let count = 0;
/** A jobs folder of its own; `open` starts a server's queue on it, as often as asked. */
function place() {
  const folder = at(`jobs-${++count}`);
  mkdirSync(folder);
  const program = join(folder, "program.mjs");
  writeFileSync(program, PROGRAM);
  const files = new TaskFiles(folder);
  const open = (isMade?: (task: Task) => boolean) => {
    const queue = new TaskQueue({ files, program, cwd: folder, ...(isMade ? { isMade } : {}) });
    onTestFinished(() => queue.close());
    return queue;
  };
  const ran = () => {
    const file = join(folder, "ran");
    return existsSync(file) ? readFileSync(file, "utf8").trimEnd().split("\n") : [];
  };
  return { folder, files, open, ran };
}

const task = (id: string, seconds: number, code = 0, kind: "model" | "dataset" = "model") => ({
  ...{ id, kind, commands: [[id, String(seconds), String(code)]] },
});
const statusOf = (queue: TaskQueue, id: string) => () => queue.get(id)?.status;
const pidOf = (queue: TaskQueue, id: string) => queue.get(id)?.pid ?? 0;

describe("the queue", () => {
  test("runs one of a kind at a time, in their order; the others wait", async () => {
    const { open, ran } = place();
    const queue = open();
    for (const id of ["first", "second", "third"]) await queue.add(task(id, 0.2));
    await queue.add(task("data", 0.2, 0, "dataset"));
    expect(statusOf(queue, "second")()).toBe("waiting");
    expect(statusOf(queue, "data")()).toBe("running");
    await expect.poll(statusOf(queue, "third")).toBe("done");
    expect(ran().filter((line) => !line.startsWith("data"))).toEqual([
      ...["first", "first ended", "second", "second ended", "third", "third ended"],
    ]);
  });

  test("gives a task that is taken up again the last turn", async () => {
    const { open, ran } = place();
    const queue = open();
    await queue.add(task("old", 0.1));
    await expect.poll(statusOf(queue, "old")).toBe("done");
    await queue.add(task("runs", 0.3));
    await queue.add(task("new", 0.1));
    await queue.add(task("old", 0.1));
    await expect.poll(() => ran().filter((line) => line.endsWith("ended")).length).toBe(4);
    expect(ran().filter((line) => !line.includes(" "))).toEqual(["old", "runs", "new", "old"]);
  });

  test("runs the commands of a task one after the other, and stops at the first that fails", async () => {
    const { open, ran } = place();
    const queue = open();
    const commands = [
      ["a", "0", "0"],
      ["b", "0", "1"],
      ["c", "0", "0"],
    ];
    await queue.add({ id: "steps", kind: "dataset", commands });
    await expect.poll(statusOf(queue, "steps")).toBe("error");
    expect(queue.get("steps")?.error).toBe("b went wrong");
    expect(ran()).toEqual(["a", "a ended", "b", "b ended"]);
  });

  test("interrupts a task that runs, and drops one that waits", async () => {
    const { open, ran } = place();
    const queue = open();
    await queue.add(task("runs", 60));
    await queue.add(task("waits", 60));
    await expect.poll(ran).toEqual(["runs"]);
    await queue.abort("waits");
    await queue.abort("runs");
    expect([statusOf(queue, "runs")(), statusOf(queue, "waits")()]).toEqual(["aborted", "aborted"]);
    await expect.poll(() => queue.isBusy("runs")).toBe(false);
    expect(ran()).toEqual(["runs", "runs interrupted"]);
    expect(queue.get("runs")?.status).toBe("aborted");
  });

  test("says so when a process is killed", async () => {
    const { open, ran } = place();
    const queue = open();
    await queue.add(task("killed", 60));
    await expect.poll(ran).toEqual(["killed"]);
    process.kill(pidOf(queue, "killed"), "SIGKILL");
    await expect.poll(statusOf(queue, "killed")).toBe("error");
    expect(queue.get("killed")?.error).toBe("the process was ended by SIGKILL");
  });

  test("stops what runs when the server closes", async () => {
    const { open, ran } = place();
    const queue = open();
    await queue.add(task("runs", 60));
    await queue.add(task("waits", 0));
    await expect.poll(ran).toEqual(["runs"]);
    await queue.close();
    expect(ran()).toEqual(["runs", "runs interrupted"]);
    expect(statusOf(queue, "waits")()).toBe("waiting");
  });
});

describe("a next server", () => {
  test("takes up what still runs and what waits", async () => {
    const { files, open, ran } = place();
    const killed = open(); // it is never told to close before the next one opens, as at SIGKILL
    await killed.add(task("runs", 1));
    await killed.add(task("waits", 0));
    await expect.poll(ran).toEqual(["runs"]);
    const queue = open(() => true);
    expect(statusOf(queue, "runs")()).toBe("running");
    expect(statusOf(queue, "waits")()).toBe("waiting");
    await queue.abort("runs");
    await expect.poll(ran).toContain("runs interrupted");
    await expect.poll(statusOf(queue, "waits")).toBe("done");
    expect(files.readAll().map(({ id }) => id)).toEqual(["runs", "waits"]);
  });

  /** A task as a server left it that was killed. */
  async function left(spot: ReturnType<typeof place>, given: Partial<Task>): Promise<void> {
    const id = given.id ?? "left";
    const commands = [[id, "0", "0"]];
    const created = new Date().toISOString();
    await spot.files.write({
      ...{ id, kind: "model", commands, status: "running", created, step: 0, pid: 2 ** 30 },
      ...given,
    });
  }

  test("calls a training over whose process is gone", async () => {
    const spot = place();
    await left(spot, {});
    const queue = spot.open();
    await expect.poll(statusOf(queue, "left")).toBe("error");
    expect(queue.get("left")?.error).toBe("the process ended while nobody watched it");
    expect(spot.ran()).toEqual([]);
  });

  test("makes a dataset whose process is gone, unless it is there already", async () => {
    const spot = place();
    await left(spot, { id: "made", kind: "dataset" });
    await left(spot, { id: "half", kind: "dataset" });
    const queue = spot.open(({ id }) => id === "made");
    await expect.poll(statusOf(queue, "half")).toBe("done");
    expect(statusOf(queue, "made")()).toBe("done");
    expect(spot.ran()).toEqual(["half", "half ended"]);
  });

  test("neither waits for nor interrupts a stranger who got the number of the process", async () => {
    const spot = place();
    await left(spot, { pid: process.pid });
    const queue = spot.open();
    await queue.abort("left");
    await expect.poll(() => queue.isBusy("left")).toBe(false);
    // This test would have been interrupted.
    expect(spot.ran()).toEqual([]);
  });

  test("leaves files alone that are no tasks", () => {
    const spot = place();
    appendFileSync(join(spot.folder, ".studio", "tasks", "odd.json"), "{");
    appendFileSync(join(spot.folder, ".studio", "tasks", "note.txt"), "");
    expect([...spot.open().all()]).toEqual([]);
  });
});
