/** @file Finding a GPU through Dawn, the WebGPU of the `webgpu` package. */
import { existsSync } from "node:fs";
import { CaffeError } from "../../errors.ts";
import { findVulkanDrivers, namesDrivers } from "./vulkan.ts";

/** A GPU, or software that stands in for one. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** What the driver calls it. */
  readonly name: string;
  /** Whether it computes on the CPU, as SwiftShader and llvmpipe do. */
  readonly isSoftware: boolean;
  readonly instance: GPU;
}

export interface AdapterChoice {
  /** The GPU's number, as `listGpus` counts; default: the one that the driver thinks strongest. */
  readonly index?: number | undefined;
  /** Whether software that stands in for a GPU will do; default: true. */
  readonly allowSoftware?: boolean | undefined;
  /** Switches of Dawn, as its `create` takes them. */
  readonly dawn?: readonly string[] | undefined;
}

/** The words by which drivers that compute on the CPU are known. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/** Vulkan drivers that compute on the CPU, which no Vulkan loader finds by itself. */
const HIDDEN_DRIVERS = ["/usr/lib/chromium/vk_swiftshader_icd.json"];

/**
 * Looks for an adapter, the strongest first; where there is none, for software that stands in for one.
 * @throws CaffeError that says what was looked for and what is missing
 */
export async function findAdapter(choice: AdapterChoice = {}): Promise<FoundAdapter> {
  const { index, allowSoftware = true, dawn = [] } = choice;
  const named = index ? [`adapter=${nameOfGpu(await listGpus(), index)}`] : [];
  const found =
    (hasDriver() ? await requestAdapter([...named, ...dawn]) : undefined) ??
    (allowSoftware ? await requestHiddenAdapter(dawn) : undefined);
  if (!found) throw noGpu(missing());
  if (found.isSoftware && !allowSoftware) {
    throw noGpu(`the only adapter is "${found.name}", which is software and computes on the CPU`);
  }
  return found;
}

/** The names of the GPUs that Dawn can use, software left out. */
export async function listGpus(): Promise<string[]> {
  const adapters = hasDriver() ? await listAdapters() : [];
  return adapters.filter((name) => !SOFTWARE.test(name));
}

/** What would have to be there for a GPU to be found. */
export function missing(): string {
  if (process.platform !== "linux") return "there is no GPU that Metal or Direct3D 12 offers";
  const { manifests, loader } = findVulkanDrivers();
  if (manifests.length === 0) return "no Vulkan driver is installed";
  if (!loader) return "Vulkan's loader, libvulkan.so.1, is not installed";
  return `the Vulkan drivers (${manifests.join(", ")}) offer none`;
}

/** How to come by a GPU that this package can use. */
export function advice(): string {
  return process.platform === "linux"
    ? "install the driver of the GPU's vendor, with Vulkan, and the package libvulkan1 (in a container of NVIDIA's: NVIDIA_DRIVER_CAPABILITIES=all)"
    : "update the driver of the GPU";
}

/** Whether it makes sense to ask Dawn: without a driver it writes warnings, and finds nothing. */
function hasDriver(): boolean {
  return process.platform !== "linux" || findVulkanDrivers().manifests.length > 0;
}

function noGpu(reason: string): CaffeError {
  return new CaffeError("no-gpu", `no GPU was found: ${reason} (see cortado device_query)`);
}

function nameOfGpu(gpus: readonly string[], index: number): string {
  const name = gpus[index];
  const known = gpus.map((gpu, i) => `${i}: ${gpu}`).join(", ") || "none";
  if (name === undefined) {
    throw new CaffeError("no-gpu", `there is no GPU ${index}; found: ${known}`);
  }
  if (gpus.indexOf(name) < index) {
    throw new CaffeError(
      "no-gpu",
      `GPU ${index} cannot be chosen, because others have the same name (${known}) and WebGPU tells them ` +
        "apart by name only; use GPU 0",
    );
  }
  return name;
}

async function requestAdapter(options: readonly string[]): Promise<FoundAdapter | undefined> {
  const instance = await loadDawn(options);
  const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) return undefined;
  const { description, device, vendor, architecture } = adapter.info;
  const name = [device || description || "GPU", vendor].filter(Boolean).join(", ");
  const isSoftware = SOFTWARE.test([description, device, architecture].join(" "));
  return { adapter, name, isSoftware, instance };
}

/** Names a hidden driver to the Vulkan loader, unless the user has named one. */
async function requestHiddenAdapter(options: readonly string[]): Promise<FoundAdapter | undefined> {
  const driver = HIDDEN_DRIVERS.find((path) => existsSync(path));
  if (!driver || namesDrivers()) return undefined;
  process.env.VK_ICD_FILENAMES = driver;
  try {
    return await requestAdapter(options);
  } finally {
    delete process.env.VK_ICD_FILENAMES;
  }
}

/** Dawn lists its adapters in the error for a name that it does not find. */
async function listAdapters(): Promise<string[]> {
  const instance = await loadDawn(["adapter=(a list of all)"]);
  const text = await instance.requestAdapter().then(
    () => "",
    (error: unknown) => String(error instanceof Error ? error.message : error),
  );
  const lines = [...text.matchAll(/backend: '(\w+)', name: '(.*)'/g)];
  return lines.flatMap(([, backend, name]) => (/^opengl/.test(backend!) ? [] : [name!]));
}

async function loadDawn(options: readonly string[]): Promise<GPU> {
  try {
    const { create } = await import("webgpu");
    return create([...options]);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new CaffeError(
      "no-gpu",
      `the package "webgpu" does not load here (${reason}); npm installs it where there is a build of it`,
    );
  }
}
