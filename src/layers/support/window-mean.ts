/** @file What WindowData subtracts at each place of a window. */
import type { LayerContext } from "../../core/layer.ts";
import type { Transformer } from "../../data/index.ts";

/** The mean at a place of the square that a window becomes. */
export type WindowMean = (channel: number, row: number, column: number) => number;

/** Takes mean_file or mean_value of transform_param; a mean image counts with its middle. */
export function windowMean(
  { param, fail }: LayerContext,
  { mean }: Transformer,
  channels: number,
  cropSize: number,
): WindowMean {
  const values = param.transformParam?.meanValue ?? [];
  if (mean) {
    const { height, width, data } = mean;
    // One offset serves both axes, as in Caffe.
    const offset = Math.trunc((width - cropSize) / 2);
    if (mean.channels !== channels || offset < 0 || offset + cropSize > Math.min(height, width)) {
      fail(
        `windows of ${channels} x ${cropSize} x ${cropSize} do not lie in the middle of the mean_file of ` +
          `${mean.channels} x ${height} x ${width}`,
        "transformParam.meanFile",
      );
    }
    return (c, row, column) => data[(c * height + offset + row) * width + offset + column]!;
  }
  if (values.length > 1 && values.length !== channels) {
    fail(
      `Specify either 1 mean_value or as many as channels: ${channels}; there are ${values.length}`,
      "transformParam.meanValue",
    );
  }
  const each = Float32Array.from({ length: channels }, (_, c) => {
    return values[values.length === 1 ? 0 : c] ?? 0;
  });
  return (c) => each[c]!;
}
