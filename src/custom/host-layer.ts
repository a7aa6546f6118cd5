/** @file Running a custom layer inside a net: its methods called in order, its mistakes explained. */
import type { Blob } from "../core/blob.ts";
import type { Layer as NetLayer } from "../core/layer.ts";
import { tensorflow } from "../core/tensor.ts";
import { CustomLayerError } from "../errors.ts";
import { derivedBackward } from "./autodiff.ts";
import type { CustomLayerContext, Layer } from "./layer.ts";
import type { LoadedLayerClass } from "./load.ts";

/** Deep enough to find the user's line below TensorFlow.js's calls. */
const STACK_FRAMES = 100;

/** A net makes tops with the shape [0]; one that still has it after the first `reshape` was forgotten. */
const UNSET = 0;

/** A custom layer in this process, as the net sees it. Whatever its code throws is a CustomLayerError. */
export class HostedLayer implements NetLayer {
  readonly reshapesEachForward = true;
  paramPropagateDown?: boolean[];
  // Only what the user's class has, as the net asks for it by its presence.
  readonly prepare?: () => Promise<void>;
  readonly saveState?: () => unknown;
  readonly restoreState?: (state: unknown) => void;
  readonly dispose?: () => void;
  readonly #loaded: LoadedLayerClass;
  readonly #name: string;
  readonly #layer: Layer;
  readonly #counts: string;
  #isSetUp = false;
  #hasShapes = false;

  /** Makes the layer, runs its `setup`, and waits for what its first `reshape` needs. */
  static async create(
    loaded: LoadedLayerClass,
    context: CustomLayerContext,
    bottoms: readonly Blob[],
    tops: readonly Blob[],
  ): Promise<HostedLayer> {
    const hosted = new HostedLayer(loaded, context, bottoms, tops);
    try {
      await hosted.#wait("setup", () => hosted.#layer.setup(bottoms, tops));
      hosted.#isSetUp = true;
      await hosted.prepare?.();
    } catch (error) {
      hosted.#abandon();
      throw error;
    }
    return hosted;
  }

  /** Lets a layer that could not be set up close what it has opened; only its first mistake is told. */
  #abandon(): void {
    try {
      this.dispose?.();
    } catch {
      // It may well trip over what `setup` did not get to.
    }
    for (const blob of this.blobs) blob.dispose();
  }

  private constructor(
    loaded: LoadedLayerClass,
    context: CustomLayerContext,
    bottoms: readonly Blob[],
    tops: readonly Blob[],
  ) {
    this.#loaded = loaded;
    this.#name = context.name;
    this.#counts = `${bottoms.length} bottom(s) and ${tops.length} top(s)`;
    const createBlob: CustomLayerContext["createBlob"] = (shape, filler) => {
      if (this.#isSetUp) throw new Error("addBlob belongs in setup: the net has its blobs already");
      return context.createBlob(shape, filler);
    };
    const layer = this.#call(
      "constructor",
      () => new loaded.layerClass({ ...context, createBlob }),
    );
    this.#layer = layer;
    if (layer.prepare) {
      this.prepare = () => this.#wait("prepare", () => layer.prepare!(bottoms, tops));
    }
    if (layer.saveState) this.saveState = () => this.#call("saveState", () => layer.saveState!());
    if (layer.restoreState) {
      this.restoreState = (state) => this.#call("restoreState", () => layer.restoreState!(state));
    }
    if (layer.dispose) this.dispose = () => this.#call("dispose", () => layer.dispose!());
  }

  get blobs(): readonly Blob[] {
    return this.#layer.blobs;
  }

  reshape(bottoms: readonly Blob[], tops: readonly Blob[]): void {
    this.#call("reshape", () => {
      if (this.#hasShapes) return this.#layer.reshape(bottoms, tops);
      return this.#reshapeFirst(bottoms, tops);
    });
  }

  forward(bottoms: readonly Blob[], tops: readonly Blob[]): void {
    this.#call("forward", () => this.#layer.forward(bottoms, tops));
  }

  backward(
    tops: readonly Blob[],
    propagateDown: readonly boolean[],
    bottoms: readonly Blob[],
  ): void {
    if (this.#loaded.layerClass.autodiff) {
      const parameters = this.paramPropagateDown;
      this.#call("forward", () =>
        derivedBackward(this.#layer, tops, propagateDown, bottoms, parameters),
      );
    } else {
      this.#call("backward", () => this.#layer.backward(tops, propagateDown, bottoms));
    }
  }

  #reshapeFirst(bottoms: readonly Blob[], tops: readonly Blob[]): void {
    const result: unknown = this.#layer.reshape(bottoms, tops);
    refusePromise(result, "reshape");
    const forgotten = tops.findIndex(({ shape }) => shape.length === 1 && shape[0] === UNSET);
    if (forgotten >= 0) {
      throw new Error(
        `top[${forgotten}] got no shape. Call top[${forgotten}].reshape(...), with 1 for one number`,
      );
    }
    this.#hasShapes = true;
  }

  /** Calls a method of the user's and explains what it throws. */
  #call<Result>(method: string, body: () => Result): Result {
    try {
      const result = tidied(body);
      refusePromise(result, method);
      return result;
    } catch (thrown) {
      throw this.#explained(method, thrown);
    }
  }

  /** Calls a method that may be async. */
  async #wait(method: string, body: () => unknown): Promise<void> {
    try {
      await tidied(body);
    } catch (thrown) {
      throw this.#explained(method, thrown);
    }
  }

  #explained(method: string, thrown: unknown): CustomLayerError {
    if (thrown instanceof CustomLayerError && thrown.location) return thrown;
    const { className, module } = this.#loaded;
    const subject = `layer "${this.#name}" (Python, ${className}.${method}): `;
    return module.errorFrom(thrown, subject, this.#adviceOn(thrown));
  }

  /** For the mistakes that are made most when a layer is carried over from Python. */
  #adviceOn(thrown: unknown): string {
    if (!(thrown instanceof TypeError)) return "";
    if (thrown.message.includes("of undefined (reading")) {
      return `; the prototxt gives this layer ${this.#counts}`;
    }
    if (/Cannot set property (data|diff) of .* only a getter/.test(thrown.message)) {
      return "; values are written with set(values), setDiff(values) or data[i] = value";
    }
    return "";
  }
}

/** Runs the user's code and frees the tensors that it leaves behind. */
function tidied<Result>(body: () => Result): Result {
  const frames = Error.stackTraceLimit;
  Error.stackTraceLimit = STACK_FRAMES;
  const engine = tensorflow().engine();
  engine.startScope();
  try {
    return body();
  } finally {
    engine.endScope();
    Error.stackTraceLimit = frames;
  }
}

function refusePromise(result: unknown, method: string): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // What it may still throw would be one error too many.
  throw new Error(
    `${method} is async, but only setup and prepare are waited for: read files in prepare, ` +
      "and tensors with dataSync()",
  );
}
