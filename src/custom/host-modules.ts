/** @file The modules that a custom layer shares with the running cortado instead of loading its own. */
import { extname } from "node:path";
import type { Plugin } from "esbuild";
import { tensorflow } from "../core/tensor.ts";

type ModuleExports = Readonly<Record<string, unknown>>;
/** Exports by module name: what compiled code finds in its variable `cortadoHost`. */
export type HostModules = Readonly<Record<string, ModuleExports>>;

const NAMES = /^(cortado|@tensorflow\/tfjs|@tensorflow\/tfjs-core)$/;

/**
 * The running cortado's public API. A layer is its user's program and may use all of it, so this
 * looks upwards from where it stands, by an address that is made when a layer is loaded.
 */
async function publicApi(): Promise<ModuleExports> {
  const index = new URL(`../index${extname(import.meta.url)}`, import.meta.url);
  return await import(/* @vite-ignore */ index.href);
}

export async function loadHostModules(): Promise<HostModules> {
  const tf = tensorflow();
  return { cortado: await publicApi(), "@tensorflow/tfjs": tf, "@tensorflow/tfjs-core": tf };
}

/**
 * Resolves these modules to what is there already. Their names become exports that esbuild knows,
 * so a misspelt one (`tf.argmax`) is reported with its line before anything runs.
 */
export function hostModulesPlugin(modules: HostModules): Plugin {
  return {
    name: "cortado-host-modules",
    setup(build) {
      build.onResolve({ filter: NAMES }, ({ path }) => ({ path, namespace: "host" }));
      build.onLoad({ filter: NAMES, namespace: "host" }, ({ path }) => {
        const names = Object.keys(modules[path]!).filter((name) => name !== "default");
        return {
          contents: `export const { ${names.join(", ")} } = cortadoHost[${JSON.stringify(path)}];`,
        };
      });
    },
  };
}
