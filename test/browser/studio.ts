/** @file The built studio in a process of its own, and a real browser that looks at it. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { type Browser, type BrowserContextOptions, type Page, chromium } from "playwright-core";
import { program } from "../support/program.ts";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];

/** The browser to drive: CORTADO_CHROMIUM, or where distributions put one; undefined for none. */
export const chromiumPath = [process.env.CORTADO_CHROMIUM, ...PLACES].find(
  (path) => path !== undefined && existsSync(path),
);

/** What a title says where there is no browser. */
export const whySkipped = chromiumPath
  ? ""
  : " (skipped: there is no Chromium; install it, or name one in CORTADO_CHROMIUM)";

export async function launch(): Promise<Browser> {
  const isRoot = process.getuid?.() === 0;
  return chromium.launch({
    executablePath: chromiumPath!,
    // Chromium's own sandbox refuses to run as root, as it does in containers.
    args: isRoot ? ["--no-sandbox"] : [],
  });
}

/** A page that fails the test that it is in when a script of it fails, or when its policy blocks something. */
export async function openPage(
  browser: Browser,
  options: BrowserContextOptions = {},
): Promise<{ page: Page; complaints: string[] }> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const complaints: string[] = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    const isPolicy = /Content Security Policy/i.test(message.text());
    if (isPolicy) complaints.push(message.text());
  });
  return { page, complaints };
}

export interface RunningStudio {
  readonly url: string;
  /** Ends it with a signal, and waits for it. */
  end(signal: "SIGINT" | "SIGKILL"): Promise<void>;
}

/** @param port the one that an earlier studio had, so that its pages find the new one; 0 for any */
export async function startStudioProgram(
  jobs: string,
  data: readonly string[],
  port = 0,
): Promise<RunningStudio> {
  const words = ["studio", `--jobs=${jobs}`, `--data=${data.join(",")}`, `--port=${port}`];
  const child = spawn(process.execPath, [program, ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const exit = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  return {
    url: await announced(child),
    end(signal) {
      child.kill(signal);
      return exit;
    },
  };
}

function announced(child: ChildProcess): Promise<string> {
  let said = "";
  return new Promise((resolve, reject) => {
    const hear = (chunk: Buffer) => {
      said += chunk.toString();
      const url = /studio is at (\S+)/.exec(said)?.[1];
      if (url) resolve(url);
    };
    child.stdout?.on("data", hear);
    child.stderr?.on("data", hear);
    child.once("exit", (code) => reject(new Error(`the studio ended with ${code}: ${said}`)));
  });
}
