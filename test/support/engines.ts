/** @file The CPU engines that tests compare: both builds of the WebAssembly kernels, and C where it was built. */
import { Heap } from "../../src/core/heap.ts";
import type { EngineOptions } from "../../src/math/index.ts";
import { type InstructionSet, NativeEngine } from "../../src/math/native.ts";

/** A team of one, which needs nobody. */
const ALONE = { threads: 1, control: 0, rouse() {} };
const SETS: readonly InstructionSet[] = ["AVX-512", "AVX2", "NEON", "baseline"];

/** The instruction sets of the native engine that this machine has; none where it was not built. */
export const instructionSets: readonly InstructionSet[] = SETS.filter((set) => {
  const engine = NativeEngine.open(new Heap(), ALONE, set);
  engine?.dispose();
  return engine !== undefined;
});

/** Every engine that can run here, by a name for test titles. */
export const engines: readonly (readonly [name: string, options: EngineOptions])[] = [
  ["WebAssembly", { engine: "wasm" }],
  ["WebAssembly without relaxed SIMD", { engine: "wasm", build: "simd" }],
  ...instructionSets.map(
    (instructionSet) => [`C, ${instructionSet}`, { engine: "native", instructionSet }] as const,
  ),
];
