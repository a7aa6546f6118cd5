/** @file Tells which jobs may have changed: by the file system's events, and by a slow look for what these miss. */
import { type FSWatcher, watch } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";

/** Changes of so long come together. */
const GATHER_MS = 150;
/** Folders of other machines send no events, and a process that dies changes no file. */
const LOOK_MS = 2000;

export type WatchListener = (ids: ReadonlySet<string>) => void;

/** Watches only while somebody listens. */
export class JobWatch {
  readonly #jobs: string;
  readonly #logs: string;
  readonly #listeners = new Set<WatchListener>();
  /** By folder. */
  readonly #watchers = new Map<string, FSWatcher>();
  #changed = new Set<string>();
  #gathering: NodeJS.Timeout | undefined;
  #looking: NodeJS.Timeout | undefined;

  /**
   * @param jobs the folder of the job folders
   * @param logs the folder of what tasks say, `ID.log`
   */
  constructor(jobs: string, logs: string) {
    this.#jobs = jobs;
    this.#logs = logs;
  }

  /** @returns a function that ends it */
  listen(listener: WatchListener): () => void {
    this.#listeners.add(listener);
    if (this.#listeners.size === 1) this.#start();
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size === 0) this.close();
    };
  }

  /** Something of a job changed that its files do not show. */
  touch(id: string): void {
    if (this.#listeners.size === 0) return;
    this.#changed.add(id);
    this.#gathering ??= setTimeout(() => this.#tell(), GATHER_MS);
  }

  close(): void {
    clearInterval(this.#looking);
    clearTimeout(this.#gathering);
    this.#gathering = undefined;
    for (const watcher of this.#watchers.values()) watcher.close();
    this.#watchers.clear();
  }

  #tell(): void {
    this.#gathering = undefined;
    const changed = this.#changed;
    this.#changed = new Set();
    for (const listener of [...this.#listeners]) listener(changed);
  }

  #start(): void {
    this.#watch(this.#jobs, (name) => {
      this.touch(name);
      void this.#look([name]);
    });
    this.#watch(this.#logs, (name) => this.touch(name.replace(/\.log$/, "")));
    void this.#look();
    this.#looking = setInterval(async () => {
      for (const id of await this.#look()) this.touch(id);
    }, LOOK_MS).unref();
  }

  /** Watches the folders of jobs that are new. @returns the names of all that it looked at */
  async #look(names?: readonly string[]): Promise<readonly string[]> {
    const found = names ?? (await readdir(this.#jobs).catch(() => []));
    const shown = found.filter((name) => !name.startsWith("."));
    if (this.#listeners.size === 0) return [];
    for (const id of shown) this.#watch(join(this.#jobs, id), () => this.touch(id));
    return shown;
  }

  #watch(folder: string, onChange: (name: string) => void): void {
    if (this.#watchers.has(folder)) return;
    try {
      const watcher = watch(folder, { persistent: false }, (_event, name) => {
        if (name !== null && !name.startsWith(".")) onChange(name);
      });
      const drop = () => {
        watcher.close();
        if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
      };
      // A folder that is gone, or one watch too many: the slow look remains.
      watcher.on("error", drop);
      this.#watchers.set(folder, watcher);
    } catch {
      // It is no folder, or cannot be watched.
    }
  }
}
