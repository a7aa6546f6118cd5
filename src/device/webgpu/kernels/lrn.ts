/** @file LRN on the GPU. */
import type { Blob } from "../../../core/blob.ts";
import type { SyncedMemory } from "../../../core/synced-memory.ts";
import { type Resolved, withDefaults } from "../../../schema/index.ts";
import { type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask, float } from "../wgsl.ts";
import { type KernelFactory, type KernelTasks, type Scratch, shapedKernel } from "./kernel.ts";

/** y = x s^-beta; s, the scale, is kept for the way back. */
export const lrn: KernelFactory = (gpu, { name, param }) => {
  const resolved = withDefaults("LRNParameter", param.lrnParam);
  const kernel = resolved.normRegion === "ACROSS_CHANNELS" ? acrossChannels : withinChannel;
  return shapedKernel(gpu, ([x], [y], scratch) => kernel(name, resolved, x!, y!, scratch));
};

function acrossChannels(
  name: string,
  { localSize, alpha, beta, k }: Resolved<"LRNParameter">,
  x: Blob,
  y: Blob,
  scratch: Scratch,
): KernelTasks {
  const scale = scratch(x.count);
  const [, channels, height, width] = x.shape as [number, number, number, number];
  const area = height * width;
  const half = (localSize - 1) / 2;
  /** Runs `visit` for value `at` of each of the channels around. */
  const around = (visit: string) => `  let c = i32(i / ${area}u % ${channels}u);
  let low = max(c - ${half}, 0) - c;
  let high = min(c + ${half}, ${channels - 1}) - c;
  var sum = 0.0;
  for (var d = low; d <= high; d++) {
    let at = u32(i32(i) + d * ${area});
    ${visit}
  }
`;
  return {
    forward: [divided(name, x, y, scale, { around, k, share: alpha / localSize, beta })],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { x: reads(x), s: reads(scale), y: reads(y), dy: readsDiff(y), dx: writesDiff(x) },
          (v) => `${around(`sum += ${v.dy}[at] * ${v.y}[at] / ${v.s}[at];`)}
  ${v.dx}[i] = ${v.dy}[i] * inverse_power(${v.s}[i])
    - ${float((2 * alpha * beta) / localSize)} * ${v.x}[i] * sum;`,
          inversePower(beta),
        ),
      ],
    ],
  };
}

function withinChannel(
  name: string,
  { localSize, alpha, beta }: Resolved<"LRNParameter">,
  x: Blob,
  y: Blob,
  scratch: Scratch,
): KernelTasks {
  const scale = scratch(x.count);
  const [, , height, width] = x.shape as [number, number, number, number];
  const half = (localSize - 1) / 2;
  const share = alpha / localSize ** 2;
  /** Runs `visit` for value `at` of each place around in the plane. */
  const around = (visit: string) => `  let h = i32(i / ${width}u % ${height}u);
  let w = i32(i % ${width}u);
  var sum = 0.0;
  for (var row = max(h - ${half}, 0) - h; row <= min(h + ${half}, ${height - 1}) - h; row++) {
    for (var column = max(w - ${half}, 0) - w; column <= min(w + ${half}, ${width - 1}) - w; column++) {
      let at = u32(i32(i) + row * ${width} + column);
      ${visit}
    }
  }
`;
  return {
    forward: [divided(name, x, y, scale, { around, k: 1, share, beta })],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { x: reads(x), s: reads(scale), dy: readsDiff(y), dx: writesDiff(x) },
          (v) => `${around(
            `let s = ${v.s}[at]; sum += ${v.dy}[at] * ${v.x}[at] * inverse_power(s) / s;`,
          )}
  ${v.dx}[i] = ${v.dy}[i] * inverse_power(${v.s}[i])
    - ${float(2 * share * beta)} * ${v.x}[i] * sum;`,
          inversePower(beta),
        ),
      ],
    ],
  };
}

/** s^-beta; by roots for the beta of AlexNet. */
function inversePower(beta: number): string {
  const value =
    Math.fround(beta) === 0.75
      ? "inverseSqrt(s) * sqrt(inverseSqrt(s))"
      : `pow(s, ${float(-beta)})`;
  return `fn inverse_power(s: f32) -> f32 { return ${value}; }`;
}

/** The window of a value and what its squares count. */
interface Window {
  /** WGSL that runs a statement for each value `at` of the window, and sums up in `sum`. */
  readonly around: (visit: string) => string;
  readonly k: number;
  /** What the sum of squares is multiplied with. */
  readonly share: number;
  readonly beta: number;
}

/** scale = k + share * the sum of the window's squares; y = x / scale^beta. */
function divided(
  name: string,
  x: Blob,
  y: Blob,
  scale: SyncedMemory,
  { around, k, share, beta }: Window,
): TaskSpec<string> {
  return flatTask(
    `${name} forward`,
    x.count,
    { x: reads(x), s: writes(scale), y: writes(y) },
    (v) => `${around(`sum += ${v.x}[at] * ${v.x}[at];`)}
  let scale = ${float(k)} + ${float(share)} * sum;
  ${v.s}[i] = scale;
  ${v.y}[i] = ${v.x}[i] * inverse_power(scale);`,
    inversePower(beta),
  );
}
