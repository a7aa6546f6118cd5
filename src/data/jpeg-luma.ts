/** @file The brightness plane of a color JPEG as it is stored, which is what OpenCV calls gray. */

const APP0 = 0xe0;
const APP14 = 0xee;
const START_OF_SCAN = 0xda;
/** Adobe's marker with color transform 0: the three planes are to be taken as they are. */
const UNTRANSFORMED = Uint8Array.of(
  ...[0xff, APP14, 0, 14],
  ...Buffer.from("Adobe"),
  ...[0, 100, 0, 0, 0, 0, 0],
);

/**
 * The same JPEG, marked such that a decoder hands out luma, Cb and Cr in place of red, green, blue.
 * @returns undefined where the planes are no luma and chroma, or the markers make no sense
 */
export function untransformedJpeg(bytes: Uint8Array): Uint8Array | undefined {
  const kept: Uint8Array[] = [bytes.subarray(0, 2), UNTRANSFORMED];
  let at = 2;
  while (at + 4 <= bytes.length) {
    if (bytes[at] !== 0xff) return undefined;
    const marker = bytes[at + 1]!;
    const end = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    const segment = bytes.subarray(at, end);
    if (isFrame(marker) && !hasLuma(segment)) return undefined;
    const isAdobe = marker === APP14 && startsWith(segment, "Adobe");
    if (isAdobe && segment[15] !== 1) return undefined;
    if (!isAdobe && !(marker === APP0 && startsWith(segment, "JFIF"))) kept.push(segment);
    at = end;
    if (marker === START_OF_SCAN) return Buffer.concat([...kept, bytes.subarray(at)]);
  }
  return undefined;
}

/** SOF0 to SOF15, without the Huffman, arithmetic and JPEG-extension markers between them. */
function isFrame(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xc8 && marker !== 0xcc;
}

/** Three components, and not those that libjpeg takes for red, green and blue by their names. */
function hasLuma(frame: Uint8Array): boolean {
  const ids = [frame[10], frame[13], frame[16]];
  return frame[9] === 3 && String.fromCharCode(...ids.map((id) => id ?? 0)) !== "RGB";
}

function startsWith(segment: Uint8Array, text: string): boolean {
  return Buffer.from(segment.subarray(4, 4 + text.length)).toString("latin1") === text;
}
