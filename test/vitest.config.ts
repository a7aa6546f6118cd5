import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { hasNative } from "./support/native.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const include = ["test/**/*.test.ts"];

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  root,
  resolve: { alias: { cortado: `${root}src/index.ts` } },
  test: {
    exclude: ["test/slow/**", "test/browser/**"],
    isolate: false,
    // vitest leaves one core free; much of this suite waits for processes and files.
    maxWorkers: 2,
    testTimeout: 30_000,
    expect: { poll: { timeout: 10_000 } },
    reporters: ["default", `${root}test/support/closing-line.ts`],
    projects: [
      { extends: true, test: { name: "cortado", include } },
      // Where the C engine is the default, what computes is held to the same on WebAssembly.
      ...(hasNative && !process.env["CORTADO_ENGINE"]
        ? [
            {
              extends: true as const,
              test: {
                name: "WebAssembly",
                include: ["test/layers/**/*.test.ts", "test/golden/golden.test.ts"],
                // They read files or compute in TypeScript: the engine makes no difference to them.
                exclude: [
                  "test/layers/{,*-}data.test.ts",
                  "test/layers/hdf5-*.test.ts",
                  "test/layers/{augmentation,detection-output,permute,prior-box}.test.ts",
                  "test/layers/{psroi-pooling,roi-pooling}.test.ts",
                ],
                env: { CORTADO_ENGINE: "wasm" },
              },
            },
          ]
        : []),
    ],
  },
});
