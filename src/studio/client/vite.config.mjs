/** @file Bundles the studio's pages into dist/studio. */
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));

// biome-ignore lint/style/noDefaultExport: vite reads the default export
export default defineConfig({
  root: at("."),
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: at("../../../dist/studio"),
    emptyOutDir: true,
    modulePreload: { polyfill: false },
  },
});
