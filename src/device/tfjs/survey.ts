/** @file What of TensorFlow.js is there. */
import type { DeviceReport } from "../survey.ts";
import { loadBackend } from "./backend.ts";
import { kernels } from "./kernels/index.ts";

/** Loads TensorFlow.js as `--device tfjs` does, and says what it computes with. */
export function surveyTfjs(): DeviceReport {
  const { name, usesGpu, notTaken } = loadBackend();
  const layers = `${Object.keys(kernels).length} types have operations; others run on the host`;
  return {
    name: "tfjs",
    facts: [
      ["Backend", `${name}${usesGpu ? ", on a GPU" : ", without a GPU"}`],
      ...notTaken.map((reason) => ["Not taken", reason] as const),
      ["Layers", layers],
    ],
    ...(usesGpu
      ? {}
      : {
          advice: "npm install @tensorflow/tfjs-node-gpu, with the CUDA that CONTRIBUTING.md names",
        }),
  };
}
