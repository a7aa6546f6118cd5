/** @file Pooling on the GPU. */
import type { Blob } from "../../../core/blob.ts";
import type { PoolingWindow } from "../../../core/engine.ts";
import { poolingSetting, poolingWindow } from "../../../layers/support/pooling-window.ts";
import { withDefaults } from "../../../schema/index.ts";
import { foldTasks, sums } from "../fold.ts";
import { nanOf } from "../functions.ts";
import { type Argument, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, type KernelTasks, type Scratch, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";

/** Values of a plane from which on a workgroup sums it up, not a single invocation. */
const LARGE_PLANE = 64;
/** The maximum of an empty window, as a constant that WGSL can read: -FLT_MAX. */
const LOWEST = "-3.4028234663852886e38f";

/** MAX and AVE. On the way back each place of the bottom collects from the windows that it lies in. */
export const pooling: KernelFactory = (gpu, request) => {
  const context = settled(request);
  const setting = poolingSetting(context);
  const { pool } = withDefaults("PoolingParameter", request.param.poolingParam);
  return shapedKernel(gpu, ([x], tops, scratch) => {
    const window = poolingWindow(context, setting, x!.shape);
    if (pool === "MAX") return maxPool(request.name, window, x!, tops, scratch);
    if (coversPlane(window)) return planeAverage(request.name, window, x!, tops[0]!, scratch);
    return averagePool(request.name, window, x!, tops[0]!);
  });
};

/** Keeps where each maximum was as an index into its plane, -1 for an empty window. */
function maxPool(
  name: string,
  window: PoolingWindow,
  x: Blob,
  [y, places]: readonly Blob[],
  scratch: Scratch,
): KernelTasks {
  const mask = scratch(y!.count);
  const args: Record<string, Argument> = { x: reads(x), y: writes(y!), mask: writes(mask, "i32") };
  if (places) args.places = writes(places);
  const area = window.height * window.width;
  return {
    forward: [
      flatTask(
        `${name} forward`,
        y!.count,
        args,
        (v) => `${windowOf(window)}
  let first = i / ${window.pooledHeight * window.pooledWidth}u * ${area}u;
  var best = ${LOWEST};
  var place = -1;
  for (var h = h0; h < h1; h++) {
    for (var w = w0; w < w1; w++) {
      let at = h * ${window.width} + w;
      let value = ${v.x}[first + u32(at)];
      if (value > best) { best = value; place = at; }
    }
  }
  ${v.y}[i] = best;
  ${v.mask}[i] = place;
  ${places ? `${v.places}[i] = f32(place);` : ""}`,
      ),
    ],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { mask: reads(mask, "i32"), dy: readsDiff(y!), dx: writesDiff(x) },
          (v) =>
            windowsAround(window, `if (${v.mask}[at] == place) { sum += ${v.dy}[at]; }`) +
            `\n  ${v.dx}[i] = sum;`,
        ),
      ],
    ],
  };
}

/** A window's area counts the padding, but not what lies beyond it; without any, the mean is NaN. */
function averagePool(name: string, window: PoolingWindow, x: Blob, y: Blob): KernelTasks {
  return {
    forward: [
      flatTask(
        `${name} forward`,
        y.count,
        { x: reads(x), y: writes(y) },
        (v) => `${windowOf(window)}
  let first = i / ${window.pooledHeight * window.pooledWidth}u * ${window.height * window.width}u;
  var sum = 0.0;
  for (var h = h0; h < h1; h++) {
    for (var w = w0; w < w1; w++) { sum += ${v.x}[first + u32(h * ${window.width} + w)]; }
  }
  let area = ${areaOf(window)};
  ${v.y}[i] = select(sum / area, nan_of(area), area == 0.0);`,
        nanOf,
      ),
    ],
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { dy: readsDiff(y), dx: writesDiff(x) },
          (v) =>
            windowsAround(window, `${corner(window)} sum += ${v.dy}[at] / ${areaOf(window)};`) +
            `\n  ${v.dx}[i] = sum;`,
        ),
      ],
    ],
  };
}

/** Whether the only window is the whole plane, and the plane is large. */
function coversPlane(window: PoolingWindow): boolean {
  const { height, width, kernelH, kernelW, padH, padW } = window;
  return (
    kernelH === height &&
    kernelW === width &&
    padH + padW === 0 &&
    window.pooledHeight * window.pooledWidth === 1 &&
    height * width >= LARGE_PLANE
  );
}

function planeAverage(
  name: string,
  { planes, height, width }: PoolingWindow,
  x: Blob,
  y: Blob,
  scratch: Scratch,
): KernelTasks {
  const area = height * width;
  return {
    forward: foldTasks(scratch, {
      label: `${name} forward`,
      rows: { outer: 1, rows: planes, inner: area },
      fold: sums(1, (v) => `    s.s0 += ${v.x}[i];`),
      args: { x: reads(x) },
      results: { y: writes(y) },
      finish: (v) => `${v.y}[row] = total.s0 / ${area}.0;`,
    }),
    bottoms: [
      [
        flatTask(
          `${name} backward`,
          x.count,
          { dy: readsDiff(y), dx: writesDiff(x) },
          (v) => `  ${v.dx}[i] = ${v.dy}[i / ${area}u] / ${area}.0;`,
        ),
      ],
    ],
  };
}

/** The window of output `i`: `top` and `left`, which may lie in the padding, and where it is cut at the image. */
function windowOf(window: PoolingWindow): string {
  const { pooledHeight, pooledWidth, height, width, kernelH, kernelW } = window;
  return `  let row = i32(i / ${pooledWidth}u % ${pooledHeight}u);
  let column = i32(i % ${pooledWidth}u);
  ${corner(window)}
  let h0 = max(top, 0);
  let h1 = min(top + ${kernelH}, ${height});
  let w0 = max(left, 0);
  let w1 = min(left + ${kernelW}, ${width});`;
}

function corner({ strideH, strideW, padH, padW }: PoolingWindow): string {
  return `let top = row * ${strideH} - ${padH}; let left = column * ${strideW} - ${padW};`;
}

function areaOf({ height, width, kernelH, kernelW, padH, padW }: PoolingWindow): string {
  return (
    `f32((min(top + ${kernelH}, ${height + padH}) - top) * ` +
    `(min(left + ${kernelW}, ${width + padW}) - left))`
  );
}

/** Runs `visit` for the output `at` of each window that input `i`, `place` of its plane, lies in. */
function windowsAround(window: PoolingWindow, visit: string): string {
  const { height, width, pooledHeight, pooledWidth, kernelH, kernelW } = window;
  const { strideH, strideW, padH, padW } = window;
  const area = height * width;
  return `  let place = i32(i % ${area}u);
  let h = place / ${width} + ${padH};
  let w = place % ${width} + ${padW};
  let first = i / ${area}u * ${pooledHeight * pooledWidth}u;
  var sum = 0.0;
  let last_row = min(h / ${strideH}, ${pooledHeight - 1});
  let last_column = min(w / ${strideW}, ${pooledWidth - 1});
  for (var row = max(h - ${kernelH - strideH}, 0) / ${strideH}; row <= last_row; row++) {
    for (var column = max(w - ${kernelW - strideW}, 0) / ${strideW}; column <= last_column; column++) {
      let at = first + u32(row * ${pooledWidth} + column);
      ${visit}
    }
  }`;
}
