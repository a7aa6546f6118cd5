import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { findVulkanDrivers, namesDrivers } from "../../src/device/webgpu/vulkan.ts";
import { temporaryFolder } from "../support/solver.ts";

/** A home with a driver in it, and nothing else to look at. */
function home() {
  const folder = temporaryFolder();
  const drivers = join(folder.path, ".local/share/vulkan/icd.d");
  mkdirSync(drivers, { recursive: true });
  writeFileSync(join(drivers, "b.json"), "{}");
  writeFileSync(join(drivers, "a.json"), "{}");
  writeFileSync(join(drivers, "a.so"), "");
  const env = { HOME: folder.path, XDG_CONFIG_DIRS: "/nowhere", XDG_DATA_DIRS: "/nowhere" };
  return { env, drivers, [Symbol.dispose]: folder[Symbol.dispose] };
}

describe("Vulkan's drivers", () => {
  test("are the manifests in the folders of the user and of the system", () => {
    using user = home();
    const { manifests, lookedIn } = findVulkanDrivers(user.env);
    expect(manifests).toEqual(
      expect.arrayContaining(["a.json", "b.json"].map((name) => join(user.drivers, name))),
    );
    expect(lookedIn).toContain("/etc/vulkan/icd.d");
    expect(lookedIn).toContain(join(user.env.HOME, ".config/vulkan/icd.d"));
  });

  test("are those that the environment names, and no others", () => {
    using user = home();
    const file = join(user.drivers, "b.json");
    for (const name of ["VK_DRIVER_FILES", "VK_ICD_FILENAMES"]) {
      const env = { ...user.env, [name]: `${file}:/nowhere/c.json` };
      expect(findVulkanDrivers(env)).toMatchObject({ manifests: [file] });
      expect(namesDrivers(env)).toBe(true);
    }
    expect(namesDrivers({ ...user.env, VK_ICD_FILENAMES: "" })).toBe(false);
  });

  test("may be added to by folder", () => {
    using user = home();
    const env = { HOME: "/nowhere", XDG_DATA_DIRS: "/nowhere", VK_ADD_DRIVER_FILES: user.drivers };
    expect(findVulkanDrivers(env).manifests).toContain(join(user.drivers, "a.json"));
  });
});
