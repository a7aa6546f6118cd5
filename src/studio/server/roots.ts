/** @file Which folders of this machine the studio may read: paths stay inside them, through links too. */
import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { isAbsolute, join, resolve, sep } from "node:path";
import { Refusal, notFound } from "./refusal.ts";
import { ID_PATTERN } from "./schemas.ts";

const idForm = new RegExp(ID_PATTERN);

export class Roots {
  /** Where the jobs are; the real path. */
  readonly jobs: string;
  /** Where datasets may be made from; real paths. */
  readonly data: readonly string[];

  /** Both must exist. */
  constructor(jobs: string, data: readonly string[]) {
    this.jobs = realpathSync(jobs);
    this.data = data.map((folder) => realpathSync(folder));
  }

  /**
   * The real path of a file or folder that a user named.
   * @throws Refusal where it does not exist or lies outside
   */
  async inside(path: string, field = ""): Promise<string> {
    if (path.includes("\0") || !isAbsolute(path)) {
      throw new Refusal(400, `${path} is no absolute path`, field);
    }
    // What does not exist outside must look as what does.
    if (!this.#contains(resolve(path))) throw this.#outside(path, field);
    const real = await realpath(path).catch(() => undefined);
    if (real === undefined) throw new Refusal(400, `${path} does not exist`, field);
    if (!this.#contains(real)) throw this.#outside(path, field);
    return real;
  }

  /**
   * The folder of a job, whether it exists or not.
   * @throws Refusal for anything but a plain name
   */
  job(id: string): string {
    if (!idForm.test(id)) throw notFound("a job of that name");
    return join(this.jobs, id);
  }

  /** Folders whose files the custom layers of a job may read: its own, and those that datasets come from. */
  readable(id: string): string[] {
    return [this.job(id), ...this.data];
  }

  #contains(path: string): boolean {
    return [this.jobs, ...this.data].some((root) => isWithin(path, root));
  }

  #outside(path: string, field: string): Refusal {
    const known = this.data.join(", ") || "none; start with --data DIR";
    return new Refusal(403, `${path} is outside the folders of the studio (${known})`, field);
  }
}

export function isWithin(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}
