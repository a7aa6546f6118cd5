/** @file Entropy-coded JPEG data: the bits between the stuffed bytes, and the Huffman codes in them. */
import { DataSourceError } from "../../../errors.ts";

const FAST_BITS = 9;

/** A canonical Huffman code (ITU-T T.81 annex C), with a direct table for the codes of up to nine bits. */
export class HuffmanTable {
  /** `(length << 8) | symbol` by the next nine bits; 0 where the code is longer. */
  readonly fast = new Uint16Array(1 << FAST_BITS);
  /** The largest code of each length, or -1. */
  readonly largest = new Int32Array(17).fill(-1);
  /** Index of the symbol of code 0 of each length. */
  readonly base = new Int32Array(17);
  readonly symbols: Uint8Array;

  /** @param counts how many codes there are of length 1 to 16 */
  constructor(counts: Uint8Array, symbols: Uint8Array) {
    this.symbols = Uint8Array.from(symbols);
    let code = 0;
    let index = 0;
    for (let length = 1; length <= 16; length++) {
      const count = counts[length - 1]!;
      if (code + count > 1 << length) {
        throw new DataSourceError("its JPEG Huffman table has more codes than bits allow");
      }
      this.base[length] = index - code;
      for (let i = 0; i < count; i++, code++, index++) {
        if (length <= FAST_BITS) this.#fill(code, length, this.symbols[index]!);
      }
      if (count > 0) this.largest[length] = code - 1;
      code <<= 1;
    }
  }

  #fill(code: number, length: number, symbol: number): void {
    const first = code << (FAST_BITS - length);
    const next = (code + 1) << (FAST_BITS - length);
    this.fast.fill((length << 8) | symbol, first, next);
  }
}

/** Reads the bits of one scan, most significant first. */
export class BitReader {
  readonly #bytes: Uint8Array;
  #position: number;
  #buffer = 0;
  #count = 0;
  /** Bits made up after the end of the data, to let a code be looked up near it. */
  #padding = 0;

  constructor(bytes: Uint8Array, position: number) {
    this.#bytes = bytes;
    this.#position = position;
  }

  /** Where the marker that ended the entropy-coded data lies. */
  get position(): number {
    return this.#position;
  }

  /** The next `count` bits (0 to 16) as an unsigned number. */
  bits(count: number): number {
    if (count === 0) return 0;
    this.#fill(count);
    this.#count -= count;
    this.#checkPadding();
    return (this.#buffer >>> this.#count) & ((1 << count) - 1);
  }

  /** The next symbol of a Huffman code. */
  symbol(table: HuffmanTable): number {
    this.#fill(16);
    const next = (this.#buffer >>> (this.#count - 16)) & 0xffff;
    const entry = table.fast[next >>> (16 - FAST_BITS)]!;
    if (entry !== 0) {
      this.#count -= entry >> 8;
      this.#checkPadding();
      return entry & 255;
    }
    for (let length = FAST_BITS + 1; length <= 16; length++) {
      const code = next >>> (16 - length);
      if (code <= table.largest[length]!) {
        this.#count -= length;
        this.#checkPadding();
        return table.symbols[table.base[length]! + code]!;
      }
    }
    throw new DataSourceError("its JPEG data holds a code that its Huffman table does not have");
  }

  /** A number of `size` bits in JPEG's sign convention: the lower half of the range stands for negative values. */
  signed(size: number): number {
    if (size === 0) return 0;
    const value = this.bits(size);
    return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
  }

  /** Drops what is left of the current byte and steps over the restart marker that must follow. */
  restart(): void {
    this.#buffer = 0;
    this.#count = 0;
    this.#padding = 0;
    const bytes = this.#bytes;
    let at = this.#position;
    // A marker is 0xff and a byte that is neither stuffing (0) nor fill (0xff).
    while (at + 1 < bytes.length && (bytes[at] !== 0xff || (bytes[at + 1]! + 1) % 256 < 2)) at++;
    const marker = bytes[at + 1] ?? 0;
    if (marker < 0xd0 || marker > 0xd7) {
      throw new DataSourceError("its JPEG data lacks a restart marker");
    }
    this.#position = at + 2;
  }

  /** Makes at least `count` bits available; past the end of the data, zeros that must not be used. */
  #fill(count: number): void {
    const bytes = this.#bytes;
    while (this.#count < count) {
      let byte = bytes[this.#position];
      if (byte === undefined || (byte === 0xff && bytes[this.#position + 1] !== 0)) {
        byte = 0;
        this.#padding += 8;
      } else {
        this.#position += byte === 0xff ? 2 : 1;
      }
      // At most 15 + 8 bits are held, so nothing is shifted out.
      this.#buffer = ((this.#buffer & 0xffff) << 8) | byte;
      this.#count += 8;
    }
  }

  #checkPadding(): void {
    if (this.#padding > this.#count) throw new DataSourceError("its JPEG data ends early");
  }
}
