/** @file Files that pages upload: kept under a random name until a form uses them, or for a day. */
import { randomBytes } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { type Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { FileRef } from "../api-types.ts";
import type { Jobs } from "./jobs.ts";
import { Refusal, notFound } from "./refusal.ts";
import type { Roots } from "./roots.ts";

const NAME = /^[A-Za-z0-9_][A-Za-z0-9._ -]{0,99}$/;
const TICKET = /^[0-9a-f]{24}$/;
const KEEP_MS = 24 * 60 * 60 * 1000;
/** How many files of the largest size may wait for a form. */
const LARGEST = 8;

export class Uploads {
  readonly #folder: string;
  readonly #limit: number;

  /** @param limit the most bytes of a file */
  constructor(folder: string, limit: number) {
    this.#folder = folder;
    this.#limit = limit;
  }

  /**
   * Keeps a file under its own name in a folder of its own.
   * @returns the ticket that a form names it with
   */
  async keep(name: string, content: Readable): Promise<string> {
    if (!NAME.test(name)) {
      throw new Refusal(
        400,
        `the file name "${name}" has characters other than letters, digits, . _ -`,
      );
    }
    const room = LARGEST * this.#limit - (await this.#dropOld());
    const ticket = randomBytes(12).toString("hex");
    await mkdir(join(this.#folder, ticket));
    try {
      // To the disk as it comes: nothing of it is held in memory.
      await pipeline(
        content,
        counted(this.#limit, `the file is larger than ${this.#limit} bytes`),
        counted(room, "there are too many uploaded files; use them in a form, or wait for a day"),
        createWriteStream(join(this.#folder, ticket, name), { flags: "wx", mode: 0o600 }),
      );
    } catch (error) {
      await this.drop(ticket);
      throw error;
    }
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

  /** @returns the bytes of those that are kept */
  async #dropOld(): Promise<number> {
    let kept = 0;
    for (const ticket of await readdir(this.#folder)) {
      const found = await stat(join(this.#folder, ticket)).catch(() => undefined);
      if (found && Date.now() - found.mtimeMs > KEEP_MS) await this.drop(ticket);
      else kept += await sizeOf(join(this.#folder, ticket));
    }
    return kept;
  }
}

async function sizeOf(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = names.map((name) => stat(join(folder, name)).catch(() => undefined));
  return (await Promise.all(sizes)).reduce((sum, found) => sum + (found?.size ?? 0), 0);
}

/** Passes bytes on, up to a limit. */
function counted(limit: number, complaint: string): Transform {
  let count = 0;
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      count += chunk.length;
      if (count > limit) done(new Refusal(413, complaint));
      else done(null, chunk);
    },
  });
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
