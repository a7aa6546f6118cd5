/** @file An image as its file stores it. */
/** Planes in the order red, green, blue; where there is a palette, one plane of indices into it. */
export interface StoredImage {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
  readonly data: Uint8Array | Uint16Array;
  readonly palette?: readonly (readonly number[])[] | undefined;
}

/** Samples side by side to the first `keep` planes one after the other. */
export function storedPlanes(
  samples: Uint8Array | Uint16Array,
  width: number,
  height: number,
  channels: number,
  keep: number,
): StoredImage {
  const pixels = width * height;
  const data =
    samples instanceof Uint16Array ? new Uint16Array(keep * pixels) : new Uint8Array(keep * pixels);
  for (let c = 0; c < keep; c++) {
    for (let i = 0, from = c; i < pixels; i++, from += channels) {
      data[c * pixels + i] = samples[from]!;
    }
  }
  return { channels: keep, height, width, data };
}
