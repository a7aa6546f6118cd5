/** @file Finding a GPU through Dawn, the WebGPU of the `webgpu` package. */
import { existsSync } from "node:fs";
import { CaffeError } from "../../errors.ts";

/** A GPU, or software that stands in for one. */
export interface FoundAdapter {
  readonly adapter: GPUAdapter;
  /** What the driver calls it. */
  readonly name: string;
  /** Whether it computes on the CPU, as SwiftShader and llvmpipe do. */
  readonly isSoftware: boolean;
  readonly instance: GPU;
}

/** The words by which drivers that compute on the CPU are known. */
const SOFTWARE = /swiftshader|llvmpipe|lavapipe|software|basic render/i;

/** Vulkan drivers that compute on the CPU, which no Vulkan loader finds by itself. */
const HIDDEN_DRIVERS = ["/usr/lib/chromium/vk_swiftshader_icd.json"];

/**
 * Looks for an adapter, the strongest first; where there is none, for software that stands in for one.
 * @throws CaffeError that says what was looked for and what is missing
 */
export async function findAdapter(): Promise<FoundAdapter> {
  const found = (await requestAdapter()) ?? (await requestHiddenAdapter());
  if (!found) {
    throw new CaffeError(
      "no-gpu",
      "the webgpu package found no GPU: there is no Vulkan driver (Linux), Metal (macOS) or Direct3D 12 " +
        "(Windows) that it can use. On Linux install the vendor's driver and libvulkan1",
    );
  }
  const { adapter, instance } = found;
  const { description, device, vendor, architecture } = adapter.info;
  const name = [description || device || "GPU", vendor].filter(Boolean).join(", ");
  const isSoftware = SOFTWARE.test([description, device, architecture].join(" "));
  return { adapter, name, isSoftware, instance };
}

async function requestAdapter(): Promise<Pick<FoundAdapter, "adapter" | "instance"> | undefined> {
  const instance = await loadDawn();
  const adapter = await instance.requestAdapter({ powerPreference: "high-performance" });
  return adapter ? { adapter, instance } : undefined;
}

/** Names a hidden driver to the Vulkan loader, unless the user has named one. */
async function requestHiddenAdapter(): ReturnType<typeof requestAdapter> {
  const driver = HIDDEN_DRIVERS.find((path) => existsSync(path));
  if (!driver || process.env.VK_ICD_FILENAMES) return undefined;
  process.env.VK_ICD_FILENAMES = driver;
  const found = await requestAdapter();
  if (!found) delete process.env.VK_ICD_FILENAMES;
  return found;
}

async function loadDawn(): Promise<GPU> {
  try {
    const { create } = await import("webgpu");
    return create([]);
  } catch (error) {
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    throw new CaffeError(
      "no-gpu",
      `the package "webgpu" does not load here (${reason}); npm installs it where there is a build of it`,
    );
  }
}
