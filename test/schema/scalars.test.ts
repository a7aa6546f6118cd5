import { describe, expect, test } from "vitest";
import { PrototxtError } from "../../src/errors.ts";
import { parsePrototxt } from "../../src/schema/index.ts";

const net = (text: string) => parsePrototxt(text, { message: "NetParameter", fileName: "net" });
const layer = (text: string) => net(`layer { ${text} }`).layer[0]!;

function errorOf(text: string): PrototxtError {
  try {
    net(text);
  } catch (error) {
    if (error instanceof PrototxtError) return error;
    throw error;
  }
  throw new Error(`no error for ${text}`);
}

describe("protobuf accepts, and so does parsePrototxt:", () => {
  test("enums by name and by number", () => {
    expect(layer("pooling_param { pool: AVE }").poolingParam?.pool).toBe("AVE");
    expect(layer("pooling_param { pool: 1 }").poolingParam?.pool).toBe("AVE");
    expect(net("layers { type: 4 }").layers[0]?.type).toBe("CONVOLUTION");
  });

  test("bools in every spelling", () => {
    for (const word of ["true", "True", "t", "1", "0x1", "01"]) {
      expect(net(`force_backward: ${word}`).forceBackward).toBe(true);
    }
    for (const word of ["false", "False", "f", "0"]) {
      expect(net(`force_backward: ${word}`).forceBackward).toBe(false);
    }
  });

  test("integers in decimal, hex and octal", () => {
    expect(net("input_dim: 0x10 input_dim: 010 input_dim: -2147483648").inputDim).toEqual([
      16, 8, -2147483648,
    ]);
  });

  test("floats in every spelling, rounded to float32", () => {
    const { scale, shift, power } = layer("power_param { scale: -inf shift: nan power: - 5 }")
      .powerParam!;
    expect([scale, shift, power]).toEqual([Number.NEGATIVE_INFINITY, Number.NaN, -5]);
    expect(layer("loss_weight: [0.1, 1e39, 2f, .5, 1e-50]").lossWeight).toEqual([
      Math.fround(0.1),
      Number.POSITIVE_INFINITY,
      2,
      0.5,
      0,
    ]);
  });

  test("strings in parts, and lists", () => {
    expect(layer('name: "a" \'b\'\n"c" bottom: ["d" "e", \'f\'] top: []')).toMatchObject({
      name: "abc",
      bottom: ["de", "f"],
      top: [],
    });
  });

  test("weights in text form", () => {
    const [blob] = layer("blobs { data: [1, 2.5] data: -3 double_diff: 1e-300 }").blobs;
    expect(blob).toEqual({
      data: Float32Array.of(1, 2.5, -3),
      doubleDiff: Float64Array.of(1e-300),
    });
  });
});

describe("protobuf refuses, and so does parsePrototxt, at the same place:", () => {
  test.each([
    ["foo: 1", '1:4: Message type "caffe.NetParameter" has no field named "foo".'],
    ["constructor: 1", '1:12: Message type "caffe.NetParameter" has no field named "constructor".'],
    ["__proto__ { }", '1:11: Message type "caffe.NetParameter" has no field named "__proto__".'],
    [
      "[foo.bar]: 1",
      '1:10: Extension "foo.bar" is not defined or is not an extension of "caffe.NetParameter".',
    ],
    ['name: "a" name: "b"', '1:15: Non-repeated field "name" is specified multiple times.'],
    [
      "layer { pooling_param { } pooling_param { } }",
      '1:41: Non-repeated field "pooling_param" is specified multiple times.',
    ],
    [
      "layer { pooling_param { pool: FOO } }",
      '1:35: Unknown enumeration value of "FOO" for field "pool". Known are MAX, AVE, STOCHASTIC.',
    ],
    [
      "layer { pooling_param { pool: toString } }",
      '1:40: Unknown enumeration value of "toString" for field "pool". Known are MAX, AVE, STOCHASTIC.',
    ],
    [
      "layer { pooling_param { pool: -1 } }",
      '1:34: Unknown enumeration value of "-1" for field "pool". Known are MAX, AVE, STOCHASTIC.',
    ],
    ['layer { pooling_param { pool: "MAX" } }', '1:31: Expected integer or identifier, got: "MAX"'],
    [
      "layers { type: CONVOLUTON }",
      '1:27: Unknown enumeration value of "CONVOLUTON" for field "type". Did you mean "CONVOLUTION"?',
    ],
    [
      "layer { pooling_param { global_pooling: yes } }",
      '1:45: Invalid value for boolean field "global_pooling". Value: "yes". Write true or false.',
    ],
    ["force_backward: 2", "1:17: Integer out of range (2)"],
    ['force_backward: "true"', '1:17: Expected identifier, got: "true"'],
    ["layer { pooling_param { kernel_size: 2.5 } }", "1:38: Expected integer, got: 2.5"],
    ["layer { pooling_param { kernel_size: -2 } }", "1:38: Expected integer, got: -"],
    [
      "layer { pooling_param { kernel_size: 4294967296 } }",
      "1:38: Integer out of range (4294967296)",
    ],
    ["input_dim: -2147483649", "1:13: Integer out of range (2147483649)"],
    ["layer { power_param { scale: 0x10 } }", "1:30: Expect a decimal number, got: 0x10"],
    ['layer { power_param { scale: "3" } }', '1:30: Expected double, got: "3"'],
    ["layer { power_param { scale: -foo } }", "1:31: Expected double, got: foo"],
    ["layer { name: abc }", "1:15: Expected string, got: abc"],
    ["layer { name: -3 }", "1:15: Expected string, got: -"],
    ["layer { name: { } }", "1:15: Expected string, got: {"],
    ["layer { name { } }", '1:14: Expected ":", found "{".'],
    ['layer { name: ["a"] }', "1:15: Expected string, got: ["],
    ['layer { bottom ["a"] }', '1:16: Expected ":", found "[".'],
    ["layer { pooling_param: 3 }", '1:24: Expected "{", found "3".'],
    ['layer { name: "ab\\q" }', "1:19: Invalid escape sequence in string literal."],
    [
      "layer { clip_param { min: 1 } }",
      "1:9: Message missing required fields: layer[0].clip_param.max",
    ],
  ])("%s", (text, message) => {
    expect(errorOf(text).message.split(" Did you mean")[0]).toBe(
      `net:${message}`.split(" Did you mean")[0],
    );
    if (message.includes("Did you mean")) expect(errorOf(text).message).toBe(`net:${message}`);
  });

  test("an unknown field, with the name that was meant", () => {
    const error = errorOf("layer {\n  pooling_param { kernal_size: 3 }\n}");
    expect(error.message).toBe(
      'net:2:30: Message type "caffe.PoolingParameter" has no field named "kernal_size". ' +
        'Did you mean "kernel_size"?',
    );
    expect(error.excerpt).toBe(
      "2 |   pooling_param { kernal_size: 3 }\n  |                   ^~~~~~~~~~~",
    );
  });

  test("a field whose value starts on another line, in its own line", () => {
    expect(errorOf("layer {\n  foo\n  { }\n}").location).toEqual({
      file: "net",
      line: 2,
      column: 6,
    });
  });

  test("an integer that JavaScript cannot hold, which protobuf would take", () => {
    expect(errorOf("input_shape { dim: 9007199254740992 }").message).toBe(
      "net:1:20: Integer out of range (9007199254740992)",
    );
  });
});
