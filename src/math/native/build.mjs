/**
 * Builds the native engine with the system's C compiler into dist/native. Without a compiler nothing
 * fails and nothing is said: the WebAssembly kernels do the same work. `--verbose` says why.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const here = fileURLToPath(new URL(".", import.meta.url));
const output = fileURLToPath(new URL("../../../dist/native/", import.meta.url));
const isVerbose = process.argv.includes("--verbose");
const isX64 = process.arch === "x64";

/** Each build of kernels.c: its name and the compiler's flags. */
const INSTRUCTION_SETS = [
  ["base", []],
  ...(isX64
    ? [
        ["avx2", ["-DISA_AVX2", "-mavx2", "-mfma"]],
        ["avx512", ["-DISA_AVX512", "-mavx512f", "-mavx512dq", "-mavx512vl", "-mfma"]],
      ]
    : []),
];
const FLAGS = ["-std=gnu11", "-O3", "-fPIC", "-ffp-contract=fast", "-fno-math-errno", "-c"];
const LINK_FLAGS =
  process.platform === "darwin"
    ? ["-bundle", "-undefined", "dynamic_lookup"]
    : // The threads run on until the process ends: the library must stay where it is.
      ["-shared", "-pthread", "-Wl,-z,nodelete"];

try {
  build();
} catch (error) {
  if (isVerbose) {
    const said = error.stderr?.toString().trim() || error.message;
    process.stderr.write(`the native engine was not built: ${said}\n`);
  }
}

function build() {
  if (process.platform === "win32") throw new Error("it needs POSIX threads");
  const target = join(output, `${process.platform}-${process.arch}.node`);
  const stamp = `${target}.txt`;
  const mark = fingerprint();
  if (existsSync(target) && existsSync(stamp) && readFileSync(stamp, "utf8") === mark) return;
  const compiler = process.env.CC ?? "cc";
  const headers = createRequire(import.meta.url)("node-api-headers").include_dir;
  mkdirSync(output, { recursive: true });
  const work = mkdtempSync(join(output, ".build-"));
  try {
    const compile = (source, name, flags) => {
      const object = join(work, `${name}.o`);
      const includes = ["-I", headers];
      const args = [...FLAGS, ...flags, ...includes, join(here, source), "-o", object];
      execFileSync(compiler, args, { stdio: ["ignore", "ignore", "pipe"] });
      return object;
    };
    const objects = [
      compile("addon.c", "addon", []),
      compile("threads.c", "threads", ["-pthread"]),
      ...INSTRUCTION_SETS.map(([name, flags]) => compile("kernels.c", name, flags)),
    ];
    const library = join(work, "library");
    execFileSync(compiler, [...LINK_FLAGS, ...objects, "-o", library], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    renameSync(library, target);
    writeFileSync(stamp, mark);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Changes when anything does that the library is made of. */
function fingerprint() {
  const hash = createHash("sha256").update(process.env.CC ?? "cc");
  for (const name of readdirSync(here).sort())
    hash.update(name).update(readFileSync(join(here, name)));
  return hash.digest("hex");
}
