/** @file Neuron layers: one bottom, one top of the same shape, each value computed from one value. */
import type { Blob } from "../../core/blob.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../../core/layer.ts";
import { refuseInPlace } from "./in-place.ts";

/** What one neuron layer of a net does. */
export interface Neuron {
  /** Reserves scratch memory for bottoms of x's shape. */
  reshape?(x: Blob): void;
  /** y = f(x); y may be x. */
  forward(x: Blob, y: Blob): void;
  /** x.diff = y.diff * f'(x); y may be x, and x then holds f(x). */
  backward?(x: Blob, y: Blob): void;
  dispose?(): void;
}

/** What distinguishes a type of neuron layer. */
interface NeuronType {
  readonly type: string;
  /** Whether top and bottom must be two blobs. */
  readonly refusesInPlace?: boolean;
  setUp(context: LayerContext): Neuron;
}

/** The definition of a layer that works value by value and learns nothing. */
export function neuronLayer({ type, refusesInPlace, setUp }: NeuronType): LayerDefinition {
  return {
    type,
    bottoms: exactly(1),
    tops: exactly(1),
    setUp(context) {
      if (refusesInPlace) refuseInPlace(context);
      const neuron = setUp(context);
      return {
        blobs: [],
        reshape([x], [y]) {
          y!.reshapeLike(x!);
          neuron.reshape?.(x!);
        },
        forward: ([x], [y]) => neuron.forward(x!, y!),
        backward([y], propagateDown, [x]) {
          if (propagateDown[0]) neuron.backward?.(x!, y!);
        },
        dispose: () => neuron.dispose?.(),
      };
    },
  };
}
