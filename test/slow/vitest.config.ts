import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  root,
  resolve: { alias: { cortado: `${root}src/index.ts` } },
  test: {
    include: ["test/slow/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 3_600_000,
    reporters: ["default", `${root}test/support/closing-line.ts`],
  },
});
