/** @file The table of compatibility as Markdown, from the schema, the lists of layers and commands, and the notes. */
import type { Command } from "../../src/cli/command.ts";
import { commands } from "../../src/cli/commands.ts";
import { kernels as tfjsKernels } from "../../src/device/tfjs/kernels/index.ts";
import { kernels as webGpuKernels } from "../../src/device/webgpu/kernels/index.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import type { MessageName } from "../../src/schema/index.ts";
import { messageDescriptor } from "../../src/schema/descriptor.ts";
import type { FieldDescriptor } from "../../src/schema/field.ts";
import {
  type Note,
  type Tool,
  bvlcTypes,
  formats,
  notes,
  refusedValues,
  sharedMessages,
  sharedParams,
  tools,
} from "./notes.ts";

/** One field of one layer's parameter. */
export interface LayerField {
  readonly type: string;
  /** The field of LayerParameter: `convolutionParam`. */
  readonly param: FieldDescriptor;
  readonly field: FieldDescriptor;
  readonly note: Note | undefined;
}

/** All fields of the parameters that a layer type has. */
export function layerFields(type: string): LayerField[] {
  return paramsOf(type).flatMap((param) =>
    messageDescriptor(param.message!).fields.map((field) => ({
      type,
      param,
      field,
      note: notes[`${type}.${param.name}.${field.name}`] ?? noteOn(type, field),
    })),
  );
}

/** The parameter of the type's own name, and those that the notes name. */
function paramsOf(type: string): FieldDescriptor[] {
  const isOwn = (key: string) => key.toLowerCase() === `${type}Param`.toLowerCase();
  const { fields } = messageDescriptor("LayerParameter");
  return fields.filter(
    ({ key, message }) => message && (isOwn(key) || sharedParams[type]?.includes(key)),
  );
}

export function noteOn(scope: string, field: FieldDescriptor): Note | undefined {
  return notes[`${scope}.${field.name}`] ?? notes[`*.${field.name}`];
}

/** Fields that are not of one layer's parameter: those of nets, solvers, fillers. */
export function sharedFields(message: MessageName): FieldDescriptor[] {
  const { fields } = messageDescriptor(message);
  if (message !== "LayerParameter") return [...fields];
  return fields.filter(({ name }) => !name.endsWith("_param"));
}

/** Every command, loaded. */
export async function loadCommands(): Promise<Command[]> {
  return Promise.all(Object.values(commands).map(({ load }) => load()));
}

/** proto/COMPATIBILITY.md. */
export async function compatibilityTable(): Promise<string> {
  const types = new Set(builtInLayers.map(({ type }) => type));
  const missing = bvlcTypes.filter((type) => !types.has(type));
  const foreign = [...types].filter((type) => !bvlcTypes.includes(type));
  return [
    "# What cortado understands of Caffe",
    "Made from `proto/caffe.proto`, the lists of layers and commands, and `test/compatibility/notes.ts` by " +
      "`npm run compatibility`; `npm test` fails where it no longer holds. Fields that count were tried: " +
      "another value gives another result or an error. Where that needs files, the layer's code reads them.",
    `## ${bvlcTypes.length - missing.length} of the ${bvlcTypes.length} layer types of BVLC's Caffe`,
    ...(missing.length > 0 ? [`Not yet: ${missing.join(", ")}.`] : []),
    layerTable(bvlcTypes.filter((type) => types.has(type))),
    `## Layer types of other forks: ${foreign.length}`,
    layerTable(foreign),
    "## Where layers compute",
    "With `--device webgpu` and `--device tfjs` these types run on the device; of any other type, and of " +
      "custom layers, the values are brought to the host and back. `cortado time` shows it for a net.",
    deviceTable(),
    "## Nets, solvers and what layers have in common",
    rows(["where", "fields that count", "accepted, without effect"], sharedMessages.map(sharedRow)),
    "## Why a field has no effect, or is refused",
    reasons(),
    "## Files",
    rows(["format", "read", "written"], formats.map(formatRow)),
    "## Commands",
    rows(["command", "what it does", "flags"], (await loadCommands()).map(commandRow)),
    "## Caffe's programs",
    rows(["Caffe", "here"], Object.entries(tools).map(toolRow)),
    "",
  ].join("\n\n");
}

/** Types whose tops are their bottom under other axes: no device has anything to do. */
const onlySharing = ["Flatten", "Reshape"];

function deviceTable(): string {
  const types = builtInLayers.map(({ type }) => type).sort((a, b) => a.localeCompare(b));
  const where = (type: string, kernels: Readonly<Record<string, unknown>>) => {
    if (onlySharing.includes(type)) return "nothing to compute";
    return Object.hasOwn(kernels, type) ? "own kernel" : "";
  };
  const cells = types.map((type) => [type, where(type, webGpuKernels), where(type, tfjsKernels)]);
  const own = cells.filter(([, ...places]) => places.some((place) => place !== ""));
  const others = cells.filter((row) => !own.includes(row)).map(([type]) => type);
  return [
    rows(["type", "webgpu", "tfjs"], own),
    `On the host everywhere: ${others.join(", ")}.`,
  ].join("\n\n");
}

function layerTable(types: readonly string[]): string {
  const sorted = [...types].sort((a, b) => a.localeCompare(b));
  const head = ["type", "fields that count", "accepted, without effect"];
  return rows(
    head,
    sorted.map((type) => {
      const fields = layerFields(type);
      return [
        type,
        byParam(fields.filter(({ note }) => note?.state !== "ignored")),
        byParam(fields.filter(({ note }) => note?.state === "ignored")),
      ];
    }),
  );
}

/** "pooling_param: pool, pad; ..." */
function byParam(fields: readonly LayerField[]): string {
  const groups = grouped(fields, ({ param }) => param.name);
  return [...groups]
    .map(([param, own]) => `${param}: ${fieldList(own.map(({ field }) => field))}`)
    .join("; ");
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    groups.set(key, [...(groups.get(key) ?? []), item]);
  }
  return groups;
}

function sharedRow({ message, title }: (typeof sharedMessages)[number]): string[] {
  const fields = sharedFields(message);
  const noted = fields.filter((field) => noteOn(message, field));
  return [title, fieldList(fields.filter((field) => !noted.includes(field))), fieldList(noted)];
}

/** The notes, those with one reason together; of types that there are. */
function reasons(): string {
  const types = new Set(builtInLayers.map(({ type }) => type));
  const isHere = (name: string) => {
    const [scope = ""] = name.split(".");
    return types.has(scope) || !bvlcTypes.includes(scope);
  };
  const here = Object.entries(notes).filter(([name]) => isHere(name));
  return [...grouped(here, ([, { state, reason }]) => `${state}: ${reason}`)]
    .map(([reason, entries]) => {
      const names = entries.map(([name]) => `\`${name.replace("*.", "")}\``);
      return `- ${names.join(", ")}: ${reason}.`;
    })
    .concat(refusedValues.map(({ value, reason }) => `- \`${value}\`: refused: ${reason}.`))
    .join("\n");
}

function formatRow({ format, read, write }: (typeof formats)[number]): string[] {
  const cell = (reader: typeof read) => (reader ? (reader[2] ?? "yes") : "no");
  return [format, cell(read), cell(write)];
}

function commandRow({ name, summary, flags }: Command): string[] {
  const names = Object.keys(flags).map((flag) => `\`--${flag}\``);
  return [`\`${name}\``, summary, names.join(" ")];
}

function toolRow([program, { command, reason }]: [string, Tool]): string[] {
  if (command === undefined) return [program, reason ?? ""];
  const here = Object.hasOwn(commands, command) ? `\`cortado ${command}\`` : "not yet";
  return [program, reason ? `${here}: ${reason}` : here];
}

function fieldList(fields: readonly FieldDescriptor[]): string {
  return fields.map(({ name }) => name).join(", ");
}

function rows(head: readonly string[], body: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...body.map(line)].join("\n");
}
