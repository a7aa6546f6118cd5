/** @file Pieces of WGSL that many kernels use. */
import type { Argument, TaskSpec } from "./task.ts";

/** Invocations of a workgroup that works through a flat array. */
export const WORKGROUP = 256;
/** Workgroups along one axis at most, in every WebGPU. */
const MAX_GROUPS = 65_535;

/** Workgroups for `count` invocations, on two axes where one is too short. */
export function gridFor(count: number): readonly [number, number] {
  return gridOf(Math.max(1, Math.ceil(count / WORKGROUP)));
}

/** So many workgroups, and a few more where they need two axes. */
export function gridOf(groups: number): readonly [number, number] {
  if (groups <= MAX_GROUPS) return [groups, 1];
  const rows = Math.ceil(groups / MAX_GROUPS);
  return [Math.ceil(groups / rows), rows];
}

/** The entry point of a kernel with one invocation for each of `count` values; `i` is its number. */
export function flatMain(count: number, body: string): string {
  const [width] = gridFor(count);
  return /* wgsl */ `
@compute @workgroup_size(${WORKGROUP})
fn main(@builtin(global_invocation_id) at: vec3u) {
  let i = at.y * ${width * WORKGROUP}u + at.x;
  if (i >= ${count}u) { return; }
${body}
}`;
}

/** A task with one invocation, `i`, for each of `count` values. */
export function flatTask<Name extends string>(
  label: string,
  count: number,
  args: Readonly<Record<Name, Argument>>,
  body: (names: Readonly<Record<Name, string>>) => string,
  /** Functions that the body calls. */
  functions = "",
): TaskSpec<Name> {
  return {
    label,
    args,
    code: (names) => functions + flatMain(count, body(names)),
    groups: gridFor(count),
  };
}

/** A float as WGSL writes it. */
export function float(value: number): string {
  if (!Number.isFinite(value)) throw new Error(`internal: WGSL has no literal for ${value}`);
  const text = String(Math.fround(value));
  return /[.e]/.test(text) ? `${text}f` : `${text}.0f`;
}
