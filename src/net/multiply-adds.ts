/** @file The arithmetic in a net, as far as it counts. */
import { count } from "../core/shape.ts";
import type { NetLayer } from "./net-layer.ts";

/** Multiply-adds of one forward pass of the layers that make up nearly all of a net's work. */
export function multiplyAdds({ type, blobs, bottomBlobs, topBlobs }: NetLayer): number {
  const weight = blobs[0];
  const [bottom, top] = [bottomBlobs[0], topBlobs[0]];
  if (!weight || !bottom || !top) return 0;
  if (type === "Convolution") return topBlobs.length * top.count * count(weight.shape, 1);
  if (type === "Deconvolution") return topBlobs.length * bottom.count * count(weight.shape, 1);
  if (type === "InnerProduct") {
    const outputs = Math.max(1, top.shape.at(-1) ?? 1);
    return (top.count / outputs) * weight.count;
  }
  return 0;
}
