/**
 * @file The elements of a DICOM data set: where each one lies in the file, without reading its value.
 *
 * Only the top level is indexed, because everything an image needs stands there; nested sequences are stepped over
 * without recursion, so that no depth of nesting can exhaust the stack. Every length is checked against the bytes
 * that are there before it is believed.
 */
import { DataSourceError } from "../../errors.ts";

/** How the elements of a data set are written. */
export interface Encoding {
  /** Value representations are spelled out; otherwise they follow from the tag. */
  readonly explicit: boolean;
  readonly littleEndian: boolean;
}

/** A stretch of bytes: a fragment of compressed pixel data. */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

export interface Element extends Span {
  /** `(group << 16) | element`, as an unsigned number. */
  readonly tag: number;
  /** Two letters, or "" in an implicit data set. */
  readonly vr: string;
  /** The items of encapsulated pixel data, the offset table first; absent for any other element. */
  readonly fragments?: readonly Span[];
}

export type Elements = ReadonlyMap<number, Element>;

const UNDEFINED_LENGTH = 0xffffffff;
const ITEM = 0xfffee000;
const ITEM_END = 0xfffee00d;
const SEQUENCE_END = 0xfffee0dd;
const PIXEL_TAGS: ReadonlySet<number> = new Set([0x7fe00008, 0x7fe00009, 0x7fe00010]);
/** Value representations whose explicit header has two reserved bytes and a 32-bit length. */
const LONG_VRS: ReadonlySet<string> = new Set("OB OD OF OL OV OW SQ SV UC UN UR UT UV".split(" "));

/** Reads headers of elements one after the other. */
export class ElementReader {
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  position: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, position: number, encoding: Encoding) {
    this.bytes = bytes;
    this.position = position;
    this.encoding = encoding;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get remaining(): number {
    return this.bytes.length - this.position;
  }

  uint16(): number {
    this.#need(2);
    const value = this.#view.getUint16(this.position, this.encoding.littleEndian);
    this.position += 2;
    return value;
  }

  uint32(): number {
    this.#need(4);
    const value = this.#view.getUint32(this.position, this.encoding.littleEndian);
    this.position += 4;
    return value;
  }

  tag(): number {
    const group = this.uint16();
    return ((group << 16) | this.uint16()) >>> 0;
  }

  /** The header of the next element; the position is then at its value. */
  header(explicit = this.encoding.explicit): { tag: number; vr: string; length: number } {
    const tag = this.tag();
    // Items and their delimiters never carry a value representation.
    if (!explicit || tag >>> 16 === 0xfffe) return { tag, vr: "", length: this.uint32() };
    this.#need(4);
    const vr = String.fromCharCode(this.bytes[this.position]!, this.bytes[this.position + 1]!);
    // Some writers mix implicit elements into an explicit data set; two bytes that are no letters tell.
    if (!/^[A-Z]{2}$/.test(vr)) return { tag, vr: "", length: this.uint32() };
    this.position += 2;
    if (!LONG_VRS.has(vr)) return { tag, vr, length: this.uint16() };
    this.position += 2;
    return { tag, vr, length: this.uint32() };
  }

  /** Moves past `length` bytes that the element `tag` announces. */
  skip(length: number, tag: number): void {
    if (length > this.remaining) {
      throw new DataSourceError(
        `the file ends inside element ${formatTag(tag)}: ${length} bytes announced, ${this.remaining} left`,
      );
    }
    this.position += length;
  }

  #need(count: number): void {
    if (count > this.remaining) throw new DataSourceError("the file ends inside an element header");
  }
}

/**
 * Indexes the top-level elements from `position` on, up to and including the pixel data.
 *
 * @throws DataSourceError where the file ends inside an element or a sequence is not closed.
 */
export function indexElements(bytes: Uint8Array, position: number, encoding: Encoding): Elements {
  const reader = new ElementReader(bytes, position, encoding);
  const elements = new Map<number, Element>();
  while (reader.remaining > 0) {
    // Trailing padding shorter than a header is no element.
    if (reader.remaining < 8 && elements.size > 0) break;
    const { tag, vr, length } = reader.header();
    const offset = reader.position;
    if (length !== UNDEFINED_LENGTH) {
      reader.skip(length, tag);
      elements.set(tag, { tag, vr, offset, length });
    } else if (PIXEL_TAGS.has(tag)) {
      const fragments = readFragments(reader);
      elements.set(tag, { tag, vr, offset, length: reader.position - offset, fragments });
    } else {
      skipUndefinedLength(reader, encoding.explicit && vr !== "UN");
      elements.set(tag, { tag, vr, offset, length: reader.position - offset });
    }
    if (PIXEL_TAGS.has(tag)) break;
  }
  return elements;
}

/** The items of encapsulated pixel data, up to the sequence delimiter. */
function readFragments(reader: ElementReader): Span[] {
  const fragments: Span[] = [];
  for (;;) {
    if (reader.remaining < 8) {
      throw new DataSourceError("the file ends before the delimiter of its compressed pixel data");
    }
    const { tag, length } = reader.header();
    if (tag === SEQUENCE_END) return fragments;
    if (tag !== ITEM) {
      throw new DataSourceError(
        `compressed pixel data holds element ${formatTag(tag)} where an item was expected`,
      );
    }
    const offset = reader.position;
    reader.skip(length, tag);
    fragments.push({ offset, length });
  }
}

/**
 * Steps over the value of an element of undefined length, and whatever is nested in it.
 *
 * Inside an element of VR UN the content is implicit (DICOM PS3.5 section 6.2.2), whatever surrounds it.
 */
function skipUndefinedLength(reader: ElementReader, explicit: boolean): void {
  const open: { kind: "sequence" | "item"; explicit: boolean }[] = [{ kind: "sequence", explicit }];
  while (open.length > 0) {
    const top = open[open.length - 1]!;
    const { tag, vr, length } = reader.header(top.explicit);
    if (tag === SEQUENCE_END || tag === ITEM_END) {
      open.pop();
      // A sequence that ends without closing its last item ends both.
      if (tag === SEQUENCE_END && top.kind === "item") open.pop();
    } else if (length !== UNDEFINED_LENGTH) {
      reader.skip(length, tag);
    } else if (top.kind === "sequence") {
      open.push({ kind: "item", explicit: top.explicit });
    } else {
      open.push({ kind: "sequence", explicit: top.explicit && vr !== "UN" });
    }
  }
}

/** A tag as DICOM texts write it: `(7fe0,0010)`. */
export function formatTag(tag: number): string {
  const digits = tag.toString(16).padStart(8, "0");
  return `(${digits.slice(0, 4)},${digits.slice(4)})`;
}
