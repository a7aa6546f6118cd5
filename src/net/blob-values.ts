/** @file Blobs by name: values that are put into them, and what is brought to the host. */
import type { Blob } from "../core/blob.ts";
import { NetDefinitionError } from "../errors.ts";

/** Values for blobs, by name. */
export type BlobValues = Readonly<Record<string, ArrayLike<number>>>;

/** Puts each blob's values; where they do not fit, the error names the blob. */
export function giveValues(
  values: BlobValues,
  find: (name: string) => Blob,
  put: "set" | "setDiff",
): void {
  for (const [name, given] of Object.entries(values)) {
    const blob = find(name);
    try {
      blob[put](given);
    } catch (cause) {
      if (!(cause instanceof NetDefinitionError)) throw cause;
      throw new NetDefinitionError(`blob "${name}": ${cause.message}`, { cause });
    }
  }
}

/** Brings blobs to the host where a device has the newest values. */
export async function syncAll(blobs: readonly Blob[]): Promise<void> {
  await Promise.all(blobs.map((blob) => blob.sync()));
}
