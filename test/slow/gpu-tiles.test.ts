import { describe } from "vitest";
import { TILES } from "../../src/device/webgpu/products/strategy.ts";
import { onGpu } from "../support/gpu.ts";
import { expectProduct, whole } from "../support/gpu-product.ts";

// Software compiles some of them for half a minute.
describe("a product on the GPU, in each of the tiles, is right at the edges too", () => {
  for (const tile of TILES) {
    for (const along of [
      [true, false],
      [false, true],
    ] as const) {
      const read = along.map((is) => (is ? "depth" : "outer")).join(" and ");
      const title = `${tile.rows} x ${tile.columns}, read along ${read}`;
      const run = async ({ gpu }: { gpu: Parameters<typeof expectProduct>[0] }) => {
        const sizes = { rows: tile.rows + 3, columns: tile.columns + 5, depth: 20, along };
        await expectProduct(gpu, sizes, { kind: "tiles", tile, ...whole });
      };
      onGpu(title, run, 300_000);
    }
  }
});
