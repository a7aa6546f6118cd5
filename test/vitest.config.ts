import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("..", import.meta.url));

// biome-ignore lint/style/noDefaultExport: vitest reads the default export
export default defineConfig({
  root,
  resolve: { alias: { cortado: `${root}src/index.ts` } },
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/slow/**"],
    isolate: false,
    testTimeout: 30_000,
    reporters: ["default", `${root}test/support/closing-line.ts`],
  },
});
