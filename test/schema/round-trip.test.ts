import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import {
  createMessage,
  decodeMessage,
  encodeMessage,
  type MessageName,
  parsePrototxt,
  printPrototxt,
} from "../../src/schema/index.ts";
import { arbitraryMessage } from "../support/arbitrary-message.ts";
import { hasProtoc, protoc } from "../support/protoc.ts";

const names: readonly MessageName[] = [
  "NetParameter",
  "SolverParameter",
  "LayerParameter",
  "V1LayerParameter",
  "BlobProto",
  "Datum",
  "ClipParameter",
];

describe.each(names)("any %s", (name) => {
  test("parses from its print to the same message", () => {
    fc.assert(
      fc.property(arbitraryMessage(name), (message) => {
        const text = printPrototxt(message);
        expect(parsePrototxt(text, { message: name })).toEqual(message);
        expect(printPrototxt(parsePrototxt(text, { message: name }))).toBe(text);
      }),
      { numRuns: 40 },
    );
  });

  test("decodes from its bytes to the same message", () => {
    fc.assert(
      fc.property(arbitraryMessage(name), (message) => {
        expect(decodeMessage(name, encodeMessage(name, message))).toEqual(message);
      }),
      { numRuns: 40 },
    );
  });
});

describe.skipIf(!hasProtoc)("protobuf itself (needs protoc)", () => {
  test.each(names)("reads the same %s from text, and writes the same text and bytes", (name) => {
    for (const message of fc.sample(arbitraryMessage(name), { numRuns: 8, seed: 7 })) {
      const text = printPrototxt(message);
      const bytes = encodeMessage(name, message);
      const encoded = protoc("encode", name, text);
      expect(encoded).toMatchObject({ ok: true, errors: "" });
      expect(Buffer.from(bytes).equals(encoded.output)).toBe(true);
      expect(protoc("decode", name, bytes).output.toString("utf8")).toBe(text);
    }
  });
});

test("a prototxt that is cut off anywhere gives a PrototxtError or a shorter message", () => {
  const text = `name: "é\\n\\x41" 'b' # comment
input_shape { dim: [1, 0x3, -4] } layer < type: "Data" loss_weight: -1.5e-3f, phase: TEST;
  transform_param { mirror: true mean_value: [104, inf] } [a.b]: 1 >`.replace("[a.b]: 1 ", "");
  let failures = 0;
  for (let length = 0; length <= text.length; length++) {
    try {
      parsePrototxt(text.slice(0, length), { message: "NetParameter" });
    } catch (error) {
      expect(error).toBeInstanceOf(PrototxtError);
      failures++;
    }
  }
  expect(failures).toBeGreaterThan(150);
  expect(parsePrototxt(text, { message: "NetParameter" }).name).toBe("é\nAb");
});

test("any text at all gives a message or a PrototxtError", () => {
  const piece = fc.constantFrom(
    ..."layer { } < > [ ] : , ; - . 1 0x 08 1e 'a' \" name type: pooling_param: phase TRAIN é \n # \\".split(
      " ",
    ),
    " ",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      try {
        parsePrototxt(pieces.join(" "), { message: "NetParameter" });
      } catch (error) {
        expect(error).toBeInstanceOf(PrototxtError);
      }
    }),
    { numRuns: 500 },
  );
});

test("a plain object prints when it is a net, a solver, or its message is named", () => {
  const { name, layer } = createMessage("NetParameter", { name: "n" });
  expect(printPrototxt({ name, layer }, { message: "NetParameter" })).toBe('name: "n"\n');
  expect(printPrototxt({ name })).toBe('name: "n"\n');
  expect(printPrototxt({ baseLr: 0.5, type: "Adam" })).toBe('base_lr: 0.5\ntype: "Adam"\n');
  expect(() => printPrototxt({ numOutput: 1 })).toThrow("which message is this?");
});
