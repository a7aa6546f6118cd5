import { describe, expect, test } from "vitest";
import { NetDefinitionError } from "../../src/errors.ts";
import type { DisplayEvent, SolverObserver, TestEvent } from "../../src/solver/index.ts";
import { Solver } from "../../src/solver/index.ts";
import {
  netParam,
  recordedLogger,
  regressionNet,
  regressionSolver,
  solverParam,
} from "../support/solver.ts";

const base = 'base_lr: 0.05 lr_policy: "fixed" snapshot_after_train: false';

/** Log lines of the solver itself, numbers that depend on time left out. */
function solverLines(lines: readonly string[]): string[] {
  const start = lines.findIndex((line) => line.startsWith("Solving"));
  return lines.slice(start).map((line) => line.replace(/\(\S+ iter\/s, \S+s\//, "(- iter/s, -s/"));
}

describe("the order of things in a training", () => {
  test("is Caffe's, and so are the lines", async () => {
    const logger = recordedLogger();
    const text = `${base} max_iter: 4 display: 2 test_iter: 2 test_interval: 3`;
    const solver = await regressionSolver(text, { logger });
    await solver.solve();
    const number = String.raw`\d\.?\S*`;
    const loss = `loss = ${number}`;
    const output = `output #0: ${loss} \\(\\* 1 = ${number} loss\\)`;
    const expected = [
      "Solving Regression",
      "Learning Rate Policy: fixed",
      "Iteration 0, Testing net \\(#0\\)",
      `    Test net ${output}`,
      `Iteration 0 \\(- iter/s, -s/2 iters\\), ${loss}`,
      `    Train net ${output}`,
      "Iteration 0, lr = 0.05",
      `Iteration 2 \\(- iter/s, -s/2 iters\\), ${loss}`,
      `    Train net ${output}`,
      "Iteration 2, lr = 0.05",
      "Iteration 3, Testing net \\(#0\\)",
      `    Test net ${output}`,
      `Iteration 4, ${loss}`,
      "Optimization Done.",
    ];
    const lines = solverLines(logger.lines);
    expect(lines).toHaveLength(expected.length);
    for (const [i, pattern] of expected.entries()) {
      expect(lines[i]).toMatch(new RegExp(`^${pattern}$`));
    }
    solver.dispose();
  });

  test("multistep tells of a step between the loss and the rate", async () => {
    const logger = recordedLogger();
    const text = `${base.replace("fixed", "multistep")} gamma: 0.5 stepvalue: 1 max_iter: 2 display: 1`;
    const solver = await regressionSolver(text, { logger });
    await solver.solve();
    const lines = solverLines(logger.lines);
    const at = lines.indexOf("MultiStep Status: Iteration 1, step = 1");
    expect(lines[at - 1]).toContain("Train net output");
    expect(lines[at + 1]).toBe("Iteration 1, lr = 0.025");
    solver.dispose();
  });

  test("test_initialization: false leaves out the first test", async () => {
    const logger = recordedLogger();
    const text = `${base} max_iter: 2 test_iter: 1 test_interval: 2 test_initialization: false`;
    const solver = await regressionSolver(`${text} test_compute_loss: true`, { logger });
    await solver.solve();
    const lines = solverLines(logger.lines);
    expect(lines.filter((line) => line.includes("Testing"))).toEqual([
      "Iteration 2, Testing net (#0)",
    ]);
    expect(lines.some((line) => line.startsWith("Test loss: "))).toBe(true);
    solver.dispose();
  });

  test("a training goes down the loss", async () => {
    const solver = await regressionSolver(`${base} average_loss: 5`);
    await solver.step(5);
    const first = solver.loss;
    await solver.step(200);
    expect(solver.iter).toBe(205);
    expect(solver.loss).toBeLessThan(0.9 * first);
    solver.dispose();
  });
});

describe("observers", () => {
  test("hear of iterations, displays and tests with the numbers of the log", async () => {
    const iterations: number[] = [];
    const displays: DisplayEvent[] = [];
    const tests: TestEvent[] = [];
    const observer: SolverObserver = {
      onIteration: ({ iter }) => iterations.push(iter),
      onDisplay: (event) => displays.push(event),
      onTest: (event) => tests.push(event),
    };
    const text = `${base} max_iter: 3 display: 2 test_iter: 1 test_interval: 3`;
    const solver = await regressionSolver(text, { observer });
    await solver.solve();
    expect(iterations).toEqual([0, 1, 2]);
    expect(displays.map(({ iter }) => iter)).toEqual([0, 2]);
    expect(displays[0]!.scores).toEqual([
      { name: "loss", value: displays[0]!.loss, lossWeight: 1 },
    ]);
    expect(tests.map(({ iter, net }) => [iter, net])).toEqual([
      [0, 0],
      [3, 0],
    ]);
    solver.dispose();
  });

  test("stop hearing when they ask for it", async () => {
    const solver = await regressionSolver(base);
    let count = 0;
    const off = solver.observe({ onIteration: () => count++ });
    await solver.step(2);
    off();
    await solver.step(2);
    expect(count).toBe(2);
    solver.dispose();
  });
});

describe("requests", () => {
  test("a stop ends the training after the running iteration", async () => {
    const logger = recordedLogger();
    const solver = await regressionSolver(`${base} max_iter: 100`, { logger });
    solver.observe({ onIteration: ({ iter }) => iter === 4 && solver.request("stop") });
    await solver.solve();
    expect(solver.iter).toBe(5);
    expect(logger.lines.at(-1)).toBe("Optimization stopped early.");
    solver.dispose();
  });

  test("a stop during a test ends the test", async () => {
    const logger = recordedLogger();
    const text = `${base} max_iter: 100 test_iter: 50 test_interval: 10`;
    const solver = await regressionSolver(text, { logger });
    solver.testNets[0]!.onBeforeForward(() => solver.request("stop"));
    await solver.solve();
    expect(solver.iter).toBe(0);
    expect(logger.lines.slice(-2)).toEqual(["Test interrupted.", "Optimization stopped early."]);
    solver.dispose();
  });

  test("timers run while a solver trains", async () => {
    const solver = await regressionSolver(`${base} max_iter: 100000000`);
    setTimeout(() => solver.request("stop"), 30);
    await solver.solve();
    expect(solver.iter).toBeGreaterThan(0);
    solver.dispose();
  });
});

describe("test nets", () => {
  test("are those of test_net_param, then the generic net, each in its state", async () => {
    const tagged = (stage: string) =>
      regressionNet.replace('name: "loss"', `name: "loss" include { stage: "${stage}" }`);
    const param = {
      ...solverParam(
        `${base} test_iter: 1 test_iter: 1 test_interval: 5
         test_state { stage: "a" } test_state { stage: "b" level: 2 } train_state { stage: "b" }`,
      ),
      netParam: netParam(tagged("b")),
      testNetParam: [netParam(tagged("a").replace("Regression", "Own"))],
    };
    const solver = await Solver.load(param);
    expect(solver.testNets.map((net) => net.name)).toEqual(["Own", "Regression"]);
    for (const net of [solver.net, ...solver.testNets]) expect(net.outputs).toEqual(["loss"]);
    expect(solver.testNets.map((net) => net.phase)).toEqual(["TEST", "TEST"]);
    solver.dispose();
  });

  test("see the parameters of the train net", async () => {
    const solver = await regressionSolver(`${base} test_iter: 1 test_interval: 5`);
    await solver.step(3);
    await solver.test();
    const [trained, tested] = [solver.net, solver.testNets[0]!].map((net) => net.params.get("ip")!);
    expect(tested![0]!.data).toEqual(trained![0]!.data);
    await solver.step(1);
    expect(tested![0]!.data).toEqual(trained![0]!.data);
    solver.dispose();
  });
});

describe("a loss that is no number", () => {
  test("is told of once, with where it began and what to try", async () => {
    const logger = recordedLogger();
    const solver = await regressionSolver(base, { logger });
    let diagnosis = "";
    solver.observe({ onDivergence: (event) => (diagnosis = event.diagnosis) });
    await solver.step(2);
    solver.net.params.get("ip")![0]!.data[3] = Number.NaN;
    await solver.step(3);
    expect(logger.lines.filter((line) => line.includes("is nan"))).toEqual([diagnosis]);
    expect(diagnosis).toBe(
      'The loss is nan since iteration 2. The first values that are not finite are in parameter 0 of layer "ip" (InnerProduct): the last update made them so. Try a lower base_lr, clip_gradients, and input that is scaled or has its mean subtracted.',
    );
    solver.dispose();
  });

  test("is told of too where a softmax is saturated, at 87.3365", async () => {
    const net = `
      layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
      layer { name: "t" type: "Input" top: "t" input_param { shape { dim: 1 } } }
      layer { name: "loss" type: "SoftmaxWithLoss" bottom: "x" bottom: "t" top: "loss" }`;
    const solver = await regressionSolver(base, { net });
    let diagnosis = "";
    solver.observe({ onDivergence: (event) => (diagnosis = event.diagnosis) });
    solver.net.onBeforeForward(({ blobs }) => {
      blobs.get("x")!.set([1000, 0]);
      blobs.get("t")!.set([1]);
    });
    await solver.step(1);
    expect(diagnosis).toMatch(/^The loss is 87\.3365 since iteration 0: the softmax gives/);
    solver.dispose();
  });

  test("names the blob where the parameters are fine", async () => {
    const solver = await regressionSolver(base);
    let diagnosis = "";
    solver.observe({ onDivergence: (event) => (diagnosis = event.diagnosis) });
    solver.net.onBeforeForward((net) => {
      net.blobs.get("x")!.data[0] = Number.POSITIVE_INFINITY;
    });
    await solver.step(1);
    expect(diagnosis).toContain('not finite are in blob "x", top of layer "x" (Input)');
    solver.dispose();
  });
});

describe("solvers that cannot be", () => {
  const net = { netParam: netParam(regressionNet) };
  test.each([
    [
      'type: "Foo"',
      "Unknown solver type: Foo (known types: AdaDelta, AdaGrad, Adam, Nesterov, RMSProp, SGD)",
    ],
    ['type: "AdaGrad" momentum: 0.9', "Momentum cannot be used with AdaGrad."],
    ['type: "RMSProp" momentum: 0.9', "Momentum cannot be used with RMSProp."],
    ['type: "RMSProp" rms_decay: 1', "rms_decay should lie between 0 and 1"],
    ['regularization_type: "L3"', "Unknown regularization type: L3"],
    ["average_loss: 0", "average_loss should be non-negative"],
    ["iter_size: 0", "iter_size is 0"],
    ["test_iter: 1", "test_interval must be greater than 0"],
    [
      'test_net: "t.prototxt" test_interval: 1',
      "test_iter must be specified for each test network",
    ],
    [
      "test_iter: 1 test_interval: 1 test_state { } test_state { }",
      "test_state must be unspecified or specified once per test net",
    ],
    [
      'train_net: "t.prototxt"',
      "SolverParameter must not contain more than one of these fields specifying a train_net: net, net_param, train_net, train_net_param",
    ],
  ])("%s: %s", async (text, message) => {
    const load = Solver.load({ ...solverParam(`${base} ${text}`), ...net });
    await expect(load).rejects.toThrow(NetDefinitionError);
    await expect(load).rejects.toThrow(message);
  });

  test("no train net at all", async () => {
    await expect(Solver.load(solverParam(base))).rejects.toThrow(
      "SolverParameter must specify a train net using one of these fields: net, net_param, train_net, train_net_param",
    );
  });

  test("a file that is not there", async () => {
    await expect(Solver.load("nope.prototxt")).rejects.toThrow("File not found: nope.prototxt");
  });

  test("two steps at a time", async () => {
    const solver = await Solver.load({ ...solverParam(base), ...net });
    const first = solver.step(2);
    await expect(solver.step(2)).rejects.toThrow("the solver is in the middle of a step: await it");
    await first;
    expect(solver.iter).toBe(2);
    solver.dispose();
  });

  test("weights and a snapshot together", async () => {
    const options = { weights: "a.caffemodel", snapshot: "b.solverstate" };
    await expect(Solver.load({ ...solverParam(base), ...net }, options)).rejects.toThrow(
      "Give a snapshot to resume training or weights to finetune but not both.",
    );
  });
});
