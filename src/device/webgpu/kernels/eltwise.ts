/** @file Eltwise on the GPU. */
import type { Blob } from "../../../core/blob.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type Argument, type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type KernelTasks, type Scratch, shapedKernel } from "./kernel.ts";

/** SUM, PROD and MAX of two or more blobs. */
export const eltwise: KernelFactory = (gpu, { name, param, bottomBlobs }) => {
  const { operation, coeff, stableProdGrad } = withDefaults("EltwiseParameter", param.eltwiseParam);
  // With all bottoms in one kernel, and two buffers more; so many of them are rare.
  if (bottomBlobs.length + 2 > gpu.device.limits.maxStorageBuffersPerShaderStage) return undefined;
  return shapedKernel(gpu, (xs, [y], scratch) => {
    if (operation === "SUM") return sum(name, coeff, xs, y!);
    if (operation === "PROD") return product(name, stableProdGrad, xs, y!);
    return maximum(name, xs, y!, scratch);
  });
};

type Arguments = Record<string, Argument>;

/** All bottoms and what else a kernel uses. */
function withBottoms(xs: readonly Blob[], others: Arguments): Arguments {
  return { ...Object.fromEntries(xs.map((x, k) => [`x${k}`, reads(x)])), ...others };
}

function sum(name: string, coeff: readonly number[], xs: readonly Blob[], y: Blob): KernelTasks {
  const times = (k: number) => ((coeff[k] ?? 1) === 1 ? "" : `${float(coeff[k]!)} * `);
  return {
    forward: [
      flatTask(`${name} forward`, y.count, withBottoms(xs, { y: writes(y) }), (v) => {
        const terms = xs.map((_, k) => `${times(k)}${v[`x${k}`]}[i]`);
        return `  ${v.y}[i] = ${terms.join(" + ")};`;
      }),
    ],
    bottoms: xs.map((x, k) => [
      flatTask(
        `${name} backward`,
        y.count,
        { dy: readsDiff(y), dx: writesDiff(x) },
        (v) => `  ${v.dx}[i] = ${times(k)}${v.dy}[i];`,
      ),
    ]),
  };
}

function product(name: string, isStable: boolean, xs: readonly Blob[], y: Blob): KernelTasks {
  const gradient = (x: Blob, k: number): TaskSpec<string> => {
    const args: Arguments = { dy: readsDiff(y), dx: writesDiff(x) };
    if (!isStable) {
      // The cheaper product of the others, which is wrong where x is 0.
      return flatTask(
        `${name} backward`,
        y.count,
        { ...args, x: reads(x), y: reads(y) } as Arguments,
        (v) => `  ${v.dx}[i] = ${v.y}[i] / ${v.x}[i] * ${v.dy}[i];`,
      );
    }
    const others: Arguments = {};
    xs.forEach((other, j) => {
      if (j !== k) others[`x${j}`] = reads(other);
    });
    return flatTask(`${name} backward`, y.count, { ...args, ...others }, (v) => {
      const factors = Object.keys(others).map((other) => `${v[other]}[i]`);
      return `  ${v.dx}[i] = ${[`${v.dy}[i]`, ...factors].join(" * ")};`;
    });
  };
  return {
    forward: [
      flatTask(
        `${name} forward`,
        y.count,
        withBottoms(xs, { y: writes(y) }),
        (v) => `  ${v.y}[i] = ${xs.map((_, k) => `${v[`x${k}`]}[i]`).join(" * ")};`,
      ),
    ],
    bottoms: xs.map((x, k) => [gradient(x, k)]),
  };
}

/** Of equal values the second bottom's counts before the first's, but not those of later ones. */
function maximum(name: string, xs: readonly Blob[], y: Blob, scratch: Scratch): KernelTasks {
  const chosen = scratch(y.count);
  const args = withBottoms(xs, { y: writes(y), chosen: writes(chosen, "u32") });
  return {
    forward: [
      flatTask(`${name} forward`, y.count, args, (v) => {
        const later = xs.slice(2).map(
          (_, k) => `  let x${k + 2}_value = ${v[`x${k + 2}`]}[i];
  if (x${k + 2}_value > best) { best = x${k + 2}_value; which = ${k + 2}u; }`,
        );
        return `  var best = ${v.x1}[i];
  var which = 1u;
  let first = ${v.x0}[i];
  if (first > best) { best = first; which = 0u; }
${later.join("\n")}
  ${v.y}[i] = best;
  ${v.chosen}[i] = which;`;
      }),
    ],
    bottoms: xs.map((x, k) => [
      flatTask(
        `${name} backward`,
        y.count,
        { chosen: reads(chosen, "u32"), dy: readsDiff(y), dx: writesDiff(x) },
        (v) => `  ${v.dx}[i] = select(0.0, ${v.dy}[i], ${v.chosen}[i] == ${k}u);`,
      ),
    ]),
  };
}
