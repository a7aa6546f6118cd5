/** @file Where the demo plays: its folder, its numbered chapters, and the files that come with cortado. */
import { existsSync } from "node:fs";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { builtInLayerFolder } from "../../custom/find.ts";
import type { Device } from "../../device/index.ts";
import { UsageError } from "../../errors.ts";
import type { Io } from "../command.ts";

export interface DemoOptions {
  /** The folder to make. */
  readonly out: string;
  readonly seed: number;
  /** Of the fine-tuning, and of the pretraining. */
  readonly epochs: number;
  readonly pretrainEpochs: number;
  readonly patients: number;
  /** Colour pictures to pretrain on. */
  readonly pictures: number;
  /** Replaces the folder of an earlier demo. */
  readonly force: boolean;
  /** What all nets of the demo run on. */
  readonly device: Device;
}

/** Marks a folder that `force` may replace, and tells its reader what is in it. */
export const MARKER = "README.txt";

export class Stage {
  readonly options: DemoOptions;
  readonly io: Io;
  #chapters = 0;

  private constructor(options: DemoOptions, io: Io) {
    this.options = options;
    this.io = io;
  }

  /** @throws UsageError for a folder that exists, unless it is an earlier demo's and `force` is given */
  static async open(options: DemoOptions, io: Io): Promise<Stage> {
    const { out, force } = options;
    if (existsSync(out)) {
      if (!force) throw new UsageError(`${out} exists already; give another --out, or --force`);
      if (!existsSync(join(out, MARKER))) {
        throw new UsageError(
          `${out} is no folder of an earlier demo, so --force does not replace it`,
        );
      }
      await rm(out, { recursive: true });
    }
    await mkdir(out, { recursive: true });
    await writeFile(join(out, MARKER), "A demo of cortado that did not come to its end.\n");
    return new Stage(options, io);
  }

  chapter(title: string): void {
    this.say("", `${++this.#chapters}. ${title}`, "");
  }

  say(...lines: readonly string[]): void {
    for (const line of lines) this.io.out(line);
  }

  /** A path inside the demo's folder. */
  at(name: string): string {
    return join(this.options.out, name);
  }

  /** A path as the reader would type it. */
  shown(path: string): string {
    return relative(this.io.cwd, path) || basename(path);
  }

  /** One of the nets that come with cortado for the demo. */
  network(file: string): string {
    return join(builtInLayerFolder(), "..", "networks", "demo-fcn", file);
  }

  /** The layer of the Dice metric, as its user would upload it. */
  get diceLayer(): string {
    return join(builtInLayerFolder(), "dice.ts");
  }
}
