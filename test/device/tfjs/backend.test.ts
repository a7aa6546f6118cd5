import util from "node:util";
import { expect, test } from "vitest";
import { tensorflow } from "../../../src/core/tensor.ts";
import { isInstalled, loadBackend } from "../../../src/device/tfjs/backend.ts";

const missing = (["tfjs-node-gpu", "tfjs-node"] as const).filter((name) => !isInstalled(name));

test.skipIf(missing.length === 0)(
  "names the package that is asked for and not there, and where to read how to get it (skipped where both are)",
  () => {
    for (const name of missing) {
      expect(() => loadBackend(name)).toThrow(
        new RegExp(
          `^@tensorflow/${name} is not installed\\. CONTRIBUTING\\.md .* says how to install it$`,
        ),
      );
    }
  },
);

test("takes the best that is installed, and says of the others why not", () => {
  const { name, tf, notTaken } = loadBackend();
  const order = ["tfjs-node-gpu", "tfjs-node", "cpu"] as const;
  const before = order.slice(0, order.indexOf(name));
  expect(notTaken.map((reason) => reason.split(" ")[0])).toEqual(
    before.map((one) => `@tensorflow/${one}`),
  );
  expect(tf.getBackend()).toBe(name === "cpu" ? "cpu" : "tensorflow");
});

test("computes with the TensorFlow.js that custom layers get", () => {
  expect(loadBackend("cpu").tf).toBe(tensorflow());
});

test("brings back what tfjs-node calls and Node 23 has no more", () => {
  loadBackend();
  const isNullOrUndefined: (value: unknown) => boolean = Reflect.get(util, "isNullOrUndefined");
  const isArray: (value: unknown) => boolean = Reflect.get(util, "isArray");
  expect([null, undefined, 0, ""].map((value) => isNullOrUndefined(value))).toEqual([
    true,
    true,
    false,
    false,
  ]);
  expect([isArray([]), isArray({ length: 0 })]).toEqual([true, false]);
});
