/** @file Net surgery: parameters of one net brought into another one that is shaped differently. */
import type { Blob } from "../core/blob.ts";
import { count, sameShape, shapeString } from "../core/shape.ts";
import { blobFromProto, isLeftOut, shapeFits } from "../model-file/index.ts";
import type { Net } from "../net/net.ts";
import type { NetParameter } from "../schema/index.ts";

/** What became of one parameter of the source. */
export interface SurgeryStep {
  readonly layer: string;
  readonly index: number;
  readonly action: "copied" | "copied flat" | "summed to gray" | "dropped";
  /** Shapes, or the reason. */
  readonly detail: string;
}

export interface SurgeryOptions {
  /** Sums the three input channels of filters where the target has one: a gray image then gives what its three copies would. */
  readonly gray?: boolean;
}

/**
 * Copies parameters by layer name. Where only the shapes differ and the numbers of values agree,
 * they are copied in order: a fully connected layer becomes the convolution that it is.
 * Parameters that the target lacks, or that are of another size, are dropped; the target keeps its own.
 */
export function transplant(
  source: NetParameter,
  target: Net,
  options: SurgeryOptions = {},
): SurgeryStep[] {
  return source.layer.flatMap(({ name = "", blobs }) =>
    blobs.map((proto, index): SurgeryStep => {
      const blob = target.params.get(name)?.[index];
      const step = { layer: name, index };
      if (isLeftOut(proto)) {
        return { ...step, action: "dropped", detail: "HDF5 holds it in the layer that shares it" };
      }
      if (!blob) return { ...step, action: "dropped", detail: "the target has no such parameter" };
      const stored = blobFromProto(proto, `blob ${index} of layer "${name}"`);
      const { shape, data } = stored;
      const shapes = `${shapeString(shape)} -> ${shapeString(blob.shape)}`;
      if (data.length === blob.count) {
        blob.set(data);
        const action = shapeFits(stored, blob.shape) ? "copied" : "copied flat";
        return { ...step, action, detail: shapes };
      }
      if (options.gray && isColorOf(shape, blob)) {
        sumChannels(data, shape, blob);
        return { ...step, action: "summed to gray", detail: shapes };
      }
      return { ...step, action: "dropped", detail: `sizes differ: ${shapes}` };
    }),
  );
}

/** (out, 3, ...) against (out, 1, ...) */
function isColorOf(shape: readonly number[], gray: Blob): boolean {
  const [out, channels, ...kernel] = shape;
  return channels === 3 && out !== undefined && sameShape([out, 1, ...kernel], gray.shape);
}

function sumChannels(data: Float32Array, shape: readonly number[], gray: Blob): void {
  const kernel = count(shape, 2);
  gray.set(
    Float32Array.from({ length: gray.count }, (_, i) => {
      const first = Math.floor(i / kernel) * 3 * kernel + (i % kernel);
      return data[first]! + data[first + kernel]! + data[first + 2 * kernel]!;
    }),
  );
}
