/** @file Live updates: what a browser sees of jobs, and of what happened while its line was broken. */
import { spawn } from "node:child_process";
import { appendFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { FastifyInstance } from "fastify";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type { MetricRecord } from "../../src/job/metric-values.ts";
import { appendMetric } from "../../src/job/metrics.ts";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import type { JobChanges, JobList, JobSummary, LogLines } from "../../src/studio/api-types.ts";
import { buildApp } from "../../src/studio/server/app.ts";
import { LOOPBACK } from "../../src/studio/server/guard.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork, writeTinyDataset } from "../support/tiny-dataset.ts";
import { EventClient, listenOn } from "./event-client.ts";

const at = temporaryFolder("live");
let app: FastifyInstance;
let base: string;

beforeAll(async () => {
  mkdirSync(at("jobs"));
  await writeTinyDataset(at("jobs", "tiny"));
  app = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
  base = await listenOn(app);
});
afterAll(() => app.close());

async function makeJob(name: string): Promise<string> {
  const settings = { ...defaultSettings, dataset: at("jobs", "tiny"), network: "network" };
  const out = at("jobs", name);
  await prepareJob({ settings: { ...settings, epochs: 100 }, networkText: tinyNetwork(), out });
  return out;
}

const point = (iter: number): MetricRecord => ({
  ...{ iter, epoch: iter / 3, phase: "train", values: { loss: 1 / (iter + 1) }, lr: 1, time: iter },
});
const write = (folder: string, ...iters: number[]) => {
  for (const iter of iters) appendMetric(join(folder, "metrics.jsonl"), point(iter));
};

function connect(path: string, lastId?: string): EventClient {
  const client = new EventClient(base + path, lastId);
  onTestFinished(() => client.close());
  return client;
}
const iters = (client: EventClient) =>
  client
    .data<MetricRecord[]>("metrics")
    .flat()
    .map(({ iter }) => iter);
const logOf = (client: EventClient) => client.data<LogLines>("log");

describe("a job's events", () => {
  test("bring the points so far, then each as it comes", async () => {
    const folder = await makeJob("points");
    write(folder, 0, 1);
    const client = connect("/api/jobs/points/events");
    await expect.poll(() => iters(client)).toEqual([0, 1]);
    write(folder, 2);
    await expect.poll(() => iters(client)).toEqual([0, 1, 2]);
  });

  test("miss no point and send none twice to a browser that comes back", async () => {
    const folder = await makeJob("back");
    const seen: number[] = [];
    let lastId: string | undefined;
    for (let turn = 0; turn < 5; turn++) {
      write(folder, 10 * turn, 10 * turn + 1);
      const client = connect("/api/jobs/back/events", lastId);
      await expect.poll(() => iters(client).at(-1)).toBe(10 * turn + 1);
      write(folder, 10 * turn + 2);
      // The line breaks at a moment of its own: before or after the newest point came.
      if (turn % 2 === 0) await expect.poll(() => iters(client).at(-1)).toBe(10 * turn + 2);
      await client.close();
      seen.push(...iters(client));
      lastId = client.lastId;
    }
    const client = connect("/api/jobs/back/events", lastId);
    write(folder, 99);
    await expect.poll(() => iters(client).at(-1)).toBe(99);
    seen.push(...iters(client));
    expect(seen).toEqual(
      [0, 1, 2, 3, 4].flatMap((t) => [10 * t, 10 * t + 1, 10 * t + 2]).concat(99),
    );
  });

  test("go on after a server that is another one", async () => {
    const folder = await makeJob("next-server");
    write(folder, 0);
    const client = connect("/api/jobs/next-server/events");
    await expect.poll(() => iters(client)).toEqual([0]);
    await client.close();
    write(folder, 1);
    const next = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
    onTestFinished(() => next.close());
    const path = `${await listenOn(next)}/api/jobs/next-server/events`;
    const later = new EventClient(path, client.lastId);
    onTestFinished(() => later.close());
    await expect.poll(() => iters(later)).toEqual([1]);
    expect(later.data("restart")).toEqual([]);
  });

  test("wait for a line that is only half written", async () => {
    const folder = await makeJob("half");
    write(folder, 0);
    const client = connect("/api/jobs/half/events");
    await expect.poll(() => iters(client)).toEqual([0]);
    const line = `${JSON.stringify(point(1))}\n`;
    appendFileSync(join(folder, "metrics.jsonl"), line.slice(0, 20));
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(iters(client)).toEqual([0]);
    appendFileSync(join(folder, "metrics.jsonl"), line.slice(20));
    await expect.poll(() => iters(client)).toEqual([0, 1]);
  });

  test("begin again where another job has taken the name", async () => {
    const folder = await makeJob("again");
    write(folder, 0, 1, 2);
    const client = connect("/api/jobs/again/events");
    await expect.poll(() => iters(client)).toEqual([0, 1, 2]);
    await client.close();
    rmSync(folder, { recursive: true });
    write(await makeJob("again"), 0, 1, 2, 3, 4);
    const later = connect("/api/jobs/again/events", client.lastId);
    await expect.poll(() => iters(later)).toEqual([0, 1, 2, 3, 4]);
    expect(later.events[0]?.event).toBe("restart");
  });

  test("bring the end of the log once, then only what it grew by", async () => {
    const log = join(await makeJob("log"), "caffe_output.log");
    const lines = (from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
    const say = (from: number, to: number) =>
      appendFileSync(
        log,
        lines(from, to)
          .map((line) => `${line}\n`)
          .join(""),
      );
    say(0, 300);
    const client = connect("/api/jobs/log/events");
    await expect.poll(() => logOf(client)).toEqual([{ lines: lines(100, 300), isWhole: true }]);
    say(300, 302);
    await expect.poll(() => logOf(client).length).toBe(2);
    expect(logOf(client)[1]).toEqual({ lines: lines(300, 302), isWhole: false });
    await client.close();
    say(302, 305);
    const later = connect("/api/jobs/log/events", client.lastId);
    await expect.poll(() => logOf(later)).toEqual([{ lines: lines(302, 305), isWhole: false }]);
  });

  test("say that the job was deleted, and go on where another one takes its name", async () => {
    const folder = await makeJob("deleted");
    const client = connect("/api/jobs/deleted/events");
    await expect.poll(() => client.data("job").length).toBe(1);
    rmSync(folder, { recursive: true });
    await expect.poll(() => client.events.at(-1)?.event).toBe("gone");
    await makeJob("deleted");
    await expect.poll(() => client.events.at(-1)?.event).toBe("job");
  });

  test("take no odd word for a place", async () => {
    write(await makeJob("odd"), 0);
    for (const lastId of ["1e9", "..1..", "x.-1.own.5", "9".repeat(60), "a.1.b.2\u00e4"]) {
      const client = connect("/api/jobs/odd/events", lastId);
      await expect.poll(() => iters(client)).toEqual([0]);
    }
  });
});

describe("the events of all jobs", () => {
  const all = (client: EventClient) => client.data<JobSummary[]>("jobs");
  const changes = (client: EventClient) => client.data<JobChanges>("changes");
  const changed = (client: EventClient) =>
    changes(client).flatMap(({ jobs }) => jobs.map(({ id }) => id));

  test("bring the whole list once, then only jobs that change", async () => {
    const folder = await makeJob("one");
    await makeJob("two");
    const client = connect("/api/events");
    await expect.poll(() => all(client).length).toBe(1);
    expect(all(client)[0]!.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["one", "two", "tiny"]),
    );
    write(folder, 5);
    await expect.poll(() => changed(client)).toEqual(["one"]);
    await makeJob("three");
    await expect.poll(() => changed(client)).toContain("three");
    expect(changed(client)).not.toContain("two");
    rmSync(folder, { recursive: true });
    await expect.poll(() => changes(client).flatMap(({ gone }) => gone)).toEqual(["one"]);
    expect(all(client).length).toBe(1);
  });

  test("say nothing while nothing happens", async () => {
    const client = connect("/api/events");
    await expect.poll(() => all(client).length).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 2500));
    expect(client.events.length).toBe(1);
  });

  test("tell a browser that comes back what it missed, and no more", async () => {
    const folder = await makeJob("missed");
    await makeJob("dropped");
    const client = connect("/api/events");
    await expect.poll(() => all(client).length).toBe(1);
    await client.close();
    write(folder, 7);
    rmSync(at("jobs", "dropped"), { recursive: true });
    const later = connect("/api/events", client.lastId);
    await expect.poll(() => changes(later).length).toBeGreaterThan(0);
    expect(changed(later)).toEqual(["missed"]);
    expect(changes(later).flatMap(({ gone }) => gone)).toEqual(["dropped"]);
    expect(all(later)).toEqual([]);
  });

  test("begin without curves that nobody has read yet, and bring these as changes", async () => {
    const folder = await makeJob("unread");
    write(folder, 0, 1, 2);
    const next = buildApp({ jobs: at("jobs"), data: [], hosts: LOOPBACK, token: undefined });
    onTestFinished(() => next.close());
    const client = new EventClient(`${await listenOn(next)}/api/events`);
    onTestFinished(() => client.close());
    await expect
      .poll(
        () =>
          changes(client)
            .flatMap(({ jobs }) => jobs)
            .at(-1)?.iter,
      )
      .toBe(2);
  });

  test("go on from the list that the home page came with", async () => {
    await makeJob("on-page");
    const { jobs, last } = await pageList();
    expect(jobs.map(({ id }) => id)).toContain("on-page");
    await makeJob("later-than-page");
    const client = connect(`/api/events?last=${last}`);
    await expect.poll(() => changed(client)).toContain("later-than-page");
    expect(changed(client)).not.toContain("on-page");
    expect(all(client)).toEqual([]);
  });

  test("cannot break out of the home page by what a user calls a job", async () => {
    await makeJob("hostile");
    const title = '</script><script>alert(1)</script><!-- "$&';
    const about = JSON.stringify({ title, notes: "" });
    writeFileSync(at("jobs", "hostile", "about.json"), about);
    const html = await (await fetch(base)).text();
    expect(html).not.toContain("alert(1)</script>");
    expect(html.match(/<\/script>/g)).toHaveLength(2);
    const { jobs } = await pageList();
    expect(jobs.find(({ id }) => id === "hostile")?.title).toBe(title);
  });

  async function pageList(): Promise<JobList> {
    const html = await (await fetch(base)).text();
    return JSON.parse(/<script type="application\/json" id="jobs">(.*?)<\/script>/.exec(html)![1]!);
  }

  test("notice a training whose process died, though no file changed", async () => {
    const folder = await makeJob("dies");
    const file = join(folder, "job.json");
    const record = JSON.parse(readFileSync(file, "utf8"));
    const child = spawn("sleep", ["60"]);
    onTestFinished(() => void child.kill());
    writeFileSync(file, JSON.stringify({ ...record, status: "running", pid: child.pid }));
    const client = connect("/api/events");
    await expect.poll(() => all(client).length).toBe(1);
    expect(all(client)[0]!.find(({ id }) => id === "dies")?.status).toBe("running");
    child.kill("SIGKILL");
    await expect.poll(() => changed(client)).toEqual(["dies"]);
    expect(changes(client).flatMap(({ jobs }) => jobs)[0]?.status).toBe("interrupted");
  });
});
