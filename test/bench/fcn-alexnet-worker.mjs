/**
 * FCN-AlexNet (21 classes) in cortado: one training iteration for each line read from standard input.
 * Prints the milliseconds of each, and the peak resident memory in bytes when the input ends.
 */
import { createInterface } from "node:readline";
import { Solver, parsePrototxt } from "../../dist/src/index.js";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = fileURLToPath(new URL("../../networks/fcn-alexnet/network.prototxt", import.meta.url));
const net = parsePrototxt(readFileSync(path, "utf8"), { message: "NetParameter", fileName: path });

/** The network's data layers, as constants: what is measured is the net, not a database. */
const data = parsePrototxt(
  `layer { name: "data" type: "DummyData" top: "data" top: "label"
     dummy_data_param {
       shape { dim: 1 dim: 3 dim: 256 dim: 256 } shape { dim: 1 dim: 1 dim: 256 dim: 256 }
       data_filler { value: 127 } data_filler { value: 1 } } }`,
  { message: "NetParameter" },
);
const layers = net.layer.filter((layer) => layer.type !== "Data");
for (const layer of layers) {
  if (layer.type === "Convolution")
    layer.convolutionParam.weightFiller = { type: "gaussian", std: 0.01 };
}
const solver = await Solver.load(
  {
    ...parsePrototxt(
      "base_lr: 1e-4 lr_policy: 'fixed' momentum: 0.9 weight_decay: 5e-4 max_iter: 1000000 random_seed: 1",
      { message: "SolverParameter" },
    ),
    netParam: { ...net, layer: [...data.layer, ...layers] },
    snapshotAfterTrain: false,
  },
  { threads: Number(process.argv[2]) },
);

console.log(`ready ${process.version}`);
for await (const _ of createInterface({ input: process.stdin })) {
  const start = performance.now();
  await solver.step(1);
  console.log(performance.now() - start);
}
console.log(1024 * process.resourceUsage().maxRSS);
