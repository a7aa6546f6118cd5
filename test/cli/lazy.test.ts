import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { hasProgram, startProgram } from "../support/program.ts";
import { temporaryFolder } from "../support/solver.ts";

/** Writes down the address of every module that is loaded. */
const hooks = (list: string) => `
  import { appendFileSync } from "node:fs";
  export async function load(url, context, next) {
    appendFileSync(${JSON.stringify(list)}, url + "\\n");
    return next(url, context);
  }`;

/** The packages that a command line loads, nested ones included. */
async function packagesOf(folder: string, args: readonly string[]): Promise<Set<string>> {
  const [list, hook] = ["loaded.txt", "hook.mjs"].map((name) => join(folder, name));
  writeFileSync(list!, "");
  const source = `data:text/javascript,${encodeURIComponent(hooks(list!))}`;
  writeFileSync(
    hook!,
    `import { register } from "node:module"; register(${JSON.stringify(source)});`,
  );
  const run = startProgram(folder, args, [`--import=${hook}`]);
  expect(await run.exit, run.err()).toBe(0);
  const names = readFileSync(list!, "utf8").matchAll(/node_modules\/((?:@[^/]+\/)?[^/]+)/g);
  return new Set([...names].map(([, name]) => name!));
}

test.skipIf(!hasProgram)(
  "a plain net is built and run with the parser's libraries alone, help without any (needs the build)",
  async () => {
    using folder = temporaryFolder();
    writeFileSync(
      join(folder.path, "net.prototxt"),
      `layer { name: "x" type: "Input" top: "x" input_param { shape { dim: 1 dim: 2 } } }
       layer { name: "y" type: "InnerProduct" bottom: "x" top: "y" inner_product_param { num_output: 3 } }`,
    );
    const time = ["time", "-model", "net.prototxt", "-iterations", "1"];
    expect(await packagesOf(folder.path, time)).toEqual(new Set(["protobufjs", "nearley", "moo"]));
    expect(await packagesOf(folder.path, ["--help"])).toEqual(new Set());
  },
);
