/** @file The class that users' own layers extend: what `caffe.Layer` is to a Python layer. */
import type { Blob } from "../core/blob.ts";
import type { RandomSource } from "../core/random.ts";
import type { FillerParameter, Phase } from "../schema/index.ts";
import type { Params } from "./param-str.ts";

/** What cortado gives a custom layer when it makes one. */
export interface CustomLayerContext {
  readonly name: string;
  readonly paramStr: string;
  readonly phase: Phase;
  readonly random: RandomSource;
  /** `param_str` as a dict; an error has its place in the prototxt. */
  readParams(): Params;
  /** The absolute path of a file that the prototxt names. */
  resolvePath(path: string): string;
  /** A filled blob in the heap of the net. */
  createBlob(shape: readonly number[], filler: FillerParameter): Blob;
}

/**
 * A layer that a prototxt names with `type: "Python"`, as a class in a file of its own:
 *
 *     import { type Blob, Layer } from "cortado";
 *
 *     export class Double extends Layer {
 *       reshape([x]: [Blob], [y]: [Blob]) { y.reshape(...x.shape); }
 *       forward([x]: [Blob], [y]: [Blob]) { y.set(x.tensor().mul(2)); }
 *       backward([y]: [Blob], [wanted]: boolean[], [x]: [Blob]) {
 *         if (wanted) x.setDiff(y.diffTensor().mul(2));
 *       }
 *     }
 *
 * `setup` and `prepare` may be async, the others are not. Methods run inside `tf.tidy`: tensors live
 * until the method returns, or first awaits, but for those given to `tf.keep`. Whatever a method
 * throws stops the net with the layer's file and line.
 */
export abstract class Layer {
  /**
   * `static autodiff = true` derives the gradient from `forward`, which then reads what has a
   * gradient with `tensor()`, writes each top with `set(tensor)`, and gives the same result when
   * it is called again: the backward pass runs it a second time. No `backward` is needed.
   */
  static readonly autodiff: boolean = false;

  /** The name that the prototxt gives the layer. */
  readonly name: string;
  /** `param_str` of the prototxt, "" where it gives none. */
  readonly paramStr: string;
  readonly phase: Phase;
  /**
   * The net's random numbers: seeded by the solver's `random_seed`, kept in snapshots. A layer that
   * draws from nothing else gives the same numbers again, also after a resume.
   */
  readonly random: RandomSource;
  readonly #context: CustomLayerContext;
  readonly #blobs: Blob[] = [];
  #params: Params | undefined;

  constructor(context: CustomLayerContext) {
    this.name = context.name;
    this.paramStr = context.paramStr;
    this.phase = context.phase;
    this.random = context.random;
    this.#context = context;
  }

  /**
   * `param_str` as a dict: `{'seed': 1337, 'mean': (104, 117, 123)}` as Python has it, JSON, or
   * `'feat_stride': 16`. Empty where the prototxt gives none.
   * @throws CustomLayerError with the place in the prototxt when it is something else
   */
  get params(): Params {
    this.#params ??= this.#context.readParams();
    return this.#params;
  }

  /** The learnable blobs, in the order in which `setup` added them; they are saved in the caffemodel. */
  get blobs(): readonly Blob[] {
    return this.#blobs;
  }

  /**
   * Adds a learnable blob; to be called in `setup`. The solver updates it from its `diff`, to which
   * `backward` adds.
   * @param filler how it starts, as in a prototxt: `{ type: "xavier" }`; zeros where it is left out
   */
  addBlob(shape: readonly number[], filler: FillerParameter = {}): Blob {
    const blob = this.#context.createBlob(shape, filler);
    this.#blobs.push(blob);
    return blob;
  }

  /**
   * The absolute path of a file that `param_str` names: relative paths start where those of the
   * prototxt do, at the working directory or the option `root`.
   */
  resolvePath(path: string): string {
    return this.#context.resolvePath(path);
  }

  /** Called once, before the first `reshape`: reads `params`, checks the number of bottoms, adds blobs. */
  setup(_bottom: readonly Blob[], _top: readonly Blob[]): void | Promise<void> {}

  /**
   * Waits for what the next `reshape` and `forward` need, such as an image that is being read. Called
   * after `setup` and before each forward pass, at the first one so for the second time: what comes
   * next is chosen in `forward`, and only waited for here.
   */
  prepare?(bottom: readonly Blob[], top: readonly Blob[]): void | Promise<void>;

  /** Gives every top its shape. Called before each forward pass. */
  abstract reshape(bottom: readonly Blob[], top: readonly Blob[]): void;

  /** Computes the values of the tops. */
  abstract forward(bottom: readonly Blob[], top: readonly Blob[]): void;

  /**
   * Writes the diff of `bottom[i]` where `propagateDown[i]`, and adds to the diffs of `blobs`, from
   * the diffs of the tops. Not called for a layer that the loss does not depend on.
   */
  backward(
    _top: readonly Blob[],
    _propagateDown: readonly boolean[],
    _bottom: readonly Blob[],
  ): void {
    throw new Error(
      "the loss depends on this layer, but its class has no backward. Write " +
        "backward(top, propagateDown, bottom), empty if nothing is to flow back, or let the gradient " +
        "be derived with `static autodiff = true`",
    );
  }

  /**
   * What a run that is resumed must know to go on as if it had never stopped, such as the number of
   * the next image: something that JSON can hold. It goes into the snapshot's side file; `blobs` and
   * `random` are kept anyhow.
   */
  saveState?(): unknown;

  /** Takes up what `saveState` gave; called after `setup`. */
  restoreState?(state: unknown): void;

  /**
   * Closes what the layer has opened; called once, when the net is disposed of, or when `setup` or `prepare`
   * has failed.
   */
  dispose?(): void;
}

/** A class that can be made into a layer. */
export interface LayerClass {
  new (context: CustomLayerContext): Layer;
  readonly autodiff: boolean;
  readonly prototype: Layer;
}

export function isLayerClass(value: unknown): value is LayerClass {
  return typeof value === "function" && value.prototype instanceof Layer;
}
