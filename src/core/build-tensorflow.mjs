/**
 * @file Bundles what Node's build of tfjs-core leaves out: the gradients of all operations, and the
 * operations as methods of a tensor. tfjs publishes both as files that Node cannot import.
 */
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { buildSync } from "esbuild";

const root = new URL("../../", import.meta.url);
const core = "@tensorflow/tfjs-core";
const { version } = JSON.parse(
  readFileSync(new URL(`node_modules/${core}/package.json`, root), "utf8"),
);
const mark = `// ${core} ${version}`;
// Sources run from src/, the installed package from dist/; tsc would not carry the file over.
const targets = ["src", "dist/src"].map((folder) =>
  fileURLToPath(new URL(`${folder}/core/generated/tensorflow-extras.cjs`, root)),
);

const isCurrent = (file) => existsSync(file) && readFileSync(file, "utf8").startsWith(mark);

if (!targets.every(isCurrent)) {
  const { outputFiles } = buildSync({
    stdin: {
      contents: `
        import "${core}/dist/register_all_gradients.js";
        import "${core}/dist/public/chained_ops/register_all_chained_ops.js";`,
      resolveDir: fileURLToPath(root),
    },
    bundle: true,
    write: false,
    platform: "node",
    target: "node20",
    format: "cjs",
    mainFields: ["module", "main"],
    banner: { js: mark },
    minify: true,
    legalComments: "eof",
    logLevel: "warning",
  });
  for (const target of targets) {
    mkdirSync(dirname(target), { recursive: true });
    const temporary = `${target}.${process.pid}.tmp`;
    writeFileSync(temporary, outputFiles[0].contents);
    renameSync(temporary, target);
  }
}
