/**
 * @file Compiles kernels/index.ts (AssemblyScript) to WebAssembly, twice: with plain SIMD and with
 * relaxed SIMD. The bytes become base64 strings in generated/kernels.ts, so that no file has to be
 * found at run time.
 */
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import asc from "assemblyscript/asc";

const here = fileURLToPath(new URL(".", import.meta.url));
const target = `${here}generated/kernels.ts`;
const sources = new Map(
  readdirSync(`${here}kernels`)
    .filter((name) => name.endsWith(".ts"))
    .map((name) => [name, readFileSync(`${here}kernels/${name}`, "utf8")]),
);
const mark = `// Compiled from src/math/kernels; do not edit. ${fingerprint()}\n`;

if (!existsSync(target) || !readFileSync(target, "utf8").startsWith(mark)) {
  const text = [
    mark,
    "/** The kernels for engines with SIMD, in base64. */",
    `export const simdKernels =\n  "${await compile("simd,threads")}";`,
    "/** The kernels for engines with relaxed SIMD, which has a fused multiply-add, in base64. */",
    `export const relaxedKernels =\n  "${await compile("simd,threads,relaxed-simd")}";`,
    "",
  ].join("\n");
  mkdirSync(`${here}generated`, { recursive: true });
  const temporary = `${target}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, target);
}

function fingerprint() {
  const hash = createHash("sha256").update(readFileSync(fileURLToPath(import.meta.url)));
  hash.update(asc.version);
  for (const [name, text] of sources) hash.update(name).update(text);
  return hash.digest("hex").slice(0, 16);
}

/** @returns the module in base64; ends the process with the compiler's messages if it has errors. */
async function compile(features) {
  let binary;
  const { error, stderr } = await asc.main(
    [
      "index.ts",
      "--outFile=kernels.wasm",
      `--enable=${features}`,
      "--importMemory",
      "--sharedMemory",
      "--initialMemory=32",
      "--maximumMemory=65536",
      "--runtime=stub",
      "--noAssert",
      "--optimizeLevel=3",
      "--shrinkLevel=0",
      "--converge",
      "--disableWarning=201",
      "--noColors",
    ],
    {
      readFile: (name) => sources.get(name) ?? null,
      writeFile: (_name, contents) => {
        binary = contents;
      },
      listFiles: () => [],
    },
  );
  if (error || !binary) {
    process.stderr.write(`${stderr.toString()}\n${error?.message ?? ""}\n`);
    process.exit(1);
  }
  return Buffer.from(binary).toString("base64");
}
