/** @file Dropout on the GPU, with the numbers that the host would draw. */
import { largestKept } from "../../../core/random.ts";
import { withDefaults } from "../../../schema/index.ts";
import { gpuRandom, keeps } from "../random.ts";
import { type Argument, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type KernelTasks, shapedKernel } from "./kernel.ts";

/** y = m x and dx = m dy, where m is 0 or the scale; the words behind m are kept for the way back. */
export const dropout: KernelFactory = (gpu, { name, param, phase, random }) => {
  const { dropoutRatio, scaleTrain } = withDefaults("DropoutParameter", param.dropoutParam);
  const factor = scaleTrain ? "" : `${float(1 - dropoutRatio)} * `;
  if (phase === "TEST") {
    return shapedKernel(gpu, ([x], [y]) => ({
      forward:
        x === y && scaleTrain ? [] : [productTask(name, x!.count, reads(x!), writes(y!), factor)],
      bottoms: [
        x === y && scaleTrain
          ? []
          : [productTask(name, x!.count, readsDiff(y!), writesDiff(x!), factor)],
      ],
    }));
  }
  // The float32 steps of BVLC DropoutLayer, as on the host.
  const keep = Math.fround(1 - Math.fround(dropoutRatio));
  if (keep === 0) return undefined; // Draws nothing: boost's Bernoulli(0).
  const scale = float(scaleTrain ? Math.fround(1 / keep) : 1);
  const source = gpuRandom(gpu, random);
  const kernel = shapedKernel(gpu, ([x], [y], scratch): KernelTasks => {
    const words = scratch(x!.count);
    const masked = (from: Argument, to: Argument) =>
      flatTask(
        `${name} mask`,
        x!.count,
        { words: reads(words, "u32"), x: from, y: to },
        (v) => `  ${v.y}[i] = ${v.x}[i] * select(0.0, ${scale}, keeps(${v.words}[i]));`,
        keeps(largestKept(keep) >>> 0),
      );
    return {
      forward: [source.drawTask(`${name} draws`, x!.count, words), masked(reads(x!), writes(y!))],
      bottoms: [[masked(readsDiff(y!), writesDiff(x!))]],
    };
  });
  const { forward, dispose } = kernel;
  return Object.assign(kernel, {
    forward(...[bottoms, tops]: Parameters<typeof forward>) {
      source.begin(bottoms[0]!.count);
      forward(bottoms, tops);
    },
    dispose() {
      dispose?.();
      source.dispose();
    },
  });
};

/** to = factor from */
function productTask(name: string, size: number, from: Argument, to: Argument, factor: string) {
  return flatTask(
    `${name} scale`,
    size,
    { x: from, y: to },
    (v) => `  ${v.y}[i] = ${factor}${v.x}[i];`,
  );
}
