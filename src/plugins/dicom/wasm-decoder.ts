/** @file What the decoders compiled to WebAssembly have in common. */

export interface WasmFrameInfo {
  readonly width: number;
  readonly height: number;
  readonly bitsPerSample: number;
  readonly componentCount: number;
  /** JPEG 2000 only. */
  readonly isSigned?: boolean;
}

/** A decoder object of an Emscripten module; it lives in WebAssembly memory until deleted. */
export interface WasmDecoder {
  /** Memory of `length` bytes to put the compressed stream into. */
  getEncodedBuffer(length: number): Uint8Array;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): WasmFrameInfo;
  decode(): void;
  delete(): void;
}

/** Where a module prints to. */
export interface CodecOptions {
  print(line: string): void;
  printErr(line: string): void;
}

/** What such a package exports: it instantiates the module. */
export type LoadModule<Module> = (options: CodecOptions) => Promise<Module>;

export interface JpegLsDecoder extends WasmDecoder {
  /** 0: one component after the other; 1: line by line; 2: sample by sample. */
  getInterleaveMode(): number;
}
