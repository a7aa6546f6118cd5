/** @file Frames out of chunks of a pipe; nothing is reserved before its size was checked. */
import { type Frame, type FrameHeader, HEADER_BYTES, MAX_JSON_BYTES, readHeader } from "./frame.ts";

export class FrameReader {
  /** The most bytes of numbers that a frame may have. */
  maxBytes = 0;
  #header: FrameHeader | undefined;
  #target = new Uint8Array(HEADER_BYTES);
  #filled = 0;
  #json = "";

  /** @returns whole frames, or `undefined` when the bytes are no frames */
  push(chunk: Uint8Array): Frame[] | undefined {
    const frames: Frame[] = [];
    let at = 0;
    do {
      const length = Math.min(chunk.length - at, this.#target.length - this.#filled);
      this.#target.set(chunk.subarray(at, at + length), this.#filled);
      this.#filled += length;
      at += length;
      while (this.#filled === this.#target.length) {
        const frame = this.#next();
        if (frame === undefined) return undefined;
        if (frame !== "more") frames.push(frame);
      }
    } while (at < chunk.length);
    return frames;
  }

  /** Goes on from a part that is complete: header, JSON, numbers. */
  #next(): Frame | "more" | undefined {
    const part = this.#target;
    if (!this.#header) {
      const header = readHeader(part);
      if (!header || header.jsonBytes > MAX_JSON_BYTES || header.jsonBytes === 0) return undefined;
      if (header.numberBytes > this.maxBytes) return undefined;
      this.#header = header;
      return this.#expect(header.jsonBytes);
    }
    const { kind, numberBytes } = this.#header;
    if (this.#json === "") {
      this.#json = Buffer.from(part.buffer).toString();
      if (numberBytes > 0) return this.#expect(numberBytes);
    }
    const numbers = numberBytes > 0 ? part : new Uint8Array(0);
    const frame = { kind, json: this.#json, numbers };
    this.#header = undefined;
    this.#json = "";
    this.#expect(HEADER_BYTES);
    return frame;
  }

  #expect(bytes: number): "more" {
    this.#target = new Uint8Array(bytes);
    this.#filled = 0;
    return "more";
  }
}
