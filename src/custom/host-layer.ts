/** @file Running a custom layer inside a net: its methods called in order, its mistakes explained. */
import type { Blob } from "../core/blob.ts";
import type { Layer as NetLayer } from "../core/layer.ts";
import { tensorflow } from "../core/tensor.ts";
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
  readonly #loaded: LoadedLayerClass;
  readonly #name: string;
  readonly #layer: Layer;
  #isSetUp = false;
  #hasShapes = false;

  /** Makes the layer and calls its `setup`. */
  constructor(
    loaded: LoadedLayerClass,
    context: CustomLayerContext,
    bottoms: readonly Blob[],
    tops: readonly Blob[],
  ) {
    this.#loaded = loaded;
    this.#name = context.name;
    const createBlob: CustomLayerContext["createBlob"] = (shape, filler) => {
      if (this.#isSetUp) throw new Error("addBlob belongs in setup: the net has its blobs already");
      return context.createBlob(shape, filler);
    };
    this.#layer = this.#call(
      "constructor",
      () => new loaded.layerClass({ ...context, createBlob }),
    );
    this.#call("setup", () => this.#layer.setup(bottoms, tops));
    this.#isSetUp = true;
  }

  get blobs(): readonly Blob[] {
    return this.#layer.blobs;
  }

  reshape(bottoms: readonly Blob[], tops: readonly Blob[]): void {
    this.#call("reshape", () => {
      if (this.#hasShapes) this.#layer.reshape(bottoms, tops);
      else this.#reshapeFirst(bottoms, tops);
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
    this.#layer.reshape(bottoms, tops);
    const forgotten = tops.findIndex(({ shape }) => shape.length === 1 && shape[0] === UNSET);
    if (forgotten >= 0) {
      throw new Error(
        `top[${forgotten}] got no shape. Call top[${forgotten}].reshape(...), with 1 for one number`,
      );
    }
    this.#hasShapes = true;
  }

  /** Calls the user's code: frees the tensors that it leaves behind, and explains what it throws. */
  #call<Result>(method: string, body: () => Result): Result {
    const frames = Error.stackTraceLimit;
    Error.stackTraceLimit = STACK_FRAMES;
    const result: Result[] = [];
    try {
      tensorflow().tidy(() => {
        result.push(body());
      });
      refusePromise(result[0]);
      return result[0]!;
    } catch (thrown) {
      const { className, module } = this.#loaded;
      throw module.errorFrom(thrown, `layer "${this.#name}" (Python, ${className}.${method}): `);
    } finally {
      Error.stackTraceLimit = frames;
    }
  }
}

function refusePromise(result: unknown): void {
  if (!(result instanceof Promise)) return;
  result.catch(() => {}); // What it may still throw would be one error too many.
  throw new Error("is async, but the net does not wait for it. Read tensors with dataSync()");
}
