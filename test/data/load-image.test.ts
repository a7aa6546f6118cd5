import { readFileSync, writeFileSync } from "node:fs";
import sharp from "sharp";
import { beforeAll, expect, test } from "vitest";
import { decodeImage, loadImage } from "../../src/data/index.ts";
import { DataSourceError } from "../../src/errors.ts";
import { GRAY, PALETTE, RGB, pngFile } from "../support/png-file.ts";
import { temporaryFolder } from "../support/temporary.ts";

const at = temporaryFolder("load-image");
const palette = Uint8Array.of(0, 0, 0, 128, 0, 0, 0, 128, 0, 224, 224, 192);

beforeAll(async () => {
  const rows = (bytes: number[][]) => bytes.map((row) => Uint8Array.from(row));
  writeFileSync(
    at("color.png"),
    pngFile(2, 1, rows([[1, 2, 3, 4, 5, 6]]), { colorType: RGB, depth: 8 }),
  );
  const label = rows([
    [0, 3],
    [1, 2],
  ]);
  writeFileSync(at("label.png"), pngFile(2, 2, label, { colorType: PALETTE, depth: 8, palette }));
  const packed = rows([[0b00_11_0000], [0b01_10_0000]]);
  writeFileSync(at("packed.png"), pngFile(2, 2, packed, { colorType: PALETTE, depth: 2, palette }));
  writeFileSync(at("wide.png"), pngFile(1, 1, rows([[1, 2]]), { colorType: GRAY, depth: 16 }));
  await sharp({ create: { width: 8, height: 8, channels: 3, background: "#204060" } })
    .jpeg()
    .toFile(at("color.jpg"));
});

test("gives planes in the order that is asked for", async () => {
  expect(await loadImage(at("color.png"))).toEqual({
    channels: 3,
    height: 1,
    width: 2,
    data: Uint8Array.of(3, 6, 2, 5, 1, 4),
  });
  expect((await loadImage(at("color.png"), "rgb")).data).toEqual(Uint8Array.of(1, 4, 2, 5, 3, 6));
  const jpeg = await loadImage(at("color.jpg"), "bgr");
  expect(jpeg).toEqual(await decodeImage(readFileSync(at("color.jpg")), "", "color"));
  expect((await loadImage(at("color.jpg"), "gray")).channels).toBe(1);
});

test("gives the indices of a palette, not its colours", async () => {
  for (const file of ["label.png", "packed.png"]) {
    const { channels, height, width, data } = await loadImage(at(file), "index");
    expect([channels, height, width, ...data], file).toEqual([1, 2, 2, 0, 3, 1, 2]);
  }
  expect((await loadImage(at("label.png"))).data.slice(0, 4)).toEqual(Uint8Array.of(0, 192, 0, 0));
});

test("gives shades of gray as indices, of 16 bits too", async () => {
  expect((await loadImage(at("wide.png"), "index")).data).toEqual(Uint16Array.of(258));
});

test("says what is wrong with a file", async () => {
  writeFileSync(at("cut.png"), readFileSync(at("label.png")).subarray(0, 60));
  await expect(loadImage(at("none.png"))).rejects.toThrow(
    `${at("none.png")}: cannot be read: no such file or directory`,
  );
  for (const file of ["color.png", "color.jpg"]) {
    await expect(loadImage(at(file), "index")).rejects.toThrow(
      `${at(file)}: is a colour image; a label image has a palette`,
    );
  }
  await expect(loadImage(at("cut.png"), "index")).rejects.toThrow(DataSourceError);
  await expect(loadImage(at("cut.png"), "index")).rejects.toThrow(
    `${at("cut.png")}: the image cannot`,
  );
});
