/** @file What of WebGPU is there. */
import { CaffeError } from "../../errors.ts";
import type { DeviceReport } from "../survey.ts";
import { type FoundAdapter, advice, findAdapter, listGpus } from "./adapter.ts";
import { kernels } from "./kernels/index.ts";
import { type VulkanDrivers, findVulkanDrivers } from "./vulkan.ts";

const MIB = 2 ** 20;

/** Features that kernels can make use of. */
const FEATURES = ["shader-f16", "subgroups", "timestamp-query"] as const;

/** Looks for a GPU as `--device webgpu` does, and says what it came upon. */
export async function surveyWebGpu(): Promise<DeviceReport> {
  const searched = process.platform === "linux" ? searchFacts(findVulkanDrivers()) : [];
  const layers = `${Object.keys(kernels).length} types have kernels; others run on the host`;
  try {
    const [gpus, found] = [await listGpus(), await findAdapter()];
    const names = gpus.map((name, i) => [`GPU ${i}`, name] as const);
    return {
      name: "webgpu",
      facts: [...searched, ...names, ...adapterFacts(found), ["Layers", layers]],
      ...(found.isSoftware
        ? { advice: `it is slow, and --device auto and --gpu pass over it; for a GPU, ${advice()}` }
        : {}),
    };
  } catch (error) {
    if (!(error instanceof CaffeError)) throw error;
    return { name: "webgpu", facts: searched, problem: error.message, advice: advice() };
  }
}

function searchFacts({ lookedIn, manifests, loader }: VulkanDrivers): DeviceReport["facts"] {
  return [
    ["Loader", loader ?? "libvulkan.so.1 is in none of the usual folders"],
    ["Drivers", manifests.join(", ") || `none in ${lookedIn.join(", ")}`],
  ];
}

function adapterFacts({ adapter, name, isSoftware }: FoundAdapter): DeviceReport["facts"] {
  const { info, limits, features } = adapter;
  const mebi = (bytes: number) => `${Math.floor(bytes / MIB)} MiB`;
  const able = FEATURES.filter((feature) => features.has(feature));
  return [
    ["Adapter", isSoftware ? `${name}: software that computes on the CPU` : name],
    ["Driver", info.description || "(it does not say)"],
    ["Largest", `${mebi(limits.maxStorageBufferBindingSize)} in one blob`],
    [
      "Limits",
      `workgroups of ${limits.maxComputeInvocationsPerWorkgroup}, ${limits.maxComputeWorkgroupStorageSize / 1024} KiB shared; ${limits.maxStorageBuffersPerShaderStage} buffers a kernel`,
    ],
    ["Features", able.join(", ") || "none that matter here"],
  ];
}
