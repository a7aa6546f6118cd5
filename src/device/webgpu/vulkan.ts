/** @file Where Vulkan's loader looks for drivers on Linux, so that nobody asks it in vain: it complains on stderr. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

type Environment = Readonly<Record<string, string | undefined>>;

/** Variables that name drivers in place of the folders; the first is the newer one. */
const DRIVER_VARIABLES = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"] as const;

/** What was looked for, and found. */
export interface VulkanDrivers {
  /** Folders, or the files that the environment names. */
  readonly lookedIn: readonly string[];
  /** Manifests (JSON) of drivers. */
  readonly manifests: readonly string[];
  /** The path of the loader, libvulkan.so.1, where it is in a usual place. */
  readonly loader: string | undefined;
}

/** Looks as the loader does (LoaderDriverInterface.md of the Vulkan loader, "Driver Discovery on Linux"). */
export function findVulkanDrivers(env: Environment = process.env): VulkanDrivers {
  const named = DRIVER_VARIABLES.map((name) => env[name]).find(Boolean);
  const lookedIn = named ? paths(named) : [...paths(env.VK_ADD_DRIVER_FILES), ...folders(env)];
  return { lookedIn, manifests: lookedIn.flatMap(manifestsAt), loader: findLoader(env) };
}

/** Whether the environment names the drivers to use. */
export function namesDrivers(env: Environment = process.env): boolean {
  return DRIVER_VARIABLES.some((name) => Boolean(env[name]));
}

function folders(env: Environment): string[] {
  const home = env.HOME ?? homedir();
  const roots = [
    env.XDG_CONFIG_HOME ?? join(home, ".config"),
    ...paths(env.XDG_CONFIG_DIRS ?? "/etc/xdg"),
    ...["/usr/local/etc", "/etc"],
    env.XDG_DATA_HOME ?? join(home, ".local/share"),
    ...paths(env.XDG_DATA_DIRS ?? "/usr/local/share:/usr/share"),
  ];
  return [...new Set(roots.map((root) => join(root, "vulkan/icd.d")))];
}

function paths(list: string | undefined): string[] {
  return (list ?? "").split(":").filter((path) => path !== "");
}

function manifestsAt(path: string): string[] {
  try {
    if (!statSync(path).isDirectory()) return [path];
    const names = readdirSync(path).filter((name) => name.endsWith(".json"));
    return names.sort().map((name) => join(path, name));
  } catch {
    return [];
  }
}

function findLoader(env: Environment): string | undefined {
  const machine = process.arch === "arm64" ? "aarch64" : "x86_64";
  const usual = [`/usr/lib/${machine}-linux-gnu`, "/usr/lib64", "/usr/lib", "/usr/local/lib"];
  const all = [...paths(env.LD_LIBRARY_PATH), ...usual];
  return all.map((folder) => join(folder, "libvulkan.so.1")).find((file) => existsSync(file));
}
