/** @file protobuf's own compiler as an oracle; tests that need it are skipped where it is absent. */
import { spawnSync } from "node:child_process";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";

const caffeProto = fileURLToPath(new URL("../../proto/caffe.proto", import.meta.url));

/** The schema of another Caffe: fields that cortado does not know, or knows with another type. */
export const forkProto = fileURLToPath(new URL("fork.proto", import.meta.url));

export const hasProtoc = spawnSync("protoc", ["--version"]).status === 0;

/** Runs `protoc --encode` or `--decode` on a message of caffe.proto, or of another schema. */
export function protoc(
  mode: "encode" | "decode",
  message: string,
  input: string | Uint8Array,
  schema = caffeProto,
) {
  const run = spawnSync("protoc", [`-I${dirname(schema)}`, `--${mode}=caffe.${message}`, schema], {
    input,
    maxBuffer: 2 ** 26,
  });
  return { ok: run.status === 0, output: run.stdout, errors: run.stderr.toString("utf8") };
}
