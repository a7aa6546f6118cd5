/** @file Finding what TensorFlow.js computes with: TensorFlow itself on a GPU or the CPU, or its own cpu backend. */
import { createRequire } from "node:module";
import util from "node:util";
import { type TensorFlow, quietly, tensorflow } from "../../core/tensor.ts";
import { CaffeError } from "../../errors.ts";

/** What a backend is asked for by; "best" takes the first of the others that is there. */
export type BackendChoice = "best" | "tfjs-node-gpu" | "tfjs-node" | "cpu";

/** What TensorFlow.js computes with. */
export interface FoundBackend {
  readonly tf: TensorFlow;
  /** The package that brings TensorFlow; "cpu" for TensorFlow.js's own JavaScript. */
  readonly name: Exclude<BackendChoice, "best">;
  /** Whether TensorFlow uses a GPU. */
  readonly usesGpu: boolean;
  /** Why packages that come before this one were not taken, one line each. */
  readonly notTaken: readonly string[];
}

const PACKAGES = ["tfjs-node-gpu", "tfjs-node"] as const;

/** What a package says when npm has not installed it, in contrast to one that does not load. */
const ABSENT = "MODULE_NOT_FOUND";

const require = createRequire(import.meta.url);

/**
 * Loads a backend and makes it TensorFlow.js's own for the whole process, custom layers included.
 * @throws CaffeError where the one that was asked for is not there, with the reason
 */
export function loadBackend(choice: BackendChoice = "best"): FoundBackend {
  const tf = tensorflow();
  const notTaken: string[] = [];
  for (const name of PACKAGES) {
    if (choice !== "best" && choice !== name) continue;
    const problem = loadTensorFlow(tf, name);
    if (!problem) return { tf, name, usesGpu: usesGpu(tf), notTaken };
    notTaken.push(`@tensorflow/${name} ${problem}`);
  }
  if (choice !== "best" && choice !== "cpu") {
    throw new CaffeError(
      "no-tfjs",
      `${notTaken.join("; ")}. CONTRIBUTING.md ("TensorFlow.js on a GPU") says how to install it`,
    );
  }
  select(tf, "cpu");
  return { tf, name: "cpu", usesGpu: false, notTaken };
}

/** Whether npm has installed a package, without loading it. */
export function isInstalled(name: (typeof PACKAGES)[number]): boolean {
  try {
    require.resolve(`@tensorflow/${name}/package.json`);
    return true;
  } catch {
    return false;
  }
}

/** @returns why not, or nothing */
function loadTensorFlow(tf: TensorFlow, name: (typeof PACKAGES)[number]): string | undefined {
  restoreOldUtil();
  // TensorFlow tells much on stderr; warnings and errors stay. Caffe computes in whole float32.
  process.env.TF_CPP_MIN_LOG_LEVEL ??= "1";
  process.env.NVIDIA_TF32_OVERRIDE ??= "0";
  try {
    quietly(tf, () => {
      require(`@tensorflow/${name}`);
      select(tf, "tensorflow");
      tf.scalar(0).dispose();
    });
  } catch (error) {
    const isAbsent = error instanceof Error && "code" in error && error.code === ABSENT;
    const reason = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return isAbsent && reason?.includes(`@tensorflow/${name}'`)
      ? "is not installed"
      : `does not load: ${reason}`;
  }
  return undefined;
}

/**
 * tfjs-node 4.22 calls two functions of `util` that are deprecated, and gone from Node 23 on
 * (tensorflow/tfjs#8425). These do the same.
 */
function restoreOldUtil(): void {
  const old = { isNullOrUndefined: (value: unknown) => value == null, isArray: Array.isArray };
  for (const [name, value] of Object.entries(old)) {
    Object.defineProperty(util, name, { value, configurable: true, writable: true });
  }
}

function select(tf: TensorFlow, backend: "tensorflow" | "cpu"): void {
  if (tf.getBackend() !== backend && !tf.setBackend(backend)) {
    throw new Error(`the backend "${backend}" of TensorFlow.js does not start`);
  }
}

function usesGpu(tf: TensorFlow): boolean {
  const backend: unknown = tf.backend();
  return typeof backend === "object" && backend !== null && "isUsingGpuDevice" in backend
    ? backend.isUsingGpuDevice === true
    : false;
}
