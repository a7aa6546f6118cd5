/** @file Files that pages upload: kept under a random name until a form uses them, or for a day. */
import { randomBytes } from "node:crypto";
import { mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { FileRef } from "../api-types.ts";
import type { Jobs } from "./jobs.ts";
import { Refusal, notFound } from "./refusal.ts";
import type { Roots } from "./roots.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}$/;
const TICKET = /^[0-9a-f]{24}$/;
const KEEP_MS = 24 * 60 * 60 * 1000;

export class Uploads {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /**
   * Keeps a file under its own name in a folder of its own.
   * @returns the ticket that a form names it with
   */
  async keep(name: string, content: Uint8Array): Promise<string> {
    if (!NAME.test(name)) {
      throw new Refusal(
        400,
        `the file name "${name}" has characters other than letters, digits, . _ -`,
      );
    }
    await this.#dropOld();
    const ticket = randomBytes(12).toString("hex");
    await mkdir(join(this.#folder, ticket));
    await writeFile(join(this.#folder, ticket, name), content);
    return ticket;
  }

  /** @throws Refusal for a ticket that was not given out, or has run out */
  async path(ticket: string): Promise<string> {
    if (!TICKET.test(ticket)) throw notFound("the uploaded file");
    const [name] = await readdir(join(this.#folder, ticket)).catch(() => []);
    if (name === undefined) throw new Refusal(400, "the uploaded file is gone; choose it again");
    return join(this.#folder, ticket, name);
  }

  async drop(ticket: string): Promise<void> {
    if (TICKET.test(ticket)) await rm(join(this.#folder, ticket), { recursive: true, force: true });
  }

  async #dropOld(): Promise<void> {
    for (const name of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, name)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > KEEP_MS) await this.drop(name);
    }
  }
}

/** The path of a file that a form names: an upload, a file of a job, or a path inside the roots. */
export async function filePath(
  ref: FileRef,
  { roots, uploads, jobs }: { roots: Roots; uploads: Uploads; jobs: Jobs },
  field: string,
): Promise<string> {
  if ("upload" in ref) return uploads.path(ref.upload);
  if ("path" in ref) return roots.inside(ref.path, field);
  await jobs.model(ref.job);
  if (basename(ref.file) !== ref.file || ref.file.startsWith(".")) throw notFound(ref.file);
  return roots.inside(join(roots.job(ref.job), ref.file), field);
}
