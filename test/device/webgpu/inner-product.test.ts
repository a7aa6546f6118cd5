import fc from "fast-check";
import { describe } from "vitest";
import { checkDeviceGradient, compareWithCpu } from "../../support/device-layer.ts";
import { onGpu } from "../../support/gpu.ts";

const fillers = 'weight_filler { type: "gaussian" std: 0.5 } bias_filler { type: "gaussian" }';
const layer = (param: string) => `type: "InnerProduct" inner_product_param { ${param} ${fillers} }`;

/** Sums of up to 700 products of numbers around 1, in another order than the CPU's. */
const long = { tolerance: 3e-5 };

describe("InnerProduct on the GPU", () => {
  for (const transpose of [false, true]) {
    onGpu(`has true gradients, transpose: ${transpose}`, async (device) => {
      await checkDeviceGradient(device, layer(`num_output: 5 transpose: ${transpose}`), [
        [3, 2, 4],
      ]);
    });
  }

  onGpu("computes what the CPU computes, whatever its sizes", async (device) => {
    const sizes = fc.record({
      items: fc.integer({ min: 1, max: 12 }),
      values: fc.integer({ min: 1, max: 90 }),
      outputs: fc.integer({ min: 1, max: 40 }),
      transpose: fc.boolean(),
      bias: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(sizes, async ({ items, values, outputs, transpose, bias }) => {
        const param = `num_output: ${outputs} transpose: ${transpose} bias_term: ${bias}`;
        await compareWithCpu(device, layer(param), [[items, values]], long);
      }),
      { numRuns: 3, seed: 6, endOnFailure: true },
    );
  });

  onGpu("multiplies long rows with one vector, and flattens from its axis on", async (device) => {
    await compareWithCpu(device, layer("num_output: 7"), [[1, 700]], long);
    await compareWithCpu(device, layer("num_output: 7 axis: 2"), [[2, 3, 5, 2]], long);
    await compareWithCpu(device, layer("num_output: 7 axis: -1"), [[2, 3, 8]]);
  });

  onGpu("takes a batch without items", async (device) => {
    await compareWithCpu(device, layer("num_output: 3"), [[0, 4]]);
  });
});
