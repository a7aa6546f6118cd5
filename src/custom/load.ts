/** @file From what a prototxt says, `module` and `layer`, to the class in a user's file. */
import { CustomLayerError } from "../errors.ts";
import {
  type LayerPath,
  UPLOADED_MODULE,
  findModuleFile,
  findUploadedFile,
  openLayerPath,
} from "./find.ts";
import type { LayerClass } from "./layer.ts";
import { type ExportSummary, summaryOf } from "./export-summary.ts";
import { type LayerModule, loadLayerModule } from "./layer-module.ts";
import { displayPath } from "./source-position.ts";

/** A class that is ready to be made into a layer, and the module that explains its errors. */
export interface LoadedLayerClass {
  readonly className: string;
  readonly layerClass: LayerClass;
  readonly module: LayerModule;
}

/**
 * Finds and loads a custom layer's class.
 *
 * The file is `<module>.ts`, `.js` or `.mjs` in one of the folders of the layer path, or a file that
 * stands on the path itself; the folder of cortado's own layers comes last. For DIGITS' module name
 * `digits_python_layers` any file on the path that exports the class will do.
 * @throws CustomLayerError when there is no such file or class, or the file does not load.
 */
export async function loadCustomLayer(
  module: string,
  className: string,
  layerPath: readonly string[],
): Promise<LoadedLayerClass> {
  const file = findLayerFile(module, className, layerPath);
  const loaded = await loadLayerModule(file);
  const layerClass = loaded.classes.get(className);
  checkExports(file, className, summaryOf(loaded, className));
  return { className, layerClass: layerClass!, module: loaded };
}

/** The file that `module` names. @throws CustomLayerError when there is none */
export function findLayerFile(
  module: string,
  className: string,
  layerPath: readonly string[],
): string {
  const path = openLayerPath(layerPath);
  const file =
    findModuleFile(module, path) ??
    (module === UPLOADED_MODULE ? findUploadedFile(className, path) : undefined);
  if (!file) throw notFound(module, className, path);
  return file;
}

/** @throws CustomLayerError when the file exports no such class, or one that lacks a method */
export function checkExports(file: string, className: string, found: ExportSummary): void {
  if (!found.classes.includes(className)) throw noSuchClass(file, className, found);
  if (!found.lacks) return;
  throw new CustomLayerError(
    `${displayPath(file)}: class ${className} has no method ${found.lacks}(bottom, top)`,
  );
}

function notFound(module: string, className: string, path: LayerPath): CustomLayerError {
  const wanted =
    module === UPLOADED_MODULE
      ? `file that exports a class ${className}`
      : `${module.replaceAll(".", "/")}.ts, .js or .mjs`;
  return new CustomLayerError(
    `No module named "${module}": there is no ${wanted} in ${path.shown.join(", ")}. ` +
      "Put the file beside the network, or name it with --layers (option `layers`).",
  );
}

function noSuchClass(file: string, className: string, found: ExportSummary): CustomLayerError {
  const { classes, otherExports } = found;
  const problem = otherExports.includes(className)
    ? `exports ${className}, but not as a class that extends Layer of "cortado"`
    : `does not export a class ${className}`;
  const others =
    classes.length > 0 ? `its layers are ${classes.join(", ")}` : "it exports no layer";
  return new CustomLayerError(`${displayPath(file)} ${problem}; ${others}`);
}
