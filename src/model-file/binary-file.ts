/** @file Reads a binary file whole, and says what it is when it is not what was asked for. */
import { readFile, stat } from "node:fs/promises";
import { ModelFileError } from "../errors.ts";
import { systemCode, systemReason } from "./atomic-write.ts";

/** Protobuf's own limit on a message. */
const MAX_BYTES = 2 ** 31 - 1;

/**
 * @param missing what Caffe says of a missing file, with the path: "Couldn't open x.caffemodel"
 * @throws ModelFileError when the file is missing, unreadable, empty, larger than 2 GiB, or plainly
 *   of another kind
 */
export async function readBinaryFile(path: string, missing: string): Promise<Uint8Array> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) {
      throw new ModelFileError(
        `${path}: ${size} bytes are more than a protobuf message can have (2 GiB); Caffe writes ` +
          "weights of that size as .caffemodel.h5 (snapshot_format: HDF5)",
      );
    }
    bytes = await readFile(path);
  } catch (cause) {
    if (cause instanceof ModelFileError) throw cause;
    throw new ModelFileError(unreadable(path, missing, cause), { cause });
  }
  const kind = foreignKind(bytes);
  if (kind !== undefined) throw new ModelFileError(`${path}: ${kind}`);
  return bytes;
}

function unreadable(path: string, missing: string, cause: unknown): string {
  const code = systemCode(cause);
  if (code === "ENOENT") return `${missing}: there is no such file`;
  if (code === "EISDIR") return `${missing}: it is a folder`;
  return `${path}: cannot be read: ${systemReason(cause)}`;
}

/** What bytes are that cannot be a binary message of Caffe, and what to do; undefined for others. */
export function foreignKind(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) {
    return "the file is empty (0 bytes): copying or downloading it failed; get it again";
  }
  const head = Buffer.from(bytes.subarray(0, 512)).toString("latin1");
  if (head.startsWith("version https://git-lfs")) {
    const size = /^size (\d+)$/m.exec(head)?.[1];
    const wanted = size ? ` of ${size} bytes` : "";
    return `a Git LFS pointer, not the file${wanted} that it stands for; run "git lfs pull" where it came from`;
  }
  if (/^\s*<(!doctype|html|head|body|\?xml|!--)/i.test(head)) {
    return "a web page (HTML), not a model: the download saved a page; use the link to the file itself";
  }
  if (head.startsWith("\x89HDF\r\n\x1a\n")) {
    return "an HDF5 file, where one message of Caffe's is expected";
  }
  if (head.startsWith("\x1f\x8b") || head.startsWith("BZh") || head.startsWith("\xfd7zXZ")) {
    return "a compressed file; unpack it first";
  }
  if (head.startsWith("PK\x03\x04")) {
    return "a ZIP archive (as PyTorch's models are), not a binary file of Caffe; unpack or convert it first";
  }
  if (isText(head)) {
    return "a text file, such as a prototxt, where a binary file is expected";
  }
  return undefined;
}

/** A message of that length always has a byte that is no text: a tag or a length. */
function isText(head: string): boolean {
  return head.length >= 64 && /^[\t\n\r\x20-\x7e\x80-\xff]*$/.test(head);
}
