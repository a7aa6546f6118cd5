/** @file Sound weights, states, means and records: small ones, with every form that a value has. */
import sharp from "sharp";
import {
  type BlobProto,
  createMessage,
  type LayerParameter,
  type NetParameter,
  encodeMessage,
  parsePrototxt,
} from "../../../src/schema/index.ts";

const ramp = (length: number) => Float32Array.from({ length }, (_, i) => i / 4 - 1);

const blob = (...dim: number[]): BlobProto =>
  createMessage("BlobProto", {
    shape: createMessage("BlobShape", { dim }),
    data: ramp(dim.reduce((product, size) => product * size, 1)),
  });

const legacy = (num: number, channels: number, height: number, width: number): BlobProto =>
  createMessage("BlobProto", {
    ...{ num, channels, height, width },
    data: ramp(num * channels * height * width),
  });

const doubles = createMessage("BlobProto", {
  shape: createMessage("BlobShape", { dim: [2] }),
  doubleData: Float64Array.of(0.1, -2),
  doubleDiff: Float64Array.of(3, 4),
});

const halves = createMessage("BlobProto", {
  shape: createMessage("BlobShape", { dim: [2, 3] }),
  rawDataType: "FLOAT16",
  rawData: Uint8Array.from({ length: 12 }, (_, i) => 17 * i),
});

const conv = (blobs: BlobProto[]): LayerParameter =>
  createMessage("LayerParameter", { name: "conv", type: "Convolution", blobs });

const net = (fields: Partial<NetParameter>) =>
  encodeMessage("NetParameter", createMessage("NetParameter", fields));

/** A current net with settings of many kinds. */
const settings = parsePrototxt(
  `name: "n" layer { name: "data" type: "Input" top: "data" phase: TEST input_param { shape { dim: 1 dim: 3 dim: 8 dim: 8 } } }
   layer { name: "conv" type: "Convolution" bottom: "data" top: "conv" phase: TEST loss_weight: 0
     param { lr_mult: 1 } convolution_param { num_output: 2 kernel_size: 1 pad: 0 weight_filler { type: "xavier" } } }
   layer { name: "p" type: "Permute" bottom: "conv" top: "p" permute_param { order: 0 order: 2 } }`,
  { message: "NetParameter" },
);

export const MODELS: readonly Uint8Array[] = [
  net({ name: "n", layer: [conv([blob(2, 3, 1, 1), blob(2)])] }),
  net({
    ...settings,
    layer: settings.layer.map((layer) =>
      layer.name === "conv" ? conv([blob(2, 3, 1, 1), doubles]) : layer,
    ),
  }),
  net({
    layer: [createMessage("LayerParameter", { name: "ip", type: "InnerProduct", blobs: [halves] })],
  }),
  net({
    layers: [
      createMessage("V1LayerParameter", {
        ...{ name: "conv", type: "CONVOLUTION", bottom: ["data"], top: ["conv"] },
        blobs: [legacy(2, 3, 1, 1), legacy(1, 1, 1, 2)],
        blobsLr: [1, 2],
        weightDecay: [1, 0],
      }),
    ],
  }),
  net({
    layers: [
      createMessage("V1LayerParameter", {
        layer: createMessage("V0LayerParameter", {
          ...{ name: "ip", type: "innerproduct", numOutput: 2 },
          blobs: [legacy(1, 1, 2, 3)],
        }),
        bottom: ["data"],
        top: ["ip"],
      }),
    ],
  }),
];

export const STATES: readonly Uint8Array[] = [
  encodeMessage(
    "SolverState",
    createMessage("SolverState", {
      ...{ iter: 500, learnedNet: "x_iter_500.caffemodel", currentStep: 2 },
      history: [blob(2, 3), blob(2)],
    }),
  ),
  encodeMessage(
    "SolverState",
    createMessage("SolverState", { learnedNet: "x", history: [legacy(1, 1, 2, 3), doubles] }),
  ),
];

/** numpy's form of an array, version 1.0. */
function npyFile(type: string, shape: string, values: ArrayBuffer): Uint8Array {
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': ${shape}, }`;
  const padded = `${header.padEnd(117)}\n`;
  const head = Buffer.from(`\x93NUMPY\x01\x00${String.fromCharCode(padded.length, 0)}`, "latin1");
  return Buffer.concat([head, Buffer.from(padded, "latin1"), Buffer.from(values)]);
}

export const MEANS: Readonly<Record<"binaryproto" | "npy", readonly Uint8Array[]>> = {
  binaryproto: [legacy(1, 3, 4, 5), blob(1, 3, 2, 2), blob(3, 2, 2), doubles].map((mean) =>
    encodeMessage("BlobProto", mean),
  ),
  npy: [
    npyFile("<f4", "(3, 2, 4)", ramp(24).buffer),
    npyFile("<f8", "(3, 1, 1)", Float64Array.of(104, 117, 123).buffer),
    npyFile("|u1", "(1, 2, 2)", Uint8Array.of(1, 2, 3, 4).buffer),
  ],
};

export const DATUMS: readonly Uint8Array[] = [
  createMessage("Datum", {
    ...{ channels: 3, height: 2, width: 2, label: 7 },
    data: Uint8Array.from({ length: 12 }, (_, i) => 20 * i),
  }),
  createMessage("Datum", { channels: 2, height: 1, width: 3, floatData: ramp(6) }),
].map((datum) => encodeMessage("Datum", datum));

/** Small pictures: PNGs in color, in gray of 16 bits and with a palette, a JPEG, a BMP, a PPM. */
export async function pictures(): Promise<Uint8Array[]> {
  const [width, height] = [12, 9];
  const pixels = Buffer.from(Uint8Array.from({ length: width * height * 3 }, (_, i) => 5 * i));
  const picture = sharp(pixels, { raw: { width, height, channels: 3 } });
  return [
    await picture.clone().png().toBuffer(),
    await picture.clone().toColourspace("grey16").png().toBuffer(),
    await picture.clone().png({ palette: true }).toBuffer(),
    await picture.clone().jpeg({ quality: 80 }).toBuffer(),
    await picture.clone().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }).toBuffer(),
    bitmap(width, height, pixels),
    Buffer.concat([Buffer.from(`P6 # x\n${width} ${height} 255\n`), pixels]),
    Buffer.from("P2\n3 2\n7\n0 1 2\n3 4 5\n"),
  ];
}

/** A BMP of 24 bits a pixel; rows take a multiple of four bytes. */
function bitmap(width: number, height: number, pixels: Uint8Array): Uint8Array {
  const head = Buffer.alloc(54);
  head.write("BM");
  head.writeUInt32LE(54 + pixels.length, 2);
  head.writeUInt32LE(54, 10);
  head.writeUInt32LE(40, 14);
  head.writeInt32LE(width, 18);
  head.writeInt32LE(height, 22);
  head.writeUInt16LE(1, 26);
  head.writeUInt16LE(24, 28);
  return Buffer.concat([head, pixels]);
}

/** Records that hold a file. */
export async function datumImages(): Promise<Uint8Array[]> {
  return (await pictures()).map((data) =>
    encodeMessage("Datum", createMessage("Datum", { data, encoded: true, label: 1 })),
  );
}
