/** @file Crop: the part of one blob that has the size of another. */
import type { Blob } from "../core/blob.ts";
import type { Engine } from "../core/engine.ts";
import type { Pointer } from "../core/heap.ts";
import { type LayerContext, type LayerDefinition, exactly } from "../core/layer.ts";
import { count } from "../core/shape.ts";
import { withDefaults } from "../schema/index.ts";
import { axisOf } from "./support/axis.ts";

const FLOAT_BYTES = 4;

/**
 * Cuts its first bottom to the size of the second, along all axes from `axis` on.
 *
 *     y[n, c, i, j] = x[n, c, i + offset_h, j + offset_w]        (axis: 2)
 *
 * - Bottoms: x; reference, of which only the sizes along x's axes from `axis` on are read and which
 *   gets no gradient.
 * - Top: y, of x's sizes before `axis` and the reference's from there on.
 *
 * `offset` is given once, or once for each cropped axis; absent: 0.
 */
export const crop: LayerDefinition = {
  type: "Crop",
  bottoms: exactly(2),
  tops: exactly(1),
  setUp(context) {
    const { engine } = context;
    let window = contiguous;
    return {
      blobs: [],
      reshape([bottom, reference], [top]) {
        const start = axisOf(
          context,
          bottom!.shape,
          withDefaults("CropParameter", context.param.cropParam).axis,
          "cropParam.axis",
        );
        const offsets = cropOffsets(context, bottom!, reference!, start);
        top!.reshape(
          ...bottom!.shape.map((size, axis) => (axis < start ? size : reference!.shape[axis]!)),
        );
        window = windowOf(bottom!, top!, offsets);
      },
      forward([bottom], [top]) {
        copyWindow(engine, window, bottom!.dataPointer, top!.dataPointer, "out");
      },
      backward([top], propagateDown, [bottom]) {
        if (!propagateDown[0]) return;
        engine.fill(bottom!.count, 0, bottom!.diffPointer);
        copyWindow(engine, window, bottom!.diffPointer, top!.diffPointer, "in");
      },
    };
  },
};

/** Where along each axis the crop starts. */
function cropOffsets(
  context: LayerContext,
  bottom: Blob,
  reference: Blob,
  start: number,
): number[] {
  const { param, fail } = context;
  const given = param.cropParam?.offset ?? [];
  const cropped = bottom.shape.length - start;
  if (given.length > 1 && given.length !== cropped) {
    fail(
      "number of offset values specified must be equal to the number of dimensions following " +
        `axis. ${given.length} are given, ${cropped} (or one for all) needed.`,
      "cropParam.offset",
    );
  }
  return bottom.shape.map((size, axis) => {
    if (axis < start) return 0;
    const offset = (given.length === 1 ? given[0] : given[axis - start]) ?? 0;
    const wanted = reference.shape[axisOf(context, reference.shape, axis, "bottom")]!;
    if (size - offset < wanted) {
      fail(
        `the crop for dimension ${axis} is out-of-bounds with size ${wanted} and ` +
          `offset ${offset}; the bottom has size ${size} there`,
        "cropParam.offset",
      );
    }
    return offset;
  });
}

/** A window as rows of contiguous floats. */
interface Window {
  readonly width: number;
  readonly rows: number;
  /** Sizes of the window's axes but the last, and floats from one index to the next in the large blob. */
  readonly sizes: Int32Array;
  readonly strides: Int32Array;
  /** The running index along each of those axes. */
  readonly index: Int32Array;
  /** First float of the window in the large blob. */
  readonly first: number;
}

const contiguous = windowOf({ shape: [0] }, { shape: [0] }, [0]);

function windowOf(
  large: Pick<Blob, "shape">,
  small: Pick<Blob, "shape">,
  offsets: readonly number[],
): Window {
  const axes = large.shape.length;
  const stride = (axis: number) => count(large.shape, axis + 1);
  return {
    width: small.shape[axes - 1]!,
    rows: count(small.shape, 0, axes - 1),
    sizes: Int32Array.from(small.shape.slice(0, axes - 1)),
    strides: Int32Array.from(small.shape.slice(0, axes - 1), (_, axis) => stride(axis)),
    index: new Int32Array(axes - 1),
    first: offsets.reduce((sum, offset, axis) => sum + offset * stride(axis), 0),
  };
}

/** Copies the window out of the large blob into the small one, or from the small one in. */
function copyWindow(
  engine: Engine,
  { width, rows, sizes, strides, index, first }: Window,
  large: Pointer,
  small: Pointer,
  direction: "in" | "out",
): void {
  index.fill(0);
  let place = first;
  for (let row = 0; row < rows; row++) {
    const inLarge = large + FLOAT_BYTES * place;
    const inSmall = small + FLOAT_BYTES * row * width;
    if (direction === "out") engine.copy(width, inLarge, inSmall);
    else engine.copy(width, inSmall, inLarge);
    for (let axis = sizes.length - 1; axis >= 0; axis--) {
      place += strides[axis]!;
      if (++index[axis]! < sizes[axis]!) break;
      place -= sizes[axis]! * strides[axis]!;
      index[axis] = 0;
    }
  }
}
