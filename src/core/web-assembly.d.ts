/** The part of the WebAssembly API that cortado uses; TypeScript has it only together with the whole DOM. */
declare namespace WebAssembly {
  interface MemoryDescriptor {
    initial: number;
    maximum?: number;
    shared?: boolean;
  }
  class Memory {
    constructor(descriptor: MemoryDescriptor);
    readonly buffer: SharedArrayBuffer;
    grow(pages: number): number;
  }
  class Module {
    constructor(bytes: Uint8Array);
  }
  class Instance {
    constructor(module: Module, imports?: Record<string, Record<string, unknown>>);
    readonly exports: Record<string, unknown>;
  }
  /** What the running code throws when it breaks. */
  class RuntimeError extends Error {}
  let instantiate: (
    bytes: Uint8Array,
    imports?: Record<string, Record<string, unknown>>,
  ) => Promise<unknown>;
  function validate(bytes: Uint8Array): boolean;
}
