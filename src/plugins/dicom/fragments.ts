/** @file Which fragments of encapsulated pixel data make which frame. */
import { DataSourceError } from "../../errors.ts";
import type { Element, Span } from "./elements.ts";

/**
 * The compressed bytes of each frame.
 *
 * A frame is one fragment, or all of them when there is one frame; otherwise the offset table says where each begins,
 * and where that is empty, the start marker that JPEG and JPEG 2000 streams begin with.
 *
 * @throws DataSourceError when the fragments cannot be dealt out to `frames` frames.
 */
export function frameStreams(bytes: Uint8Array, pixelData: Element, frames: number): Uint8Array[] {
  const [offsetTable, ...fragments] = pixelData.fragments ?? [];
  if (!offsetTable || fragments.length < frames) {
    throw new DataSourceError(
      `holds ${fragments.length} compressed fragments for ${frames} frame${frames === 1 ? "" : "s"}`,
    );
  }
  const starts =
    frames === 1
      ? [0]
      : fragments.length === frames
        ? fragments.map((_, index) => index)
        : (startsFromTable(bytes, offsetTable, fragments) ?? startsFromMarkers(bytes, fragments));
  if (starts.length !== frames) {
    throw new DataSourceError(
      `its ${fragments.length} compressed fragments begin ${starts.length} frames, not ${frames}`,
    );
  }
  return starts.map((start, frame) => {
    const own = fragments.slice(start, starts[frame + 1] ?? fragments.length);
    return joined(own.map(({ offset, length }) => bytes.subarray(offset, offset + length)));
  });
}

/** The index of each frame's first fragment by the Basic Offset Table; undefined when that is empty or wrong. */
function startsFromTable(
  bytes: Uint8Array,
  table: Span,
  fragments: readonly Span[],
): number[] | undefined {
  if (table.length === 0 || table.length % 4 !== 0) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + table.offset, table.length);
  // Offsets count from the first byte after the table, to the item's tag, 8 bytes before its value.
  const first = fragments[0]!.offset;
  const indexOf = new Map(fragments.map(({ offset }, index) => [offset - first, index]));
  const starts: number[] = [];
  for (let at = 0; at < table.length; at += 4) {
    const index = indexOf.get(view.getUint32(at, true));
    if (index === undefined) return undefined;
    starts.push(index);
  }
  return starts;
}

function startsFromMarkers(bytes: Uint8Array, fragments: readonly Span[]): number[] {
  return fragments.flatMap(({ offset, length }, index) => {
    if (length < 3 || bytes[offset] !== 0xff) return [];
    const [marker, next] = [bytes[offset + 1], bytes[offset + 2]];
    const begins = (marker === 0xd8 && next === 0xff) || (marker === 0x4f && next === 0xff);
    return begins ? [index] : [];
  });
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
}
