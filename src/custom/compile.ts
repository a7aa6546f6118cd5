/** @file From a layer's TypeScript file to JavaScript that can be run, with the way back to its lines. */
import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { SourceMap } from "node:module";
import type { Message, Plugin } from "esbuild";
import { CustomLayerError, type Location } from "../errors.ts";
import { type HostModules, hostModulesPlugin } from "./host-modules.ts";
import { displayPath, excerptAt } from "./source-position.ts";

export interface CompiledLayer {
  /** Absolute path of the file that was compiled. */
  readonly file: string;
  /** CommonJS: one module with everything that the file imports by relative path. */
  readonly code: string;
  /** Where the code at `line` and `column`, from 1, was written. */
  originOf(line: number, column: number): Location | undefined;
}

/**
 * @param plugins what else decides on the files that are read
 * @throws CustomLayerError with file, line and column for what does not compile.
 */
export async function compileLayerFile(
  file: string,
  modules: HostModules,
  plugins: readonly Plugin[] = [],
): Promise<CompiledLayer> {
  const { build } = await import("esbuild");
  const outfile = `${file}.cjs`; // never written; the source map's paths are relative to it
  let outputs: { path: string; text: string }[];
  let inputs: ReadonlySet<string>;
  try {
    const result = await build({
      entryPoints: [file],
      absWorkingDir: dirname(file),
      outfile,
      write: false,
      bundle: true,
      packages: "external",
      platform: "node",
      target: "node20",
      format: "cjs",
      keepNames: true,
      sourcemap: "external",
      // The same meaning wherever the file lies, whatever tsconfig.json is near.
      tsconfigRaw: {},
      logLevel: "silent",
      logOverride: { "import-is-undefined": "error" },
      metafile: true,
      plugins: [hostModulesPlugin(modules), ...plugins],
    });
    outputs = result.outputFiles;
    const names = Object.keys(result.metafile.inputs);
    inputs = new Set(names.map((name) => resolve(dirname(file), name)));
  } catch (failure) {
    throw isBuildFailure(failure) ? compileError(file, failure.errors) : failure;
  }
  const text = (suffix: string) => outputs.find(({ path }) => path === outfile + suffix)!.text;
  const map = new SourceMap(JSON.parse(text(".map")));
  return {
    file,
    code: text(""),
    originOf(line, column) {
      const entry = map.findEntry(line - 1, column - 1);
      if (!("originalSource" in entry)) return undefined;
      const source = resolve(dirname(file), entry.originalSource);
      // A file can bring a source map of its own, which may name any path.
      if (!inputs.has(source)) return undefined;
      return {
        file: displayPath(source),
        line: entry.originalLine + 1,
        column: entry.originalColumn + 1,
      };
    },
  };
}

function isBuildFailure(failure: unknown): failure is { errors: Message[] } {
  return failure instanceof Error && "errors" in failure && Array.isArray(failure.errors);
}

function compileError(file: string, messages: readonly Message[]): CustomLayerError {
  const [first, ...others] = messages;
  const more = others.length > 0 ? ` (and ${others.length} more errors)` : "";
  const isAwait = first!.text.startsWith("Top-level await");
  const reason = isAwait ? "await belongs in `async setup`" : first!.text.replaceAll("host:", "");
  const problem = `does not compile: ${reason}${more}`;
  const place = first!.location;
  if (!place) return new CustomLayerError(`${displayPath(file)} ${problem}`);
  const path = resolve(dirname(file), place.file);
  // esbuild counts columns in bytes.
  const before = Buffer.from(place.lineText).subarray(0, place.column).toString();
  const location = { file: displayPath(path), line: place.line, column: before.length + 1 };
  return new CustomLayerError(problem, {
    location,
    excerpt: excerptAt(readFileSync(path, "utf8"), location),
  });
}
