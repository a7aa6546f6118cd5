/** @file A user's own project: cortado as a package in node_modules, layers with types, imports and packages. */
import { execFile } from "node:child_process";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { loadCustomLayer } from "../../src/custom/index.ts";
import { hasBuild } from "../support/run-built.ts";
import { folderWith } from "./support.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const run = promisify(execFile);

/** A folder with files in folders of their own. */
function projectWith(files: Readonly<Record<string, string>>): string {
  const project = folderWith({});
  for (const [name, text] of Object.entries(files)) {
    const path = join(project, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
  return project;
}

const everyMember = `
  import { type Blob, Layer, type Params, createRandom, loadImage, parseParamStr, prefetch, readNpy } from "cortado";
  import { double } from "./lib/double.ts";

  export class Full extends Layer {
    scale = 1;
    next: Promise<number> | undefined;
    override async setup(bottom: Blob[], top: Blob[]): Promise<void> {
      const { scale = 2 } = this.params as { scale?: number };
      const all: Params = this.params;
      this.scale = double(scale) + Object.keys(all).length + (parseParamStr("1") as number);
      this.addBlob([bottom.length, top.length], { type: "xavier" });
      this.next = prefetch(Promise.resolve(this.random.integer(3) + createRandom(1).uniform(0, 1)));
    }
    override async prepare(): Promise<void> {
      this.scale += (await this.next) ?? 0;
      if (this.name === "") {
        const { height, data } = await loadImage(this.resolvePath("x.png"), "index");
        this.scale = height * data[0]! * (await readNpy("x.npy")).data[0]!;
      }
    }
    override reshape([x]: [Blob], [y]: [Blob]): void { y.reshape(...x.shape); }
    override forward([x]: [Blob], [y]: [Blob]): void { y.set(x.tensor().mul(this.scale)); }
    override backward([y]: [Blob], [wanted]: boolean[], [x]: [Blob]): void {
      if (wanted) x.setDiff(y.diffTensor().mul(this.blobs[0]!.data[0]!));
    }
    override saveState() { return { scale: this.scale }; }
    override restoreState(state: { scale: number }) { this.scale = state.scale; }
    override dispose() {}
  }

  // As it is carried over first: no override, loose arrays.
  export class Loose extends Layer {
    setup(bottom: Blob[], top: Blob[]) { if (bottom.length !== top.length) throw new Error(this.phase); }
    reshape(bottom: Blob[], top: Blob[]) { top[0]!.reshape(1); }
    forward(bottom: Blob[], top: Blob[]) { top[0]!.data[0] = bottom[0]!.data[0]!; }
    backward() {}
  }`;

const tsconfig = (more: object) =>
  JSON.stringify({
    compilerOptions: {
      strict: true,
      noUncheckedIndexedAccess: true,
      target: "es2022",
      module: "nodenext",
      allowImportingTsExtensions: true,
      noEmit: true,
      skipLibCheck: true,
      types: [],
      ...more,
    },
    include: ["*.ts"],
  });

const withoutBuild = hasBuild ? "" : " (skipped: the package is not built)";

test.skipIf(withoutBuild)(
  `types hold in a project of its own, and refuse what cannot be${withoutBuild}`,
  async () => {
    const project = projectWith({
      "full.ts": everyMember,
      "lib/double.ts": "export const double = (x: number): number => 2 * x;",
      "wrong.ts": `import { type Blob, Layer } from "cortado";
        export class Wrong extends Layer {
          reshape(bottom: Blob[], top: Blob[]) { top[0]!.data = bottom[0]!.data; }
          async forward() {}
        }`,
      "tsconfig.json": tsconfig({}),
    });
    mkdirSync(join(project, "node_modules"));
    symlinkSync(root, join(project, "node_modules", "cortado"));
    const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
    const failure = await run(process.execPath, [tsc, "-p", "."], { cwd: project }).then(
      () => ({ stdout: "no error" }),
      (error: { stdout: string }) => error,
    );
    expect(failure.stdout.trim().split("\n")).toEqual([
      "wrong.ts(3,58): error TS2540: Cannot assign to 'data' because it is a read-only property.",
    ]);
  },
  120_000, // the compiler takes its time on a busy machine
);

test("runs files that import others, JSON and packages of both kinds", async () => {
  const project = projectWith({
    "many.ts": `
      import four, { three } from "esm-only";
      import cjs from "cjs-only";
      import settings from "./lib/settings.json" with { type: "json" };
      import { Layer } from "cortado";
      enum Size { Five = 5 }
      class Base extends Layer { reshape() {} forward() {} }
      export class First extends Base { static values = [three, four, cjs.two, settings.seven, Size.Five]; }
      export class Second extends Base {}
      export { Second as Third };`,
    "lib/settings.json": '{ "seven": 7 }',
    "node_modules/esm-only/package.json": '{ "type": "module", "exports": "./index.js" }',
    "node_modules/esm-only/index.js": "export const three = 3; export default 4;",
    "node_modules/cjs-only/index.js": "module.exports = { two: 2 };",
  });
  const { layerClass, module } = await loadCustomLayer("many", "First", [project]);
  expect("values" in layerClass && layerClass.values).toEqual([3, 4, 2, 7, 5]);
  expect([...module.classes.keys()]).toEqual(["First", "Second", "Third"]);
});

test("says in one line which package is missing, and where await belongs", async () => {
  const project = projectWith({
    "missing.ts": `import { Layer } from "cortado";\nimport x from "not-there";\nexport class A extends Layer { reshape() { x(); } forward() {} }`,
    "await.ts": `import { Layer } from "cortado";\nconst x = await 1;\nexport class A extends Layer { reshape() {} forward() {} }`,
  });
  await expect(loadCustomLayer("missing", "A", [project])).rejects.toThrow(
    /missing\.ts:2:15: Cannot find module 'not-there': install it beside this file$/,
  );
  await expect(loadCustomLayer("await", "A", [project])).rejects.toThrow(
    /await\.ts:2:11: does not compile: await belongs in `async setup`$/,
  );
});
