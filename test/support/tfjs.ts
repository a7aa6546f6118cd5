/** @file TensorFlow.js devices for tests: its own cpu backend, and TensorFlow where a package with it is installed. */
import { beforeAll, describe } from "vitest";
import { type TfjsDevice, openTfjsDevice } from "../../src/device/tfjs/tfjs-device.ts";
import { CaffeError } from "../../src/errors.ts";

const BACKENDS = ["tfjs-node-gpu", "tfjs-node", "cpu"] as const;

/** What a backend gives: a device, or why there is none. */
const found = BACKENDS.map((backend): { title: string; device?: TfjsDevice } => {
  try {
    const device = openTfjsDevice({ backend, threads: 1 });
    return { title: `TensorFlow.js on ${backend}`, device };
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    return { title: `TensorFlow.js on ${backend} (skipped: needs @tensorflow/${backend})` };
  }
});

/** Runs tests on each backend; TensorFlow.js has one at a time in a process. */
export function onTensorFlow(body: (device: TfjsDevice) => void): void {
  for (const { title, device } of found) {
    describe.skipIf(!device)(title, () => {
      if (!device) return;
      beforeAll(() => {
        device.backend.tf.setBackend(device.backend.name === "cpu" ? "cpu" : "tensorflow");
      });
      body(device);
    });
  }
}
