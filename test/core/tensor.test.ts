import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";
import { expect, test } from "vitest";
import { Blob } from "../../src/core/blob.ts";
import { Heap } from "../../src/core/heap.ts";
import { tensorflow } from "../../src/core/tensor.ts";
import { NetDefinitionError } from "../../src/errors.ts";

const tf = tensorflow();
const { numTensors } = tf.memory();

function blobOf(shape: number[], values: number[]): Blob {
  const blob = new Blob(new Heap(), shape);
  blob.set(values);
  return blob;
}

test("gives a blob's values and its diff as tensors that are copies", () => {
  const blob = blobOf([2, 3], [1, 2, 3, 4, 5, 6]);
  blob.setDiff(7);
  const [values, diff] = [blob.tensor(), blob.diffTensor()];
  blob.data[0] = 100;
  expect(values.arraySync()).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ]);
  expect(diff.arraySync()).toEqual([
    [7, 7, 7],
    [7, 7, 7],
  ]);
  tf.dispose([values, diff]);
  expect(tf.memory().numTensors).toBe(numTensors);
});

test("fills a blob from a tensor of any kind of number, an array, or one number", () => {
  const blob = blobOf([2, 2], [0, 0, 0, 0]);
  tf.tidy(() =>
    blob.set(
      tf
        .tensor([
          [1.5, 2],
          [3, 4],
        ])
        .greater(2),
    ),
  );
  expect([...blob.data]).toEqual([0, 0, 1, 1]);
  blob.set([1, 2, 3, 4]);
  blob.setDiff(9);
  expect([...blob.data, ...blob.diff]).toEqual([1, 2, 3, 4, 9, 9, 9, 9]);
});

test("refuses a tensor with more or fewer values, and writes nothing then", () => {
  const blob = blobOf([2, 2], [1, 2, 3, 4]);
  expect(() => tf.tidy(() => blob.set(tf.zeros([3])))).toThrow(
    new NetDefinitionError("3 values do not fit a blob of shape 2 2 (4)"),
  );
  expect([...blob.data]).toEqual([1, 2, 3, 4]);
});

test("has gradients of operations and operations as methods", () => {
  const gradient = tf.tidy(() =>
    tf
      .grad((x) => x.square().sum())(tf.tensor([1, 2]))
      .arraySync(),
  );
  expect(gradient).toEqual([2, 4]);
});

test("finds the largest value along any axis: the first of equals, NaN before numbers, as numpy", () => {
  const x = [
    [
      [1, 5, Number.NaN],
      [1, 9, 2],
    ],
    [
      [3, -1, 0],
      [4, -2, Number.NaN],
    ],
  ];
  const argMax = (axis: number) => tf.tidy(() => tf.tensor(x).argMax(axis).arraySync());
  expect(argMax(0)).toEqual([
    [1, 0, 0],
    [1, 0, 1],
  ]);
  expect(argMax(1)).toEqual([
    [0, 1, 0],
    [1, 0, 1],
  ]);
  expect(argMax(-1)).toEqual([
    [2, 1],
    [0, 2],
  ]);
});

test("loads TensorFlow.js when it is first asked for, without a word", () => {
  const source = fileURLToPath(new URL("../../src/core/tensor.ts", import.meta.url));
  const { outputFiles } = buildSync({
    stdin: {
      contents: `import { tensorflow } from ${JSON.stringify(source)};
        const before = "_tfengine" in globalThis;
        const sum = tensorflow().tensor([1, 2]).square().sum().dataSync()[0];
        console.log(before, sum, tensorflow().getBackend());`,
      resolveDir: dirname(source),
    },
    define: { "import.meta.url": JSON.stringify(new URL(source, "file:").href) },
    bundle: true,
    packages: "external",
    platform: "node",
    format: "esm",
    write: false,
  });
  const run = spawnSync(process.execPath, ["--input-type=module", "-"], {
    input: outputFiles[0]!.text,
    encoding: "utf8",
  });
  expect(run).toMatchObject({ stdout: "false 5 cpu\n", stderr: "", status: 0 });
});
