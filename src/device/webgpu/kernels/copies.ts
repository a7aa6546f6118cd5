/** @file Layers that only move values, on the GPU: Concat, Slice, Crop, Tile, Permute, ShuffleChannel, Silence. */
import type { Blob } from "../../../core/blob.ts";
import { axisOf, legacyAxis } from "../../../layers/support/axis.ts";
import { type Shape, count } from "../../../core/shape.ts";
import { withDefaults } from "../../../schema/index.ts";
import { type Argument, type TaskSpec, reads, readsDiff, writes, writesDiff } from "../task.ts";
import { flatTask } from "../wgsl.ts";
import { type KernelFactory, shapedKernel } from "./kernel.ts";
import { settled } from "./settled.ts";

/** One of several blobs beside each other: columns `start` to `start + part` of rows of `width` values. */
interface Strip {
  readonly start: number;
  readonly part: number;
  readonly width: number;
}

/** The strips of blobs that lie side by side along an axis. */
function stripsOf(blobs: readonly Blob[], axis: number): Strip[] {
  const parts = blobs.map(({ shape }) => count(shape, axis));
  const width = parts.reduce((sum, part) => sum + part, 0);
  let start = 0;
  return parts.map((part) => {
    start += part;
    return { start: start - part, part, width };
  });
}

/** The place in the large blob of value `i` of the strip. */
const inLarge = ({ start, part, width }: Strip) =>
  `i / ${part}u * ${width}u + ${start}u + i % ${part}u`;

/** to[i] = from[place] for `size` values. */
function gather(label: string, size: number, from: Argument, place: string, to: Argument) {
  return flatTask(label, size, { x: from, y: to }, (v) => `  ${v.y}[i] = ${v.x}[${place}];`);
}

/** to[place] = from[i] for `size` values. */
function scatter(label: string, size: number, from: Argument, to: Argument, place: string) {
  return flatTask(label, size, { x: from, y: to }, (v) => `  ${v.y}[${place}] = ${v.x}[i];`);
}

export const concat: KernelFactory = (gpu, request) => {
  const axisIn = legacyAxis(settled(request), "concatParam", "concatDim");
  const { name } = request;
  return shapedKernel(gpu, (xs, [y]) => {
    const strips = stripsOf(xs, axisIn(xs[0]!));
    return {
      forward: xs.map((x, k) =>
        scatter(`${name} forward`, x.count, reads(x), writes(y!), inLarge(strips[k]!)),
      ),
      bottoms: xs.map((x, k) => [
        gather(`${name} backward`, x.count, readsDiff(y!), inLarge(strips[k]!), writesDiff(x)),
      ]),
    };
  });
};

export const slice: KernelFactory = (gpu, request) => {
  const { name } = request;
  const axisIn = legacyAxis(settled(request), "sliceParam", "sliceDim");
  return shapedKernel(gpu, ([x], ys) => {
    const strips = stripsOf(ys, axisIn(x!));
    return {
      forward: ys.map((y, k) =>
        gather(`${name} forward`, y.count, reads(x!), inLarge(strips[k]!), writes(y)),
      ),
      bottoms: [
        ys.map((y, k) =>
          scatter(`${name} backward`, y.count, readsDiff(y), writesDiff(x!), inLarge(strips[k]!)),
        ),
      ],
    };
  });
};

export const crop: KernelFactory = (gpu, request) => {
  const { name, param } = request;
  const given = param.cropParam?.offset ?? [];
  return shapedKernel(gpu, ([x], [y]) => {
    const { axis } = withDefaults("CropParameter", param.cropParam);
    const start = axisOf(settled(request), x!.shape, axis, "cropParam.axis");
    const offsets = x!.shape.map((_, a) =>
      a < start ? 0 : ((given.length === 1 ? given[0] : given[a - start]) ?? 0),
    );
    const place = sumOf(
      y!.shape.map(
        (_, a) => `(${indexOf(y!.shape, a)} + ${offsets[a]}u) * ${count(x!.shape, a + 1)}u`,
      ),
    );
    return {
      forward: [gather(`${name} forward`, y!.count, reads(x!), place, writes(y!))],
      bottoms: [[cropGradient(name, x!, y!, offsets)]],
    };
  });
};

/** dx is dy inside of the window and 0 around it. */
function cropGradient(name: string, x: Blob, y: Blob, offsets: readonly number[]) {
  const args = { dy: readsDiff(y), dx: writesDiff(x) };
  return flatTask(`${name} backward`, x.count, args, (v) => {
    const axes = x.shape.map((_, a) => a);
    const indices = axes.map((a) => `  let a${a} = ${indexOf(x.shape, a)} - ${offsets[a]}u;`);
    // Before the window an index wraps round and is too large as well.
    const inside = axes.map((a) => `a${a} < ${y.shape[a]}u`).join(" && ") || "true";
    const place = sumOf(axes.map((a) => `a${a} * ${count(y.shape, a + 1)}u`));
    return `${indices.join("\n")}
  ${v.dx}[i] = 0.0;
  if (${inside}) { ${v.dx}[i] = ${v.dy}[${place}]; }`;
  });
}

export const tile: KernelFactory = (gpu, request) => {
  const { name, param } = request;
  const { axis, tiles = 1 } = withDefaults("TileParameter", param.tileParam);
  return shapedKernel(gpu, ([x], [y]) => {
    const along = axisOf(settled(request), x!.shape, axis, "tileParam.axis");
    const width = count(x!.shape, along);
    const row = `i / ${width}u`;
    return {
      forward: [
        gather(
          `${name} forward`,
          y!.count,
          reads(x!),
          `i / ${width * tiles}u * ${width}u + i % ${width}u`,
          writes(y!),
        ),
      ],
      bottoms: [
        [
          flatTask(
            `${name} backward`,
            x!.count,
            { dy: readsDiff(y!), dx: writesDiff(x!) },
            (v) => `  let first = ${row} * ${width * tiles}u + i % ${width}u;
  var sum = 0.0;
  for (var t = 0u; t < ${tiles}u; t++) { sum += ${v.dy}[first + t * ${width}u]; }
  ${v.dx}[i] = sum;`,
          ),
        ],
      ],
    };
  });
};

export const permute: KernelFactory = (gpu, request) => {
  const { name, param, bottomBlobs } = request;
  const order = [...(param.permuteParam?.order ?? [])];
  for (let axis = 0; axis < bottomBlobs[0]!.shape.length; axis++) {
    if (!order.includes(axis)) order.push(axis);
  }
  return shapedKernel(gpu, ([x], [y]) => {
    // Reads lie apart, writes side by side: a cache forgives that more easily than the reverse.
    const place = (source: Shape, target: Shape, axes: readonly number[]) =>
      sumOf(axes.map((axis, i) => `(${indexOf(target, i)}) * ${count(source, axis + 1)}u`));
    const inverse = order.map((_, axis) => order.indexOf(axis));
    const there = place(x!.shape, y!.shape, order);
    const back = place(y!.shape, x!.shape, inverse);
    return {
      forward: [gather(`${name} forward`, y!.count, reads(x!), there, writes(y!))],
      bottoms: [[gather(`${name} backward`, x!.count, readsDiff(y!), back, writesDiff(x!))]],
    };
  });
};

/** Channels (groups x rest) of each item as (rest x groups). */
export const shuffleChannel: KernelFactory = (gpu, { name, param }) => {
  const { group } = withDefaults("ShuffleChannelParameter", param.shuffleChannelParam);
  return shapedKernel(gpu, ([x], [y]) => {
    const channels = x!.shape[1]!;
    const width = count(x!.shape, 2);
    /** Where value `i` of the transpose of `rows` rows comes from. */
    const place = (rows: number) =>
      `(i / ${channels * width}u * ${channels}u + i / ${width}u % ${channels}u % ${rows}u * ${channels / rows}u + ` +
      `i / ${width}u % ${channels}u / ${rows}u) * ${width}u + i % ${width}u`;
    return {
      forward: [gather(`${name} forward`, x!.count, reads(x!), place(group), writes(y!))],
      bottoms: [
        [
          gather(
            `${name} backward`,
            x!.count,
            readsDiff(y!),
            place(channels / group),
            writesDiff(x!),
          ),
        ],
      ],
    };
  });
};

/** The gradient of what nobody wants is 0. */
export const silence: KernelFactory = (gpu, { name }) =>
  shapedKernel(gpu, (xs) => ({
    forward: [],
    bottoms: xs.map((x): TaskSpec<string>[] => [
      flatTask(`${name} backward`, x.count, { dx: writesDiff(x) }, (v) => `  ${v.dx}[i] = 0.0;`),
    ]),
  }));

/** The index along an axis of value `i` of an array of this shape. */
function indexOf(shape: Shape, axis: number): string {
  const inner = count(shape, axis + 1);
  const along = inner === 1 ? "i" : `i / ${inner}u`;
  return axis === 0 ? along : `${along} % ${shape[axis]}u`;
}

function sumOf(terms: readonly string[]): string {
  return terms.join(" + ") || "0u";
}
