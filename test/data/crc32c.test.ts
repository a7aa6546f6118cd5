import { expect, test } from "vitest";
import { crc32c } from "../../src/data/leveldb/crc32c.ts";

// RFC 3720, B.4.
test.each([
  ["32 zeros", new Uint8Array(32), 0x8a9136aa],
  ["32 times 0xff", new Uint8Array(32).fill(0xff), 0x62a8ab43],
  ["0 to 31", Uint8Array.from({ length: 32 }, (_, i) => i), 0x46dd794e],
  ["the digits 1 to 9", Buffer.from("123456789"), 0xe3069283],
  ["nothing", new Uint8Array(0), 0],
])("CRC-32C of %s", (_, bytes, expected) => {
  expect(crc32c(bytes, 0, bytes.length)).toBe(expected);
});

test("CRC-32C of a part", () => {
  const text = Buffer.from("##123456789#");
  expect(crc32c(text, 2, 11)).toBe(0xe3069283);
});
