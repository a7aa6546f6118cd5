/** @file The GPU of the tests, real or in software; where there is none, they skip and their names say so. */
import { test } from "vitest";
import { resolveDevice } from "../../src/device/index.ts";
import type { WebGpuDevice } from "../../src/device/webgpu/webgpu-device.ts";
import { CaffeError } from "../../src/errors.ts";

/** The process's own GPU, or undefined. */
export const gpu = await findGpu();

async function findGpu(): Promise<WebGpuDevice | undefined> {
  try {
    return (await resolveDevice("webgpu", { threads: 1 })) as WebGpuDevice;
  } catch (error) {
    if (error instanceof CaffeError) return undefined;
    throw error;
  }
}

/** Appended to the names of tests that need a GPU. */
export const needsGpu = gpu ? "" : " (skipped: needs a GPU, or chromium's SwiftShader)";

/** A test that runs where there is a GPU. */
export function onGpu(
  title: string,
  body: (device: WebGpuDevice) => Promise<void>,
  timeout = 60_000,
): void {
  test.skipIf(!gpu)(title + needsGpu, () => body(gpu!), timeout);
}

/** Makes this process find no GPU of the system, for as long as a test runs. */
export function hideGpus(): Disposable {
  const before = process.env.VK_DRIVER_FILES;
  process.env.VK_DRIVER_FILES = "/nowhere/no-driver.json";
  return {
    [Symbol.dispose]() {
      if (before === undefined) delete process.env.VK_DRIVER_FILES;
      else process.env.VK_DRIVER_FILES = before;
    },
  };
}
