/** @file Writes a single-frame 16-bit MR image as a DICOM file: Explicit VR Little Endian, only what readers need. */

export interface MrImage {
  readonly rows: number;
  readonly columns: number;
  /** rows * columns signed values. */
  readonly values: Int16Array;
  readonly patientId: string;
  readonly studyUid: string;
  readonly seriesUid: string;
  readonly instanceUid: string;
  readonly seriesNumber: number;
  readonly instanceNumber: number;
  readonly pixelSpacingMm: number;
  readonly sliceThicknessMm: number;
  /** Position of the slice along the normal of the stack, in mm. */
  readonly sliceLocationMm: number;
  /** Time after the R wave, and between two R waves, in ms. */
  readonly triggerTimeMs: number;
  readonly beatMs: number;
  readonly manufacturer: string;
}

const MR_IMAGE_STORAGE = "1.2.840.10008.5.1.4.1.1.4";
const EXPLICIT_LITTLE_ENDIAN = "1.2.840.10008.1.2.1";
/** The root for UIDs that are made of a UUID (ISO/IEC 9834-8), with a number of our own choice below it. */
const IMPLEMENTATION_UID = "2.25.309157724406541329830";
const LONG_VRS: ReadonlySet<string> = new Set(["OB", "OW"]);

type Value = string | number | Uint8Array;

/** Tag, value representation and value of an element. */
type Field = readonly [tag: number, vr: string, value: Value];

export function encodeMrImage(image: MrImage): Uint8Array {
  const meta = [
    element([0x00020001, "OB", Uint8Array.of(0, 1)]),
    element([0x00020002, "UI", MR_IMAGE_STORAGE]),
    element([0x00020003, "UI", image.instanceUid]),
    element([0x00020010, "UI", EXPLICIT_LITTLE_ENDIAN]),
    element([0x00020012, "UI", IMPLEMENTATION_UID]),
    element([0x00020013, "SH", "CORTADO"]),
  ];
  const metaLength = meta.reduce((sum, { length }) => sum + length, 0);
  const preamble = Buffer.alloc(132);
  preamble.write("DICM", 128, "latin1");
  return Buffer.concat([
    preamble,
    element([0x00020000, "UL", metaLength]),
    ...meta,
    ...fieldsOf(image).map(element),
  ]);
}

/** The data set's elements, by ascending tag. */
function fieldsOf(image: MrImage): Field[] {
  let most = 0;
  for (const value of image.values) most = Math.max(most, value);
  const spacing = decimal(image.pixelSpacingMm);
  const { buffer, byteOffset, byteLength } = image.values;
  return [
    [0x00080008, "CS", "DERIVED\\PRIMARY\\CARDIAC"],
    [0x00080016, "UI", MR_IMAGE_STORAGE],
    [0x00080018, "UI", image.instanceUid],
    [0x00080020, "DA", ""],
    [0x00080030, "TM", ""],
    [0x00080050, "SH", ""],
    [0x00080060, "CS", "MR"],
    [0x00080070, "LO", image.manufacturer],
    [0x00080090, "PN", ""],
    [0x00100010, "PN", image.patientId],
    [0x00100020, "LO", image.patientId],
    [0x00100030, "DA", ""],
    [0x00100040, "CS", ""],
    [0x00180020, "CS", "GR"],
    [0x00180021, "CS", "SS"],
    [0x00180022, "CS", ""],
    [0x00180023, "CS", "2D"],
    [0x00180050, "DS", decimal(image.sliceThicknessMm)],
    [0x00180080, "DS", "3.3"],
    [0x00180081, "DS", "1.5"],
    [0x00180091, "IS", "1"],
    [0x00181060, "DS", decimal(image.triggerTimeMs)],
    [0x00181062, "IS", String(Math.round(image.beatMs))],
    [0x0020000d, "UI", image.studyUid],
    [0x0020000e, "UI", image.seriesUid],
    [0x00200010, "SH", ""],
    [0x00200011, "IS", String(image.seriesNumber)],
    [0x00200013, "IS", String(image.instanceNumber)],
    [0x00200032, "DS", `0\\0\\${decimal(image.sliceLocationMm)}`],
    [0x00200037, "DS", "1\\0\\0\\0\\1\\0"],
    [0x00200052, "UI", `${image.studyUid}.1`],
    [0x00201041, "DS", decimal(image.sliceLocationMm)],
    [0x00280002, "US", 1],
    [0x00280004, "CS", "MONOCHROME2"],
    [0x00280010, "US", image.rows],
    [0x00280011, "US", image.columns],
    [0x00280030, "DS", `${spacing}\\${spacing}`],
    [0x00280100, "US", 16],
    [0x00280101, "US", 16],
    [0x00280102, "US", 15],
    [0x00280103, "US", 1],
    [0x00281050, "DS", String(Math.round(most * 0.35))],
    [0x00281051, "DS", String(Math.max(1, Math.round(most * 0.7)))],
    [0x7fe00010, "OW", new Uint8Array(buffer, byteOffset, byteLength)],
  ];
}

function element([tag, vr, value]: Field): Buffer {
  const bytes = valueBytes(vr, value);
  const isLong = LONG_VRS.has(vr);
  const header = Buffer.alloc(isLong ? 12 : 8);
  header.writeUInt16LE(tag >>> 16, 0);
  header.writeUInt16LE(tag & 0xffff, 2);
  header.write(vr, 4, "latin1");
  if (isLong) header.writeUInt32LE(bytes.length, 8);
  else header.writeUInt16LE(bytes.length, 6);
  return Buffer.concat([header, bytes]);
}

/** Values have an even length; UIDs are padded with a zero byte, texts with a space. */
function valueBytes(vr: string, value: Value): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") {
    const padding = vr === "UI" ? "\0" : " ";
    return Buffer.from(value.length % 2 === 0 ? value : value + padding, "latin1");
  }
  const bytes = Buffer.alloc(vr === "UL" ? 4 : 2);
  bytes.writeUIntLE(value, 0, bytes.length);
  return bytes;
}

/** A number in at most the 16 characters that VR DS allows. */
function decimal(value: number): string {
  return String(Number(value.toFixed(6)));
}
