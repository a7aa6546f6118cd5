import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parsePrototxt } from "../../src/schema/index.ts";
import { checkNetFiles } from "../../src/studio/server/net-files.ts";
import { Roots } from "../../src/studio/server/roots.ts";

describe("files that a network names", () => {
  const top = realpathSync(mkdtempSync(join(tmpdir(), "cortado-net-files-")));
  const jobs = join(top, "jobs");
  const folder = join(jobs, "mine");
  for (const name of ["mine", "mine-too"]) mkdirSync(join(jobs, name), { recursive: true });
  writeFileSync(join(top, "secret"), "");
  symlinkSync(join(top, "secret"), join(folder, "link"));
  afterAll(() => rmSync(top, { recursive: true, force: true }));

  const check = (source: string) => {
    const text = `layer { name: "d" type: "HDF5Data" top: "d" hdf5_data_param { source: "${source}" } }`;
    const net = parsePrototxt(text, { message: "NetParameter" });
    return checkNetFiles(net, new Roots(jobs, []), folder);
  };

  test("may lie in the job, whether they exist yet or not", async () => {
    await expect(check("list.txt")).resolves.toBeUndefined();
    await expect(check("deep/../list.txt")).resolves.toBeUndefined();
  });

  test.each(["../../secret", "../mine-too/list.txt", "link"])(
    "may not lead out of it: %s",
    async (path) => {
      await expect(check(path)).rejects.toThrow(/outside its job/);
    },
  );

  test("may not be absolute and outside the studio's folders", async () => {
    await expect(check(join(top, "secret"))).rejects.toThrow(/outside the folders of the studio/);
  });
});
