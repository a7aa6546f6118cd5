/**
 * @file Where a GPU's time goes: `node roofline.mjs WORKLOAD [THREADS]` times each kernel of a training
 * iteration with the GPU's own clock, and prints the heaviest with what they reach: arithmetic (of
 * convolutions and inner products) and memory (each blob of the layer counted once).
 */
import { openWebGpuDevice } from "../../dist/src/device/webgpu/webgpu-device.js";
import { multiplyAdds } from "../../dist/src/net/multiply-adds.js";
import { trainingSolver } from "./workloads.mjs";

const [, , workload, threads = "1"] = process.argv;
const SHOWN = 10;
const ROUNDS = 5;
/** Numbers of WebGPU: QUERY_RESOLVE | COPY_SRC, COPY_DST | MAP_READ, READ. */
const [RESOLVE, READ_BACK, READ] = [0x0200 | 0x0004, 0x0008 | 0x0001, 1];
const MOST = 2048;

// Dawn rounds times to tenths of a millisecond, as long as many kernels take.
const dawn = ["disable-dawn-features=timestamp_quantization"];
const device = await openWebGpuDevice({ threads: Number(threads), dawn });
const { gpu } = device;
const solver = await trainingSolver(workload, { threads: Number(threads), device });
if (!solver || !gpu.device.features.has("timestamp-query")) {
  const why = solver ? `${device.adapter.name} has no timestamp-query` : "it trains no net";
  console.log(`no roofline of ${workload}: ${why}`);
  process.exit(0);
}
await solver.step(2);
const times = new Map();
for (let round = 0; round < ROUNDS; round++) {
  for (const [label, ms] of await timedIteration())
    times.set(label, [...(times.get(label) ?? []), ms]);
}
report();
process.exit(0);

/** One iteration with a pass for each dispatch. @returns [label, milliseconds] */
async function timedIteration() {
  const querySet = gpu.device.createQuerySet({ type: "timestamp", count: 2 * MOST });
  const labels = [];
  gpu.dispatch = (pipeline, bindings, groups) => {
    gpu.submit();
    const at = 2 * labels.length;
    if (labels.push(bindings.label) > MOST) throw new Error(`more than ${MOST} dispatches`);
    const encoder = gpu.device.createCommandEncoder();
    const pass = encoder.beginComputePass({
      timestampWrites: { querySet, beginningOfPassWriteIndex: at, endOfPassWriteIndex: at + 1 },
    });
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindings);
    pass.dispatchWorkgroups(...groups);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
  };
  await solver.step(1);
  delete gpu.dispatch;
  const size = 16 * labels.length;
  const [resolved, back] = [RESOLVE, READ_BACK].map((usage) =>
    gpu.device.createBuffer({ size, usage }),
  );
  const encoder = gpu.device.createCommandEncoder();
  encoder.resolveQuerySet(querySet, 0, 2 * labels.length, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, back, 0, size);
  gpu.device.queue.submit([encoder.finish()]);
  await back.mapAsync(READ);
  const ticks = new BigUint64Array(back.getMappedRange().slice(0));
  for (const used of [resolved, back, querySet]) used.destroy();
  return labels.map((label, i) => [label, Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6]);
}

function report() {
  const median = (list) => list.toSorted((a, b) => a - b)[list.length >> 1];
  const kernels = [...times].map(([label, list]) => ({
    label,
    // A kernel with one label may run several times in an iteration.
    ms: (median(list) * list.length) / ROUNDS,
    ...workOf(label),
  }));
  const total = kernels.reduce((sum, { ms }) => sum + ms, 0);
  console.log(`\n${workload} on ${device.adapter.name}: ${total.toFixed(2)} ms in kernels`);
  console.log("| kernel | ms | share | GFLOP/s | GB/s | FLOP a byte |");
  console.log("|---|---|---|---|---|---|");
  for (const { label, ms, flops, bytes } of kernels
    .toSorted((a, b) => b.ms - a.ms)
    .slice(0, SHOWN)) {
    const per = (amount) => (amount ? Number((amount / ms / 1e6).toPrecision(3)) : "");
    const intensity = flops && bytes ? (flops / bytes).toFixed(0) : "";
    const cells = [
      label,
      ms.toFixed(3),
      `${((100 * ms) / total).toFixed(0)} %`,
      per(flops),
      per(bytes),
    ];
    console.log(`| ${[...cells, intensity].join(" | ")} |`);
  }
}

/** What a kernel must compute and move, by the layer that its label names. */
function workOf(label) {
  if (/update$/.test(label)) return {};
  const layer = solver.net.layers
    .filter(({ name }) => label.startsWith(`${name} `))
    .toSorted((a, b) => b.name.length - a.name.length)[0];
  if (!layer || / parts$/.test(label)) return {};
  const blobs = [...layer.bottomBlobs, ...layer.topBlobs, ...layer.blobs.slice(0, 1)];
  const bytes = 4 * blobs.reduce((sum, { count }) => sum + count, 0);
  return { bytes, flops: /bias/.test(label) ? 0 : 2 * multiplyAdds(layer) };
}
