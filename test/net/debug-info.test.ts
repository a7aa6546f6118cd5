import { expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { netParam, recordedLogger, solverParam } from "../support/solver.ts";
import { Solver } from "../../src/solver/index.ts";

const body = `
  layer { name: "in" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
  layer { name: "ip" type: "InnerProduct" bottom: "x" top: "y" param { name: "w" }
    inner_product_param { num_output: 1 bias_term: false weight_filler { value: 2 } } }`;

test("debug_info of a net logs the mean size of what each pass computes", async () => {
  const logger = recordedLogger();
  const net = await Net.load(netParam(`debug_info: true force_backward: true ${body}`), { logger });
  logger.lines.length = 0;
  await net.forward({ x: [1, -3] });
  await net.backward({ y: [0.5] });
  net.debugInfo = false;
  await net.forward();
  expect(logger.lines).toEqual([
    "    [Forward] Layer in, top blob x data: 2",
    "    [Forward] Layer ip, top blob y data: 4",
    "    [Forward] Layer ip, param blob w data: 2",
    "    [Backward] Layer ip, bottom blob x diff: 1",
    "    [Backward] Layer ip, param blob 0 diff: 1",
    "    [Backward] All net params (data, diff): L1 norm = (4, 2); L2 norm = (2.82843, 1.58114)",
  ]);
  net.dispose();
});

test("a solver decides for its nets: display iterations of the train net, and all tests", async () => {
  const logger = recordedLogger();
  const text = `base_lr: 0.1 lr_policy: "fixed" debug_info: true display: 2 max_iter: 2
    test_iter: 1 test_interval: 2 snapshot_after_train: false`;
  const loss = 'layer { name: "loss" type: "Reduction" bottom: "y" top: "l" loss_weight: 1 }';
  const solver = await Solver.load(
    { ...solverParam(text), netParam: netParam(body + loss) },
    { logger },
  );
  logger.lines.length = 0;
  await solver.solve();
  const passes = logger.lines.filter((line) =>
    /Testing|\[\w+\] Layer (ip|loss), top|net params|^Iter/.test(line),
  );
  expect(passes.map((line) => line.replace(/ \(.*| = .*|: .*/, ""))).toEqual([
    "Iteration 0, Testing net",
    "    [Forward] Layer ip, top blob y data",
    "    [Forward] Layer loss, top blob l data",
    "    [Forward] Layer ip, top blob y data",
    "    [Forward] Layer loss, top blob l data",
    "    [Backward] All net params",
    "Iteration 0",
    "Iteration 0, lr",
    "Iteration 2, loss",
    "Iteration 2, Testing net",
    "    [Forward] Layer ip, top blob y data",
    "    [Forward] Layer loss, top blob l data",
  ]);
  solver.dispose();
});
