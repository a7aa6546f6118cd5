/** @file The tutorial, followed in a browser on the phantom, with its words; one story from top to bottom. */
import { mkdirSync, readFileSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCaffemodel } from "../../src/index.ts";
import { temporaryFolder } from "../support/temporary.ts";
import {
  type RunningStudio,
  chromiumPath,
  launch,
  openPage,
  startStudioProgram,
  whySkipped,
} from "./studio.ts";
import { colourWeights, diceLayer, networkText } from "./weights.ts";

const at = temporaryFolder("tutorial");
const GRAY = "Sunnybrook-grayscale";
const RGB = "Sunnybrook-RGB";
const SCRATCH = "fcn-sunnybrook-with_dice";
const TUNED = "fcn-sunnybrook_with_dice-pretrained";
const LONG = "fcn-sunnybrook-long";

describe.skipIf(!chromiumPath)(`the tutorial in a browser${whySkipped}`, () => {
  let studio: RunningStudio;
  let browser: Browser;
  let page: Page;
  let complaints: string[];
  let weights: string;

  beforeAll(async () => {
    for (const name of ["jobs", "data"]) mkdirSync(at(name));
    weights = await colourWeights(at("data"));
    studio = await startStudioProgram(at("jobs"), [at("data")]);
    browser = await launch();
    ({ page, complaints } = await openPage(browser));
    page.on("dialog", (dialog) => void dialog.accept());
    await page.goto(studio.url);
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await studio?.end("SIGINT");
  });

  const button = (name: string) => page.getByRole("button", { name, exact: true });
  const link = (name: string) => page.getByRole("link", { name, exact: true });
  const field = (label: string) => page.getByLabel(label, { exact: true });
  const heading = (name: string) => page.getByRole("heading", { name, exact: true });
  const status = (word: string) => page.locator(".title .status", { hasText: word });
  const fact = (name: string) => page.locator(`dt:text-is("${name}") + dd`);
  const chart = () => page.getByRole("figure", { name: /^Curves of/ });
  const says = (name: string, text: string) =>
    expect.poll(() => fact(name).textContent()).toBe(text);

  async function fill(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [label, value] of Object.entries(values)) await field(label).fill(value);
  }

  async function arrive(name: string, word: string, seconds = 60): Promise<void> {
    await heading(name).waitFor();
    await status(word).waitFor({ timeout: seconds * 1000 });
  }

  /** Dice of the best validation, as the page of the model says. */
  async function bestDice(): Promise<number> {
    const said = await fact("Best validation").textContent();
    return Number(/dice ([\d.e-]+) at epoch/.exec(said ?? "")?.[1]);
  }

  /** Waits until a picture looks different from before. */
  async function changes(picture: Locator, before: Buffer): Promise<void> {
    await expect.poll(async () => before.equals(await picture.screenshot())).toBe(false);
  }

  test("begins with a home page that says what to do next", async () => {
    await page.getByText("No dataset yet").waitFor();
    await link("New dataset").first().click();
    await heading("New dataset").waitFor();
  });

  test("makes the phantom's dataset, whose images are 256 x 256 and gray", async () => {
    await fill({ Patients: "4", "Dataset name": GRAY });
    await button("Create").click();
    await arrive(GRAY, "Done");
    await says("Feature shape", "1 × 256 × 256");
    await says("Label shape", "1 × 256 × 256");
    const drawn = "document.querySelector('.records img').naturalWidth";
    await expect.poll(() => page.evaluate(drawn)).toBe(256);
  });

  test("makes a model of a pasted network and an uploaded dice.ts, whose curve moves", async () => {
    await link("New model").last().click();
    await heading("New model").waitFor();
    await expect.poll(() => field("Dataset").inputValue()).toBe(GRAY);
    await field("Network, as prototxt").fill(networkText);
    await page.getByText("digits_python_layers.Dice").waitFor();
    await page.getByText("all weights start at 0").waitFor();
    await field("Custom layers").setInputFiles(diceLayer);
    await page.getByText("dice.ts").waitFor();
    await fill({ "Training epochs": "3", "Model name": SCRATCH });
    await field("Subtract mean").selectOption("none");
    await button("Create").click();
    await arrive(SCRATCH, "Running");
    await chart().waitFor();
    await changes(chart(), await chart().screenshot());
    await arrive(SCRATCH, "Done");
  });

  test("sees a Dice of 0, and a network that finds not a single pixel", async () => {
    expect(await bestDice()).toBe(0);
    await page.getByText("A Dice of 0 means").waitFor();
    await page.locator(".records button.tile").first().click();
    await page.getByText("finds nothing but background").waitFor();
  });

  test("clones the dataset as RGB images", async () => {
    await page.goto(`${studio.url}/datasets/${GRAY}`);
    await link("Clone").click();
    await expect.poll(() => field("Dataset name").inputValue()).toBe(`${GRAY}-copy`);
    await field("Channel conversion").selectOption("RGB");
    await fill({ "Dataset name": RGB });
    await button("Create").click();
    await arrive(RGB, "Done");
    await says("Feature shape", "3 × 256 × 256");
  });

  async function cloneModel(from: string, name: string): Promise<void> {
    await page.goto(`${studio.url}/models/${from}`);
    await link("Clone").click();
    await expect.poll(() => field("Model name").inputValue()).toBe(`${from}-copy`);
    await fill({ "Model name": name });
  }

  test("hits the shape mismatch of colour weights on gray images", async () => {
    await cloneModel(SCRATCH, "mismatch");
    await page.getByText("dice.ts").waitFor();
    await field("Pretrained weights").setInputFiles(weights);
    await page.getByText(/snapshot_iter_\d+\.caffemodel/).waitFor();
    await button("Create").click();
    await arrive("mismatch", "Failed");
    const sentence = page.locator(".banner.bad");
    await sentence.waitFor();
    expect(await sentence.textContent()).toMatch(
      /Cannot copy param 0 weights from layer 'conv1'; shape mismatch/,
    );
  });

  test("fixes it with the RGB dataset; fine-tuned, Dice rises", async () => {
    await cloneModel("mismatch", TUNED);
    await field("Dataset").selectOption(RGB);
    await fill({ "Training epochs": "7", "Base learning rate": "0.003", "Random seed": "1" });
    await field("Solver type").selectOption("Adam");
    await field("Policy").selectOption("fixed");
    await button("Create").click();
    await arrive(TUNED, "Running");
    await arrive(TUNED, "Done", 100);
    expect(await bestDice()).toBeGreaterThan(0.2);
  });

  test("tests a record, and the sliders change what is seen", async () => {
    await page.locator(".records button.tile").first().click();
    const overlay = page.locator("canvas[role=img]");
    await overlay.waitFor();
    expect(Number(await page.locator(".controls .score strong").textContent())).toBeGreaterThan(0);
    // The phantom's DICOM files give the size of a pixel.
    await page.getByRole("columnheader", { name: "HD95, mm" }).waitFor();
    for (const [slider, value] of [
      ["Opacity", "0.9"],
      ["Mask", "0.7"],
      ["Line width", "6"],
      ["Threshold", "5"],
    ] as const) {
      const before = await overlay.screenshot();
      await page.getByLabel(new RegExp(`^${slider}`)).fill(value);
      await changes(overlay, before);
    }
  });

  test("tests several slices of one's own, and names the file that is no image", async () => {
    const folder = at("jobs", `${GRAY}-files`);
    const slices = readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".dcm"))
      .slice(0, 2)
      .map((name) => ({ name: basename(name), buffer: readFileSync(join(folder, name)) }));
    const files = [...slices, { name: "no image.dcm", buffer: Buffer.from("text") }];
    await field("Images or DICOM slices of yours").setInputFiles(
      files.map((file) => ({ ...file, mimeType: "application/dicom" })),
    );
    await page.getByText("no image.dcm: ").waitFor();
    const tested = page.getByRole("list", { name: "Tested images" }).getByRole("button");
    expect(await tested.count()).toBe(2);
    await tested.nth(1).click();
    await page.locator("figcaption", { hasText: slices[1]!.name }).waitFor();
  });

  test("shows what each layer learned and computes", async () => {
    await page.getByLabel("Show visualizations and statistics").check();
    await page.locator(".records button.tile").first().click();
    await page.getByText(/layers, [\d,.]+ learned parameters/).waitFor();
    await page.getByText("Std deviation").first().waitFor();
  });

  test("tests the whole validation set, worst records first", async () => {
    await button("Test the validation set").click();
    await page.getByText("Records, worst first").waitFor({ timeout: 60_000 });
    const scores = await page.locator("strong", { hasText: /^Dice 0\.\d/ }).allTextContents();
    const values = scores.map((text) => Number(/[\d.]+/.exec(text)?.[0]));
    expect(values.length).toBeGreaterThan(1);
    expect(values).toEqual(values.toSorted((a, b) => a - b));
  });

  test("downloads the model", async () => {
    const waiting = page.waitForEvent("download");
    await link(".caffemodel").first().click();
    const file = at("downloaded.caffemodel");
    await (await waiting).saveAs(file);
    const { layer } = await readCaffemodel(file);
    const conv1 = layer.find(({ name }) => name === "conv1");
    expect(conv1?.blobs[0]?.shape?.dim.map(Number)).toEqual([16, 3, 5, 5]);
  });

  test("a training outlives the server that is killed; the page finds the next one by itself", async () => {
    await cloneModel(TUNED, LONG);
    await fill({ "Training epochs": "40" });
    await button("Create").click();
    await arrive(LONG, "Running");
    await chart().waitFor();
    await studio.end("SIGKILL");
    await page.getByText("The studio does not answer").waitFor();
    studio = await startStudioProgram(at("jobs"), [at("data")], Number(new URL(studio.url).port));
    await page.getByText("The studio does not answer").waitFor({ state: "detached" });
    await arrive(LONG, "Running");
    await changes(chart(), await chart().screenshot());
  });

  test("a server that is stopped stops its training, which is resumed", async () => {
    await button("Abort").click();
    await arrive(LONG, "Aborted");
    await button("Resume").click();
    await arrive(LONG, "Running");
    const before = await page.getByRole("progressbar").getAttribute("value");
    await expect.poll(() => page.getByRole("progressbar").getAttribute("value")).not.toBe(before);
    await studio.end("SIGINT");
    studio = await startStudioProgram(at("jobs"), [at("data")], Number(new URL(studio.url).port));
    await arrive(LONG, "Aborted");
    await button("Resume").click();
    await arrive(LONG, "Running");
    await button("Abort").click();
    await arrive(LONG, "Aborted");
  });

  test("no script failed on the way, and the policy had nothing to block", () => {
    expect(complaints).toEqual([]);
  });
});
