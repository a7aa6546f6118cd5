/** @file protobuf's own compiler as an oracle; tests that need it are skipped where it is absent. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";

const protoFolder = fileURLToPath(new URL("../../proto/", import.meta.url));

export const hasProtoc = spawnSync("protoc", ["--version"]).status === 0;

/** Runs `protoc --encode` or `--decode` on a message of caffe.proto. */
export function protoc(mode: "encode" | "decode", message: string, input: string | Uint8Array) {
  const run = spawnSync(
    "protoc",
    [`-I${protoFolder}`, `--${mode}=caffe.${message}`, `${protoFolder}caffe.proto`],
    { input, maxBuffer: 2 ** 26 },
  );
  return { ok: run.status === 0, output: run.stdout, errors: run.stderr.toString("utf8") };
}
