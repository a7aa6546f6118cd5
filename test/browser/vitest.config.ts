import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const root = fileURLToPath(new URL("../..", import.meta.url));

export default defineConfig({
  root,
  resolve: { alias: { cortado: `${root}src/index.ts` } },
  test: {
    include: ["test/browser/**/*.test.ts"],
    fileParallelism: false,
    testTimeout: 120_000,
    expect: { poll: { timeout: 20_000 } },
    // One story: what comes after a failure has nothing to stand on.
    bail: 1,
    reporters: ["verbose", `${root}test/support/closing-line.ts`],
  },
});
