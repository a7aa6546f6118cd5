/** @file One dispatch of a kernel, prepared once: compiled for its shape, with its buffers bound. */
import type { Blob } from "../../core/blob.ts";
import type { SyncedMemory } from "../../core/synced-memory.ts";
import type { Gpu } from "./gpu.ts";

type Access = "read" | "write" | "update";

/** A buffer that a kernel uses. */
export interface Argument {
  readonly access: Access;
  /** Asked for at each run: a blob may get other memory. */
  readonly memory: () => SyncedMemory;
  /** The WGSL type of an element. */
  readonly type: string;
}

type Source = Blob | SyncedMemory;

const dataOf = (source: Source) => () => ("dataMemory" in source ? source.dataMemory : source);

/** What the kernel only reads: a blob's values, or a scratch memory. */
export const reads = (source: Source, type = "f32"): Argument => ({
  access: "read",
  memory: dataOf(source),
  type,
});
/** What the kernel writes all values of. */
export const writes = (source: Source, type = "f32"): Argument => ({
  access: "write",
  memory: dataOf(source),
  type,
});
/** What the kernel reads and writes. */
export const updates = (source: Source, type = "f32"): Argument => ({
  access: "update",
  memory: dataOf(source),
  type,
});
/** The same of a blob's gradient. */
export const readsDiff = (blob: Blob, type = "f32"): Argument => ({
  access: "read",
  memory: () => blob.diffMemory,
  type,
});
export const writesDiff = (blob: Blob, type = "f32"): Argument => ({
  access: "write",
  memory: () => blob.diffMemory,
  type,
});
export const updatesDiff = (blob: Blob, type = "f32"): Argument => ({
  access: "update",
  memory: () => blob.diffMemory,
  type,
});

export interface TaskSpec<Name extends string> {
  /** For the debugger and for profiles: "conv1 forward". */
  readonly label: string;
  readonly args: Readonly<Record<Name, Argument>>;
  /**
   * The WGSL module without its bindings. Two arguments in one memory, as in-place layers have, are one
   * variable, so the text takes the variables' names from `names`.
   */
  readonly code: (names: Readonly<Record<Name, string>>) => string;
  /** Workgroups along x, y and z. */
  readonly groups: readonly [number, number?, number?];
  /** About how many multiply-adds it is, where these are many. */
  readonly work?: number;
}

/** A prepared dispatch. */
export interface Task {
  /** Records it. */
  run(): void;
}

/** Variables of one memory, joined. */
interface Binding {
  readonly name: string;
  readonly type: string;
  access: Access;
}

/** Prepares a dispatch. It is compiled and bound when it first runs, and again when a blob gets other memory. */
export function createTask<Name extends string>(gpu: Gpu, spec: TaskSpec<Name>): Task {
  const entries = Object.entries<Argument>(spec.args);
  const memories: SyncedMemory[] = [];
  const groups = [spec.groups[0], spec.groups[1] ?? 1, spec.groups[2] ?? 1] as const;
  let bindings = new Map<SyncedMemory, Binding>();
  let pipeline: GPUComputePipeline | undefined;
  let group: GPUBindGroup | undefined;
  let bound: GPUBuffer[] = [];

  function isMoved(): boolean {
    let moved = !pipeline;
    for (let i = 0; i < entries.length; i++) {
      const memory = entries[i]![1].memory();
      if (memories[i] === memory) continue;
      memories[i] = memory;
      moved = true;
    }
    return moved;
  }

  function compile(): void {
    bindings = new Map();
    const names: Partial<Record<string, string>> = {};
    entries.forEach(([name, { access, type }], i) => {
      const known = bindings.get(memories[i]!);
      if (known && known.access !== access) known.access = "update";
      if (!known) bindings.set(memories[i]!, { name, type, access });
      names[name] = known?.name ?? name;
    });
    const declarations = [...bindings.values()].map(
      ({ name, type, access }, i) =>
        `@group(0) @binding(${i}) var<storage, ${access === "read" ? "read" : "read_write"}> ${name}: array<${type}>;\n`,
    );
    const code = spec.code(names as Record<Name, string>);
    pipeline = gpu.pipeline(spec.label, declarations.join("") + code);
    bound = [];
    group = undefined;
  }

  return {
    run() {
      if (isMoved()) compile();
      let index = 0;
      for (const [memory, { access }] of bindings) {
        const buffer = gpu[access](memory);
        if (bound[index] !== buffer) {
          bound[index] = buffer;
          group = undefined;
        }
        index++;
      }
      group ??= gpu.device.createBindGroup({
        label: spec.label,
        layout: pipeline!.getBindGroupLayout(0),
        entries: bound.map((buffer, binding) => ({ binding, resource: { buffer } })),
      });
      gpu.dispatch(pipeline!, group, groups, spec.work);
    },
  };
}
