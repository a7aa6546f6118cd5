import { expect } from "vitest";
import { SyncedMemory } from "../../../src/core/synced-memory.ts";
import { createTask, writes } from "../../../src/device/webgpu/task.ts";
import { resolveDevice } from "../../../src/device/choose.ts";
import { type WebGpuDevice, openWebGpuDevice } from "../../../src/device/webgpu/webgpu-device.ts";
import { flatTask } from "../../../src/device/webgpu/wgsl.ts";
import { onGpu } from "../../support/gpu.ts";

const LOST =
  /^the GPU reports an error: it was lost: .*; a training goes on from its last snapshot$/;

onGpu("a GPU that goes away is told of in one sentence, wherever it is noticed", async () => {
  const device = await openWebGpuDevice({ threads: 1 });
  const { gpu } = device;
  const memory = new SyncedMemory(gpu.heap, 8);
  const task = createTask(
    gpu,
    flatTask("fill", 8, { y: writes(memory) }, (v) => `  ${v.y}[i] = 1.0;`),
  );
  task.run();
  await gpu.finish();
  gpu.device.destroy();
  await gpu.device.lost;
  task.run();
  for (const notice of [() => gpu.keepPace(), () => gpu.finish(), () => memory.bringToHost()]) {
    await expect(notice()).rejects.toThrow(LOST);
  }
  memory.release();
});

onGpu("after one was lost, whoever asks next gets another that works", async () => {
  // A number of threads that no other test asks for: theirs are in this process too.
  const options = { threads: 3 };
  const first = (await resolveDevice("webgpu", options)) as WebGpuDevice;
  expect(await resolveDevice("webgpu", options)).toBe(first);
  first.gpu.device.destroy();
  await first.gpu.device.lost;
  const second = (await resolveDevice("webgpu", options)) as WebGpuDevice;
  expect(second).not.toBe(first);
  await second.gpu.finish();
});

onGpu("a kernel that does not compile is named, in one line", async () => {
  const { gpu, ...device } = await openWebGpuDevice({ threads: 1 });
  const memory = new SyncedMemory(gpu.heap, 8);
  const spec = flatTask("conv1 forward", 8, { y: writes(memory) }, () => "  y[i] = nothing;");
  createTask(gpu, spec).run();
  const error = await gpu.finish().catch((reason: unknown) => reason);
  expect(String(error)).toMatch(/^CaffeError: the GPU reports an error: .*conv1 forward.*$/);
  device.dispose();
});
