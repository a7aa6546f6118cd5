/** @file Sums and moments of many values on the GPU, always added in the same order. */
import type { Argument, TaskSpec } from "./task.ts";
import type { Scratch } from "./scratch.ts";
import { WORKGROUP, flatMain, gridFor } from "./wgsl.ts";

/** Which values belong together: x[o, row, i] over all o and i. */
export interface Rows {
  readonly outer: number;
  readonly rows: number;
  readonly inner: number;
}

type Names = Readonly<Record<string, string>>;

/** How values are taken together. */
export interface Fold {
  /** Floats of a `State`. */
  readonly fields: readonly string[];
  /** Takes the value at the flat index `i` into the state `s`. */
  readonly step: (names: Names) => string;
  /** The expression of `a` and `b` together. */
  readonly merge: string;
}

/** A fold of each row. */
export interface FoldSpec {
  readonly label: string;
  readonly rows: Rows;
  readonly fold: Fold;
  /** What `fold.step` uses. */
  readonly args: Readonly<Record<string, Argument>>;
  /** What `finish` uses. */
  readonly results: Readonly<Record<string, Argument>>;
  /** Runs once for each `row`, with what its values gave, `total`. */
  readonly finish: (names: Names) => string;
  /** Functions that the step and `finish` call. */
  readonly functions?: string;
}

/** Values that a workgroup takes before others help with its row, and how many there are of them then. */
const PART = 8192;
const ENOUGH_GROUPS = 512;
const FEW = 64;
/** Up to so many values a row, neighbouring rows are taken by neighbouring invocations. */
const MAX_COLUMN = 1024;

/** Sums of terms, which `step` adds to `s.s0`, `s.s1`, ... */
export function sums(count: number, step: Fold["step"]): Fold {
  const fields = Array.from({ length: count }, (_, k) => `s${k}`);
  return { fields, step, merge: `State(${fields.map((f) => `a.${f} + b.${f}`).join(", ")})` };
}

/**
 * The number of values, their mean and the sum of squared distances from it. One pass, without
 * cancellation: Welford's recurrence, and Chan's way to join two of them.
 */
export function moments(value: (names: Names) => string): Fold {
  return {
    fields: ["n", "mean", "m2"],
    step: (names) => `
    let value = ${value(names)};
    let distance = value - s.mean;
    s.n += 1.0;
    s.mean += distance / s.n;
    s.m2 += distance * (value - s.mean);`,
    merge: `State(
    a.n + b.n,
    a.mean + (b.mean - a.mean) * b.n / max(a.n + b.n, 1.0),
    a.m2 + b.m2 + (b.mean - a.mean) * (b.mean - a.mean) * a.n * b.n / max(a.n + b.n, 1.0))`,
  };
}

/** The tasks of a fold: one, or two where a few rows are so long that several workgroups share them. */
export function foldTasks(scratch: Scratch, spec: FoldSpec): TaskSpec<string>[] {
  const { outer, rows, inner } = spec.rows;
  const length = outer * inner;
  if (inner === 1 && rows >= WORKGROUP / 4 && outer <= MAX_COLUMN) return [columnTask(spec)];
  const parts = Math.min(Math.ceil(length / PART), Math.ceil(ENOUGH_GROUPS / Math.max(1, rows)));
  if (parts <= 1) {
    const args = { ...spec.args, ...spec.results };
    return [rowTask(spec, spec.rows, spec.fold.step, args, 1, spec.finish)];
  }
  const { fields } = spec.fold;
  const partial = scratch(rows * parts * fields.length);
  const argument = (access: Argument["access"]): Argument => ({
    access,
    memory: () => partial,
    type: "State",
  });
  const collect = (names: Names) => `    s = merge(s, ${names.partial}[i]);`;
  const store = (names: Names) => `${names.partial}[row * ${parts}u + part] = total;`;
  return [
    rowTask(
      spec,
      spec.rows,
      spec.fold.step,
      { ...spec.args, partial: argument("write") },
      parts,
      store,
    ),
    rowTask(
      spec,
      { outer: 1, rows, inner: parts },
      collect,
      { ...spec.results, partial: argument("read") },
      1,
      spec.finish,
    ),
  ];
}

/** One workgroup for each part of each row. */
function rowTask(
  { label, fold, functions = "" }: FoldSpec,
  layout: Rows,
  step: Fold["step"],
  args: Readonly<Record<string, Argument>>,
  parts: number,
  finish: FoldSpec["finish"],
): TaskSpec<string> {
  const length = layout.outer * layout.inner;
  const share = Math.ceil(length / parts);
  const lanes = lanesFor(share);
  const [width, height] = gridFor(layout.rows * WORKGROUP);
  return {
    label,
    args,
    groups: [width, height, parts],
    code: (names) => /* wgsl */ `${functions}${stateOf(fold)}
var<workgroup> shares: array<State, ${lanes}>;
@compute @workgroup_size(${lanes})
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let row = group.y * ${width}u + group.x;
  if (row >= ${layout.rows}u) { return; }
  let part = group.z;
  var s = State();
  let end = min((part + 1u) * ${share}u, ${length}u);
  for (var at = part * ${share}u + lane; at < end; at += ${lanes}u) {
    let i = ${indexIn(layout)};
${step(names)}
  }
  shares[lane] = s;
  for (var distance = ${lanes / 2}u; distance >= 4u; distance /= 2u) {
    workgroupBarrier();
    if (lane < distance) { shares[lane] = merge(shares[lane], shares[lane + distance]); }
  }
  workgroupBarrier();
  if (lane == 0u) {
    let total = merge(merge(shares[0], shares[1]), merge(shares[2], shares[3]));
    ${finish(names)}
  }
}`,
  };
}

/** One invocation for each row, where rows lie side by side. */
function columnTask({
  label,
  rows: { outer, rows },
  fold,
  args,
  results,
  finish,
  functions = "",
}: FoldSpec): TaskSpec<string> {
  return {
    label,
    args: { ...args, ...results },
    groups: gridFor(rows),
    code: (names) =>
      functions +
      stateOf(fold) +
      flatMain(
        rows,
        `  let row = i;
  var total = State();
  for (var o = 0u; o < ${outer}u; o++) { take(&total, o * ${rows}u + row); }
  ${finish(names)}`,
      ) +
      /* wgsl */ `
fn take(state: ptr<function, State>, i: u32) {
  var s = *state;
${fold.step(names)}
  *state = s;
}`,
  };
}

function stateOf({ fields, merge }: Fold): string {
  return /* wgsl */ `
struct State { ${fields.map((field) => `${field}: f32`).join(", ")} }
fn merge(a: State, b: State) -> State {
  return ${merge};
}`;
}

/** The flat index of value `at` of a row. */
function indexIn({ outer, rows, inner }: Rows): string {
  if (rows === 1) return "at";
  if (outer === 1) return `row * ${inner}u + at`;
  if (inner === 1) return `at * ${rows}u + row`;
  return `(at / ${inner}u) * ${rows * inner}u + row * ${inner}u + at % ${inner}u`;
}

/**
 * As many lanes as have work, a power of two. Few values are added in eight lanes, in the order of the
 * CPU's kernels, so that gradients that cancel leave the same rest.
 */
function lanesFor(values: number): number {
  if (values <= FEW) return 8;
  let lanes = 32;
  while (lanes < WORKGROUP && lanes < values) lanes *= 2;
  return lanes;
}
