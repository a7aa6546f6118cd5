/** @file What is too large for a device, refused by the name of its layer. */
import type { Blob } from "../core/blob.ts";
import { mebi } from "../core/heap.ts";
import { shapeString } from "../core/shape.ts";
import { CaffeError, NetDefinitionError } from "../errors.ts";
import type { Device } from "./device.ts";
import type { PlannedLayer } from "./plan.ts";

/**
 * Refuses a layer with a blob that the device cannot hold in one piece.
 * @throws NetDefinitionError with the layer, the blob, its size and the limit
 */
export function checkFits(planned: PlannedLayer, device: Device): void {
  const problem = fitProblem(planned, device);
  if (problem !== undefined) throw new NetDefinitionError(problem);
}

/** Why a device cannot hold a layer's blobs; undefined where it can. */
export function fitProblem(
  planned: PlannedLayer,
  { name, remote }: Pick<Device, "name" | "remote">,
): string | undefined {
  const limit = remote?.largestBlob ?? Number.POSITIVE_INFINITY;
  const { layer, bottomBlobs, topBlobs } = planned;
  const groups: readonly (readonly [string, readonly Blob[]])[] = [
    ["parameter", layer.blobs],
    ["top", topBlobs],
    ["bottom", bottomBlobs],
  ];
  for (const [kind, blobs] of groups) {
    const index = blobs.findIndex((blob) => 4 * blob.count > limit);
    if (index < 0) continue;
    const { count, shape } = blobs[index]!;
    return (
      `layer "${planned.name}" (${planned.type}): its ${kind} ${index} of ${shapeString(shape)} needs ` +
      `${mebi(4 * count)}, and the device ${name} holds at most ${mebi(limit)} in one piece. ` +
      `Use ${kind === "parameter" ? "fewer outputs" : "a smaller batch or input"}, or --device cpu`
    );
  }
  return undefined;
}

/** An error of memory or of a filler that a pass comes upon, with the layer that it came from. */
export function withLayer(error: unknown, { name, type }: PlannedLayer): unknown {
  const head = `layer "${name}" (${type}): `;
  if (error instanceof NetDefinitionError && !error.problem.startsWith("layer ")) {
    const { problem, location, excerpt } = error;
    return new NetDefinitionError(head + problem, { location, excerpt, cause: error });
  }
  if (!(error instanceof CaffeError) || error.code !== "out-of-memory") return error;
  return new CaffeError(error.code, head + error.message, { cause: error });
}
