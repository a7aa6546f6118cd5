/** @file A DICOM file opened: its transfer syntax, and its data set indexed, inflated where it was deflated. */
import { inflateRawSync } from "node:zlib";
import { DataSourceError } from "../../errors.ts";
import {
  type Element,
  ElementReader,
  type Elements,
  type Encoding,
  formatTag,
  indexElements,
} from "./elements.ts";

/** A data set whose values can be asked for by tag. */
export class DataSet {
  readonly bytes: Uint8Array;
  readonly elements: Elements;
  readonly encoding: Encoding;
  readonly transferSyntax: string;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, elements: Elements, encoding: Encoding, transferSyntax: string) {
    this.bytes = bytes;
    this.elements = elements;
    this.encoding = encoding;
    this.transferSyntax = transferSyntax;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** The bytes of an element's value. */
  value(element: Element): Uint8Array {
    return this.bytes.subarray(element.offset, element.offset + element.length);
  }

  /** The first value of an element of VR US, or undefined when it is absent or empty. */
  uint16(tag: number): number | undefined {
    const element = this.elements.get(tag);
    if (!element || element.length < 2) return undefined;
    return this.#view.getUint16(element.offset, this.encoding.littleEndian);
  }

  /** The values of a text element, split at the backslash, without padding; empty when it is absent. */
  strings(tag: number): string[] {
    const element = this.elements.get(tag);
    if (!element || element.length === 0) return [];
    const text = Buffer.from(this.value(element)).toString("latin1");
    return text.split("\\").map((part) => part.replace(/^[\0\s]+|[\0\s]+$/g, ""));
  }

  /** The values of an element of VR DS; undefined unless there are exactly `count` numbers. */
  numbers(tag: number, count: number): number[] | undefined {
    const values = this.strings(tag).map((text) => (text === "" ? Number.NaN : Number(text)));
    return values.length === count && values.every(Number.isFinite) ? values : undefined;
  }

  /** @throws DataSourceError when the element is there but is not an integer. */
  integer(tag: number, name: string): number | undefined {
    const text = this.strings(tag)[0];
    if (text === undefined || text === "") return undefined;
    if (!/^[+-]?\d{1,12}$/.test(text)) {
      throw new DataSourceError(
        `${formatTag(tag)} ${name} is ${JSON.stringify(text)}, not an integer`,
      );
    }
    return Number(text);
  }
}

const ImplicitLittleEndian = "1.2.840.10008.1.2";
const ExplicitLittleEndian = "1.2.840.10008.1.2.1";
const ExplicitBigEndian = "1.2.840.10008.1.2.2";
const DeflatedExplicitLittleEndian = "1.2.840.10008.1.2.1.99";
const TRANSFER_SYNTAX_UID = 0x00020010;
/** No honest slice inflates to more, and a bomb may not. */
const MAX_INFLATED_BYTES = 512 * 1024 * 1024;

/**
 * Opens a DICOM file: with preamble and meta header, without either, or without the preamble only.
 *
 * @throws DataSourceError when it is no DICOM file or is cut off.
 */
export function openDataSet(bytes: Uint8Array): DataSet {
  const hasPreamble = bytes.length >= 132 && ascii(bytes, 128, 4) === "DICM";
  const start = hasPreamble ? 132 : 0;
  const bare = hasPreamble ? undefined : bareEncoding(bytes);
  if (!hasPreamble && !bare) {
    throw new DataSourceError(
      "is not a DICOM file: it has neither the letters DICM at byte 128 nor a DICOM element at its start",
    );
  }
  if (bare && groupAt(bytes, 0, bare.littleEndian) !== 2) {
    return indexedAs(bytes, 0, bare, bare.explicit ? ExplicitLittleEndian : ImplicitLittleEndian);
  }
  const { transferSyntax, end } = readMetaHeader(bytes, start);
  if (transferSyntax === DeflatedExplicitLittleEndian) {
    const encoding = { explicit: true, littleEndian: true };
    return indexedAs(inflate(bytes.subarray(end)), 0, encoding, transferSyntax);
  }
  const littleEndian = transferSyntax !== ExplicitBigEndian;
  // Some files say explicit and write implicit, or the reverse: the first element tells which it is.
  const explicit =
    end + 6 <= bytes.length ? hasLetters(bytes, end + 4) : transferSyntax !== ImplicitLittleEndian;
  return indexedAs(bytes, end, { explicit, littleEndian }, transferSyntax);
}

function indexedAs(bytes: Uint8Array, start: number, encoding: Encoding, uid: string): DataSet {
  return new DataSet(bytes, indexElements(bytes, start, encoding), encoding, uid);
}

/** The group 2 elements, always explicit little endian; the group length is not relied on, as it may be missing. */
function readMetaHeader(bytes: Uint8Array, start: number): { transferSyntax: string; end: number } {
  const reader = new ElementReader(bytes, start, { explicit: true, littleEndian: true });
  let transferSyntax: string | undefined;
  while (reader.remaining >= 8 && groupAt(bytes, reader.position, true) === 2) {
    const { tag, length } = reader.header();
    const offset = reader.position;
    reader.skip(length, tag);
    if (tag === TRANSFER_SYNTAX_UID) {
      transferSyntax = ascii(bytes, offset, length).replace(/[\0\s]+$/, "");
    }
  }
  if (!transferSyntax) {
    throw new DataSourceError(
      "its file meta header has no (0002,0010) Transfer Syntax UID, so its encoding is unknown",
    );
  }
  return { transferSyntax, end: reader.position };
}

/**
 * How a data set without preamble is encoded, judged by its first element, which must be of group 2 (a meta header)
 * or 8 (the group every image begins with); undefined when it is neither, and so probably no DICOM at all.
 */
function bareEncoding(bytes: Uint8Array): Encoding | undefined {
  if (bytes.length < 8) return undefined;
  for (const littleEndian of [true, false]) {
    const group = groupAt(bytes, 0, littleEndian);
    if (group === 8 || group === 2) return { explicit: hasLetters(bytes, 4), littleEndian };
  }
  return undefined;
}

function inflate(bytes: Uint8Array): Uint8Array {
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_INFLATED_BYTES });
  } catch (cause) {
    throw new DataSourceError("its deflated data set is damaged or inflates to more than 512 MiB", {
      cause,
    });
  }
}

function groupAt(bytes: Uint8Array, offset: number, littleEndian: boolean): number {
  const [low, high] = littleEndian ? [0, 1] : [1, 0];
  return bytes[offset + low]! | (bytes[offset + high]! << 8);
}

function hasLetters(bytes: Uint8Array, offset: number): boolean {
  return /^[A-Z]{2}$/.test(ascii(bytes, offset, 2));
}

function ascii(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.subarray(offset, offset + length)).toString("latin1");
}
