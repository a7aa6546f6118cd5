/** @file OpenCV's dnn module, which runs Caffe's nets with code of its own; tests that need it are skipped without it. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Net } from "../../src/net/net.ts";
import { parsePrototxt } from "../../src/schema/index.ts";
import { hasPythonModule, runPython } from "./python.ts";

export const hasOpenCv = hasPythonModule("cv2");

/** An array as JSON. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

const SCRIPT = `
import cv2, json, numpy, sys
i = json.load(sys.stdin)
net = cv2.dnn.readNetFromCaffe(i["prototxt"], i["model"])
for name, value in i["inputs"].items():
    net.setInput(numpy.array(value["data"], numpy.float32).reshape(value["shape"]), name)
y = net.forward(i["output"])
print(json.dumps({"shape": y.shape, "data": y.astype(float).ravel().tolist()}))
`;

/**
 * Runs a net with the same values in cortado and in OpenCV.
 * @param prepare gives inputs and parameters their values
 * @returns what both have in one blob
 */
export async function runBoth(
  text: string,
  output: string,
  prepare: (net: Net) => void,
): Promise<{ readonly ours: Values; readonly theirs: Values }> {
  const folder = mkdtempSync(join(tmpdir(), "cortado-opencv-"));
  const net = await Net.load(parsePrototxt(text, { message: "NetParameter" }), {
    phase: "TEST",
    threads: 1,
  });
  try {
    prepare(net);
    const [prototxt, model] = [join(folder, "net.prototxt"), join(folder, "net.caffemodel")];
    writeFileSync(prototxt, text);
    await net.save(model);
    const inputs = Object.fromEntries(net.inputs.map((name) => [name, valuesOf(net, name)]));
    await net.forward();
    const ours = valuesOf(net, output);
    return { ours, theirs: runPython(SCRIPT, { prototxt, model, inputs, output }) as Values };
  } finally {
    net.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

function valuesOf(net: Net, name: string): Values {
  const { shape, data } = net.blobs.get(name)!;
  return { shape, data: [...data] };
}

/** An Input layer. */
export function inputLayer(name: string, ...shape: readonly number[]): string {
  const dims = shape.map((size) => `dim: ${size}`).join(" ");
  return `layer { name: "${name}" type: "Input" top: "${name}" input_param { shape { ${dims} } } }\n`;
}
