/** @file Compiling a stranger's layer file: nothing is read but what lies beside it. */
import { realpathSync } from "node:fs";
import { dirname, isAbsolute, relative, sep } from "node:path";
import type { Plugin } from "esbuild";
import { displayPath } from "../source-position.ts";

/** An import of a file elsewhere, also through a link, would bring that file into the layer's hands. */
export function onlyFilesBeside(file: string): Plugin {
  const folder = realpathSync(dirname(file));
  return {
    name: "cortado-only-files-beside",
    setup(build) {
      build.onLoad({ filter: /.*/, namespace: "file" }, ({ path }) => {
        const way = relative(folder, realpathSync(path));
        const isInside = way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way);
        if (isInside) return undefined;
        const text = `a fenced layer imports only files of its own folder, not ${displayPath(path)}`;
        return { errors: [{ text }] };
      });
    },
  };
}
