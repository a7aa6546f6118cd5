/** @file The table of compatibility holds: it lists what there is, and what it says of a field is so. */
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { commands } from "../../src/cli/commands.ts";
import { builtInLayers } from "../../src/layers/index.ts";
import { messageDescriptor } from "../../src/schema/descriptor.ts";
import { errorOf, fieldMatters } from "./probe.ts";
import { probes } from "./probes.ts";
import { bvlcTypes, formats, notes, refusedValues, sharedMessages, sharedParams } from "./notes.ts";
import { identifiersAt, identifiersOf, layerFiles } from "./source.ts";
import { compatibilityTable, layerFields, loadCommands, noteOn, sharedFields } from "./table.ts";

const types = builtInLayers.map(({ type }) => type);

test("the table lists every layer, field, format and command; npm run compatibility writes it anew", async () => {
  const file = fileURLToPath(new URL("../../proto/COMPATIBILITY.md", import.meta.url));
  await expect(await compatibilityTable()).toMatchFileSnapshot(file);
});

describe("each field of a layer's parameter counts, unless a note says that it does not", () => {
  test.each(types.filter((type) => layerFields(type).length > 0))(
    "%s",
    async (type) => {
      const read = new Set(layerFiles(type).flatMap(identifiersOf));
      const wrong: string[] = [];
      for (const { param, field, note } of layerFields(type)) {
        const should = note?.state !== "ignored";
        const probe = probes[type];
        // Code tells that a field is not read, but not that a name like "scale" is this very field.
        if (!probe && !should) continue;
        const counts = probe
          ? await fieldMatters(type, probe, param.key, field)
          : read.has(field.key);
        if (counts !== should) {
          wrong.push(
            `${param.name}.${field.name} ${counts ? "counts, but a note says it does not" : "does nothing: read it, or note why not"}`,
          );
        }
      }
      expect(wrong).toEqual([]);
    },
    120_000,
  );
});

test("a change of a field that nothing reads does not show", async () => {
  const relu = messageDescriptor("LayerParameter").byKey.get("reluParam")!;
  const [slope] = messageDescriptor(relu.message!).fields;
  expect(slope!.name).toBe("negative_slope");
  const abs = { bottoms: [{ shape: [2, 3] }], params: [""] };
  expect(await fieldMatters("AbsVal", [abs], "reluParam", slope!)).toBe(false);
  expect(await fieldMatters("ReLU", [abs], "reluParam", slope!)).toBe(true);
});

test.each(refusedValues)("$value is refused", async ({ type, params, says }) => {
  const [probe] = probes[type]!;
  expect(await errorOf(type, probe!, probe!.params[0]!)).not.toMatch(says);
  expect(await errorOf(type, probe!, params)).toMatch(says);
});

test("each layer's file reads only parameters that the table gives it", () => {
  const { fields } = messageDescriptor("LayerParameter");
  const params = fields.filter(({ key, message }) => message && key.endsWith("Param"));
  const wrong = types.flatMap((type) => {
    const listed = layerFields(type).map(({ param }) => param.name);
    const used = new Set(identifiersOf(layerFiles(type)[0]!));
    return params
      .filter(
        ({ key, name }) => used.has(key) && !listed.includes(name) && !notes[`${type}.${name}`],
      )
      .map(({ name }) => `${type}: ${name}`);
  });
  expect(wrong).toEqual([]);
});

test.each(sharedMessages)(
  "fields of $message are read, unless a note says why not",
  ({ message, readBy }) => {
    const read = identifiersAt(...readBy);
    const wrong = sharedFields(message).filter(
      (field) => read.has(field.key) === (noteOn(message, field)?.state === "ignored"),
    );
    expect(wrong.map(({ name }) => name)).toEqual([]);
  },
);

test("notes and probes are of fields and types that there are", () => {
  const known = new Set([...bvlcTypes, ...types]);
  const names = new Set([
    ...[...known].flatMap((type) =>
      layerFields(type).flatMap(({ param, field }) => [
        `${type}.${param.name}.${field.name}`,
        `${type}.${field.name}`,
        `*.${field.name}`,
      ]),
    ),
    ...[...known].flatMap((type) =>
      messageDescriptor("LayerParameter").fields.map(({ name }) => `${type}.${name}`),
    ),
    ...sharedMessages.flatMap(({ message }) =>
      sharedFields(message).map(({ name }) => `${message}.${name}`),
    ),
  ]);
  expect(Object.keys(notes).filter((name) => !names.has(name))).toEqual([]);
  const scopes = [...Object.keys(probes), ...Object.keys(sharedParams)];
  expect(scopes.filter((type) => !known.has(type))).toEqual([]);
});

test("formats are read and written by what the table names", async () => {
  for (const { format, read, write } of formats) {
    for (const reader of [read, write]) {
      if (!reader) continue;
      const exports: object = await import(/* @vite-ignore */ `../../src/${reader[0]}`);
      expect(reader[1] in exports, `${format}: ${reader[1]}`).toBe(true);
    }
  }
});

test("commands go by the names under which they are listed", async () => {
  const loaded = await loadCommands();
  expect(loaded.map(({ name }) => name)).toEqual(Object.keys(commands));
});

test("Caffe's flags are there in every command of Caffe's", async () => {
  const flags = [
    "gpu",
    "solver",
    "model",
    "phase",
    "level",
    "stage",
    "snapshot",
    "weights",
    "iterations",
    "sigint_effect",
    "sighup_effect",
  ];
  const loaded = await loadCommands();
  for (const name of ["train", "test", "time", "device_query"]) {
    const command = loaded.find((one) => one.name === name)!;
    expect(
      flags.filter((flag) => !Object.hasOwn(command.flags, flag)),
      name,
    ).toEqual([]);
  }
});
