import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { enumDescriptor, isMessageName, messageDescriptor } from "../../src/schema/descriptor.ts";
import type { FieldDescriptor } from "../../src/schema/field.ts";
import { hasShared, sharedPath } from "../support/shared.ts";

/** `- **Name**: field(1): type = default; ... — enum E {A=0, B=1}; ...` of the reference. */
function referenceMessages(): Map<string, { fields: string[]; enums: string[] }> {
  const text = readFileSync(sharedPath("reference", "caffe.md"), "utf8");
  const section = text.slice(text.indexOf("## 2. All protobuf"), text.indexOf("Notes: `Datum"));
  const messages = new Map<string, { fields: string[]; enums: string[] }>();
  for (const [, name, line] of section.matchAll(/^- \*\*(\w+)\*\*: (.*)$/gm)) {
    const [fields, enums = ""] = line!.split(" — ");
    messages.set(name!, {
      // An implicit default is the first value of an enum, which the schema does not state.
      fields: fields!.replaceAll(/ = \S+ \(implicit\)/g, "").split("; "),
      enums: [...enums.matchAll(/\{([^}]*)\}/g)].map(([, values]) => values!),
    });
  }
  return messages;
}

/** Fields from here on are settings of other forks' layers, which the reference does not have. */
const FIRST_OWN_NUMBER = 300_001;

/** A field as the reference writes it; enums by their values, for descriptors have no enum names. */
function inReferenceForm(field: FieldDescriptor, line: string): string {
  const label = field.required ? "required " : field.repeated ? "repeated " : "";
  const type =
    field.type === "enum" ? /: (?:repeated )?(\w+)/.exec(line)?.[1] : (field.message ?? field.type);
  const packed = field.packed ? " [packed]" : "";
  const quoted = field.type === "string" ? JSON.stringify(field.default) : String(field.default);
  const value = field.default === undefined ? "" : ` = ${quoted}`;
  return `${field.name}(${field.number}): ${label}${type}${packed}${value}`;
}

describe.skipIf(!hasShared)("caffe.proto (needs ../shared)", () => {
  const messages = hasShared ? [...referenceMessages()] : [];

  test("has every message", () => {
    expect(messages).toHaveLength(63);
  });

  test.each(messages)(
    "states every field of %s with number, type and default",
    (name, { fields }) => {
      if (!isMessageName(name)) throw new Error(`${name} is missing`);
      const descriptor = messageDescriptor(name);
      const bvlc = descriptor.fields.filter(
        (field) => !field.name.startsWith("raw_") && field.number < FIRST_OWN_NUMBER,
      );
      expect(bvlc).toHaveLength(fields.length);
      for (const line of fields) {
        const field = descriptor.byName.get(line.slice(0, line.indexOf("(")));
        const expected = line.replace(/ = (\S+e-\d+)$/, (_, number) => ` = ${Number(number)}`);
        expect(field && inReferenceForm(field, line)).toBe(expected);
      }
    },
  );

  test.each(messages.filter(([, { enums }]) => enums.length > 0))(
    "states every enum of %s",
    (name, { enums }) => {
      if (!isMessageName(name)) throw new Error(`${name} is missing`);
      const stated = messageDescriptor(name)
        .fields.filter((field) => field.type === "enum")
        .map((field) =>
          [...enumDescriptor(field).numbers].map((pair) => pair.join("=")).join(", "),
        );
      for (const values of enums) expect(stated).toContain(values);
    },
  );
});
