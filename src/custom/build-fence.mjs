/** @file Bundles the fence: the program of a fenced layer's process, and the thread that watches it. */
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../../", import.meta.url);
const LOADER = "const require = createRequire(import.meta.url);";

/** The process can read no file but its own: TensorFlow.js goes into the bundle. */
const withTensorFlow = {
  name: "with-tensorflow",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]core[\\/]tensor\.ts$/ }, ({ path }) => {
      const text = readFileSync(path, "utf8");
      if (!text.includes(LOADER)) throw new Error(`${path} loads TensorFlow.js in another way now`);
      return { contents: text.replace(LOADER, ""), loader: "ts" };
    });
  },
};

async function bundle(entry, name) {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(entry, import.meta.url))],
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    keepNames: true,
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: "warning",
    plugins: [withTensorFlow],
  });
  // Sources run from src/, the installed package from dist/; tsc would not carry the file over.
  for (const folder of ["src", "dist/src"]) {
    const target = fileURLToPath(new URL(`${folder}/custom/generated/${name}`, root));
    mkdirSync(dirname(target), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    writeFileSync(temporary, outputFiles[0].contents);
    renameSync(temporary, target);
  }
}

await bundle("fence/child/main.ts", "fenced-layer.cjs");
await bundle("fence/thread.ts", "fence-thread.cjs");
