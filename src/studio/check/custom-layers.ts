/** @file The custom layers of a network: which files have them, and stand-ins for those that are missing. */
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { findLayerFile } from "../../custom/index.ts";
import { CaffeError } from "../../errors.ts";
import {
  type LayerParameter,
  type NetParameter,
  copyMessage,
  createMessage,
} from "../../schema/index.ts";

export interface CustomLayers {
  /** `module.layer`, as the text says it. */
  readonly used: readonly string[];
  readonly missing: readonly string[];
  /** Where the files are: copies, side by side as in the job. */
  readonly folders: readonly string[];
  /** What one call of a method may take. */
  readonly seconds: number;
  /** The net with what stands in for layers that are missing. */
  standIns(net: NetParameter): NetParameter;
  /** The error without the places of the copies. */
  explained(error: unknown): unknown;
  close(): Promise<void>;
}

export async function customLayersIn(
  net: NetParameter,
  { layers }: { readonly layers: readonly string[] },
): Promise<CustomLayers> {
  const folder = await mkdtemp(join(tmpdir(), "cortado-check-"));
  for (const file of layers) await cp(file, join(folder, basename(file)));
  const wanted = net.layer.filter(({ type }) => type === "Python");
  const isMissing = (layer: LayerParameter) => !isFound(layer, folder);
  return {
    used: namesOf(wanted),
    missing: namesOf(wanted.filter(isMissing)),
    folders: [folder],
    seconds: 10,
    standIns: (param) => withoutMissing(param, isMissing),
    explained: (error) => withoutFolder(error, `${folder}/`),
    close: () => rm(folder, { recursive: true, force: true }),
  };
}

function namesOf(layers: readonly LayerParameter[]): string[] {
  const names = layers.map(
    ({ pythonParam }) => `${pythonParam?.module ?? "?"}.${pythonParam?.layer ?? "?"}`,
  );
  return [...new Set(names)];
}

function isFound({ pythonParam }: LayerParameter, folder: string): boolean {
  try {
    findLayerFile(pythonParam?.module ?? "", pythonParam?.layer ?? "", [folder]);
    return true;
  } catch (error) {
    // Several files with the class are an error of their own, which building the net states.
    if (error instanceof CaffeError) return !error.message.startsWith("No module named");
    throw error;
  }
}

/** A missing layer with as many tops as bottoms is taken to keep their shapes, as augmentation does. */
function withoutMissing(
  net: NetParameter,
  isMissing: (layer: LayerParameter) => boolean,
): NetParameter {
  const unknown = new Set<string>();
  const layer = net.layer.flatMap((param) => {
    const { type, bottom, top } = param;
    const isGone = type === "Python" && bottom.length > 0 && isMissing(param);
    if (isGone && bottom.length === top.length) return identities(param);
    if (!isGone && !bottom.some((name) => unknown.has(name))) return [param];
    for (const name of top) if (!bottom.includes(name)) unknown.add(name);
    return [];
  });
  return copyMessage(net, { layer });
}

function identities(param: LayerParameter): LayerParameter[] {
  return param.bottom.map((bottom, index) =>
    createMessage("LayerParameter", {
      ...{ name: index === 0 ? (param.name ?? "") : `${param.name ?? ""} ${index}`, type: "Power" },
      ...{ bottom: [bottom], top: [param.top[index]!] },
      ...{ include: param.include, exclude: param.exclude },
    }),
  );
}

function withoutFolder(error: unknown, folder: string): unknown {
  if (!(error instanceof CaffeError)) return error;
  const { code, location, problem } = error;
  const file = location?.file.replace(folder, "");
  const place = location && file !== undefined ? { location: { ...location, file } } : {};
  return new CaffeError(code, problem.replaceAll(folder, ""), { ...place, cause: error });
}
