import { expect, test } from "vitest";
import { CaffeError, DataSourceError, ModelFileError } from "../src/errors.ts";

test("an error is one line, whatever a file put into it", () => {
  const error = new ModelFileError("the layer 'a\nE0101 fake.cpp:1] b\x1b[2J\u2028' is none");
  expect(error.message).toBe("the layer 'a\\nE0101 fake.cpp:1] b\\u001b[2J\\u2028' is none");
  expect(error).toBeInstanceOf(CaffeError);
});

test("an error is no longer than what can be read; both its ends are kept", () => {
  const { message } = new DataSourceError(`the key ${"k".repeat(300_000)} is too long`);
  expect(message.length).toBeLessThan(2100);
  expect(message).toMatch(/^the key k+ \.\.\. k+ is too long$/);
});

test("an error with a place names it first", () => {
  const location = { file: "net.prototxt", line: 3, column: 7 };
  const error = new CaffeError("test", "wrong", { location });
  expect(error.message).toBe("net.prototxt:3:7: wrong");
  expect(error.location).toEqual(location);
});
