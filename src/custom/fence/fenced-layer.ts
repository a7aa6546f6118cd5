/** @file A custom layer in a process of its own, as the net sees it. */
import type { Blob } from "../../core/blob.ts";
import type { FenceOptions } from "../../core/fence-options.ts";
import type { Heap } from "../../core/heap.ts";
import type { Layer as NetLayer } from "../../core/layer.ts";
import { count, shapeString } from "../../core/shape.ts";
import { CustomLayerError } from "../../errors.ts";
import { compileLayerFile } from "../compile.ts";
import { type HostModules, loadHostModules } from "../host-modules.ts";
import type { CustomLayerContext } from "../layer.ts";
import { layerError, scriptNameOf } from "../layer-module.ts";
import { checkExports, findLayerFile } from "../load.ts";
import { FenceChannel, FencedProcessDeath, type Outgoing } from "./channel.ts";
import { onlyFilesBeside } from "./fenced-compile.ts";
import { FenceFiles, type FileReaders } from "./files.ts";
import type { Frame } from "./frame.ts";
import { launchOf } from "./launch.ts";
import type { Ask, CreateOrder, Done, Failed, MethodOrder } from "./messages.ts";
import { type ArrayRef, blobOf, isDiff } from "./messages.ts";
import { RANDOM_BYTES, randomBytesOf, randomStateOf } from "./random-bytes.ts";
import { FenceProtocolError, check, readAsk, readReply } from "./replies.ts";
import { sentenceOf } from "./sentences.ts";

const DEFAULT_SECONDS = 60;
const DEFAULT_MEGABYTES = 1024;
const MIB = 2 ** 20;
/** Values and diffs. */
const BYTES_EACH = 8;
/** More learnable blobs than any layer has. */
const MAX_BLOBS = 1000;

/** The layer that a prototxt names, and what it is worked on with. */
export interface FencedLayerSource {
  readonly module: string;
  readonly className: string;
  readonly layerPath: readonly string[];
  readonly fence: FenceOptions;
  readonly bottoms: readonly Blob[];
  readonly tops: readonly Blob[];
  /** Where all blobs lie. */
  readonly heap: Heap;
  /** Gets what the layer prints. */
  onPrint(text: string): void;
}

type Method = MethodOrder["method"] | "create";

/**
 * Blobs stay in the net's memory. The process gets the values that the layer looks at and gives back
 * those that it has changed; so a layer does the same as it would do in the net's process.
 */
export class FencedLayer implements NetLayer {
  readonly reshapesEachForward = true;
  readonly blobs: Blob[] = [];
  paramPropagateDown?: boolean[];
  // Only what the user's class has, as the net asks for it by its presence.
  prepare?: () => Promise<void>;
  saveState?: () => unknown;
  restoreState?: (state: unknown) => void;
  readonly #source: FencedLayerSource;
  readonly #context: CustomLayerContext;
  readonly #channel: FenceChannel;
  readonly #files: FenceFiles;
  readonly #megabytes: number;
  readonly #errorOf: (failure: Failed) => CustomLayerError;
  /** Bottoms and tops without repetition, then the learnable blobs. */
  readonly #all: Blob[];
  /** What each method looked at when it was last called. */
  readonly #read = new Map<Method, readonly ArrayRef[]>();
  #isCreating = true;
  #disposes = false;

  /**
   * Compiles the file, starts a process, and runs the layer's `setup` in it.
   * @throws CustomLayerError
   */
  static async create(
    source: FencedLayerSource,
    context: CustomLayerContext,
  ): Promise<FencedLayer> {
    const { module, className, layerPath, fence } = source;
    const file = findLayerFile(module, className, layerPath);
    const modules = await loadHostModules();
    const compiled = await compileLayerFile(file, modules, [onlyFilesBeside(file)]);
    const megabytes = fence.megabytes ?? DEFAULT_MEGABYTES;
    const launch = await launchOf(fence, megabytes);
    const errorOf = ({ text, place, found }: Failed) => {
      if (found) checkExports(file, className, found);
      const location = place && compiled.originOf(place.line, place.column);
      return layerError(text, file, location);
    };
    const files = new FenceFiles(readersOf(modules), fence.read ?? [], megabytes);
    const layer = new FencedLayer(source, context, { launch, megabytes, errorOf, files });
    try {
      await layer.#create({
        code: compiled.code,
        scriptName: scriptNameOf(compiled),
        exportNames: Object.keys(modules.cortado!),
      });
    } catch (error) {
      layer.dispose();
      for (const blob of layer.blobs) blob.dispose();
      throw error;
    }
    return layer;
  }

  private constructor(
    source: FencedLayerSource,
    context: CustomLayerContext,
    settings: {
      launch: Awaited<ReturnType<typeof launchOf>>;
      megabytes: number;
      errorOf: (failure: Failed) => CustomLayerError;
      files: FenceFiles;
    },
  ) {
    this.#source = source;
    this.#context = context;
    this.#megabytes = settings.megabytes;
    this.#errorOf = settings.errorOf;
    this.#files = settings.files;
    this.#all = [...new Set([...source.bottoms, ...source.tops])];
    this.#channel = new FenceChannel({
      launch: settings.launch,
      heap: source.heap,
      megabytes: settings.megabytes,
      seconds: source.fence.seconds ?? DEFAULT_SECONDS,
      onPrint: source.onPrint,
    });
  }

  reshape(): void {
    this.#call({ method: "reshape" });
  }

  forward(): void {
    this.#call({ method: "forward" });
  }

  backward(_tops: readonly Blob[], propagateDown: readonly boolean[]): void {
    const { paramPropagateDown } = this;
    this.#call({ method: "backward", propagateDown, paramPropagateDown });
  }

  /** Runs the layer's own `dispose`, if it has one, and ends its process. */
  dispose(): void {
    try {
      if (this.#disposes) this.#call({ method: "dispose" });
    } finally {
      this.#disposes = false;
      this.#channel.close();
    }
  }

  async #create(program: Pick<CreateOrder, "code" | "scriptName" | "exportNames">): Promise<void> {
    const { bottoms, tops, className } = this.#source;
    const { name, paramStr, phase } = this.#context;
    const numbers = (blobs: readonly Blob[]) => blobs.map((blob) => this.#all.indexOf(blob));
    const order: CreateOrder = {
      ...program,
      method: "create",
      className,
      layer: { name, paramStr, phase },
      bottoms: numbers(bottoms),
      tops: numbers(tops),
      shapes: this.#all.map(({ shape }) => shape),
    };
    const { hooks } = await this.#callAsync("create", this.#outgoing(order));
    this.#isCreating = false;
    if (hooks?.prepare) {
      this.prepare = async () => {
        await this.#callAsync("prepare", this.#ordered({ method: "prepare" }));
      };
    }
    if (hooks?.saveState) this.saveState = () => this.#call({ method: "saveState" }).state;
    if (hooks?.restoreState) {
      this.restoreState = (state) => {
        this.#call({ method: "restoreState", state });
      };
    }
    this.#disposes = hooks?.dispose ?? false;
  }

  #call(order: Omit<MethodOrder, "shapes" | "sent">): Done {
    return this.#explaining(order.method, () => {
      const frame = this.#channel.call(this.#ordered(order), (ask) => this.#answer(ask));
      return this.#takeReply(order.method, frame);
    });
  }

  async #callAsync(method: Method, order: Outgoing): Promise<Done> {
    const frame = await this.#channel
      .callAsync(order, (ask) =>
        this.#explaining(method, () => this.#taken(ask) ?? this.#answer(ask)),
      )
      .catch((error: unknown) => {
        throw this.#explained(method, error);
      });
    return this.#explaining(method, () => this.#takeReply(method, frame));
  }

  #explaining<T>(method: Method, body: () => T): T {
    try {
      return body();
    } catch (error) {
      throw this.#explained(method, error);
    }
  }

  /** A death of the process, or a breach of the protocol, as a sentence with the layer's name. */
  #explained(method: Method, error: unknown): unknown {
    const isBreach = error instanceof FenceProtocolError || error instanceof RangeError;
    if (!isBreach && !(error instanceof FencedProcessDeath)) return error;
    if (isBreach) this.#channel.close();
    const death =
      error instanceof FencedProcessDeath ? error.death : ({ why: "protocol" } as const);
    const shown = method === "create" ? "setup" : method;
    const text = `${this.#subject(method)}${sentenceOf(death, shown, this.#megabytes)}`;
    return this.#errorOf({ done: false, text });
  }

  #subject(method: Method): string {
    const shown = method === "create" ? "setup" : method;
    return `layer "${this.#context.name}" (Python, ${this.#source.className}.${shown}): `;
  }

  /** An order with the shapes of all blobs, and with the values that the method looked at last time. */
  #ordered(order: Omit<MethodOrder, "shapes" | "sent">): Outgoing {
    const sent = this.#read.get(order.method) ?? [];
    const shapes = this.#all.map(({ shape }) => shape);
    return this.#outgoing({ ...order, shapes, sent } satisfies MethodOrder, sent);
  }

  #outgoing(message: object, arrays: readonly ArrayRef[] = [], numbers?: Uint8Array): Outgoing {
    const bottoms = this.#source.bottoms.reduce((sum, blob) => sum + blob.count, 0);
    return {
      json: JSON.stringify(message),
      ranges: arrays.map((ref) => this.#range(ref)),
      numbers,
      maxBytes: this.#megabytes * MIB + BYTES_EACH * bottoms + RANDOM_BYTES,
    };
  }

  #range(ref: ArrayRef): readonly [number, number] {
    const blob = this.#all[blobOf(ref)]!;
    const { byteOffset, byteLength } = isDiff(ref) ? blob.diff : blob.data;
    return [byteOffset, byteLength];
  }

  /** What the layer's process asks for; what cannot be given is said in the layer, at its line. */
  #answer(frame: Frame): Outgoing {
    const ask = readAsk(frame, this.#all.length);
    try {
      return this.#answerTo(ask, frame);
    } catch (error) {
      if (error instanceof FenceProtocolError) throw error;
      return this.#outgoing({ problem: messageOf(error) });
    }
  }

  /** The values of a file that the layer takes now; undefined for anything else. */
  #taken(frame: Frame): Promise<Outgoing> | undefined {
    const ask = readAsk(frame, this.#all.length);
    if (ask.ask !== "take") return undefined;
    const content = this.#files.take(ask.ticket);
    check(content !== undefined);
    return content.then(
      ({ facts, bytes }) => this.#outgoing({ file: facts }, [], bytes),
      (error: unknown) => this.#outgoing({ problem: messageOf(error) }),
    );
  }

  #answerTo(ask: Ask, { numbers }: Frame): Outgoing {
    const { random } = this.#context;
    switch (ask.ask) {
      case "array":
        this.#reshapeAs(blobOf(ask.ref), ask.shape);
        return this.#outgoing({}, [ask.ref]);
      case "random":
        return this.#outgoing({}, [], randomBytesOf(random.state()));
      case "path":
        return this.#outgoing({ path: this.#context.resolvePath(ask.path) });
      case "begin": {
        const ticket = this.#files.begin(ask.file);
        check(ticket !== undefined);
        return this.#outgoing({ ticket });
      }
      case "take":
        // Only an order that is awaited can wait for a file.
        throw new FenceProtocolError("a fenced layer's process waits where nobody can");
      case "blob": {
        check(this.#isCreating && this.blobs.length < MAX_BLOBS);
        if (ask.hasRandom) random.restore(randomStateOf(numbers));
        this.#checkMemory([...this.#ownShapes(), ask.shape]);
        const blob = this.#context.createBlob(ask.shape, ask.filler);
        this.blobs.push(blob);
        this.#all.push(blob);
        return this.#outgoing({});
      }
    }
  }

  #takeReply(method: Method, frame: Frame): Done {
    const reply = readReply(frame, this.#all.length);
    if (!reply.done) {
      if (reply.isParamStr) this.#context.readParams();
      throw this.#errorOf(reply);
    }
    try {
      reply.shapes.forEach((shape, index) => {
        this.#reshapeAs(index, shape);
      });
    } catch (error) {
      const text = `${this.#subject(method)}${messageOf(error)}`;
      throw this.#errorOf({ done: false, text });
    }
    this.#write(reply, frame.numbers);
    this.#read.set(method, reply.read);
    return reply;
  }

  /** Takes over what the layer has changed. */
  #write({ written, hasRandom }: Done, numbers: Uint8Array<ArrayBuffer>): void {
    const counts = written.map((ref) => this.#all[blobOf(ref)]!.count);
    const total = counts.reduce((sum, values) => sum + 4 * values, hasRandom ? RANDOM_BYTES : 0);
    check(numbers.length === total);
    let at = 0;
    written.forEach((ref, i) => {
      const blob = this.#all[blobOf(ref)]!;
      const values = new Float32Array(numbers.buffer, at, counts[i]!);
      const target = isDiff(ref) ? blob.diff : blob.data;
      // A device that only knows shapes has no memory to write to.
      if (target.length === values.length) target.set(values);
      at += 4 * counts[i]!;
    });
    if (hasRandom) this.#context.random.restore(randomStateOf(numbers.subarray(at)));
  }

  #reshapeAs(index: number, shape: readonly number[]): void {
    const blob = this.#all[index]!;
    if (shapeString(blob.shape) === shapeString(shape)) return;
    const others = this.#ownShapes().filter((_, i) => i !== this.#owned().indexOf(index));
    this.#checkMemory([...others, shape]);
    blob.reshape(...shape);
  }

  /** The numbers of the blobs that are the layer's to shape. */
  #owned(): number[] {
    return this.#all.flatMap((blob, i) => (this.#source.bottoms.includes(blob) ? [] : [i]));
  }

  #ownShapes(): (readonly number[])[] {
    return this.#owned().map((index) => this.#all[index]!.shape);
  }

  /** What a layer makes of its tops and blobs, the net's process must hold. */
  #checkMemory(shapes: readonly (readonly number[])[]): void {
    const values = shapes.reduce((sum, shape) => sum + count(shape), 0);
    if (values * BYTES_EACH <= this.#megabytes * MIB) return;
    const needed = Math.ceil((values * BYTES_EACH) / MIB);
    throw new CustomLayerError(
      `it asked for tops and blobs of ${needed} MiB, more than the ${this.#megabytes} MiB that the fence allows`,
    );
  }
}

/** What layers outside the fence find in "cortado". */
function readersOf({ cortado = {} }: HostModules): FileReaders {
  return {
    loadImage: cortado.loadImage as FileReaders["loadImage"],
    readNpy: cortado.readNpy as FileReaders["readNpy"],
  };
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));
