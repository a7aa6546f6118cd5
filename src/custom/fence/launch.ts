/** @file The command that starts a fenced layer's process: Node's permission model, inside bubblewrap. */
import { execFile } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import type { FenceOptions } from "../../core/fence-options.ts";
import { CustomLayerError } from "../../errors.ts";

export interface Launch {
  readonly command: string;
  readonly args: readonly string[];
}

const program = fileURLToPath(new URL("../generated/fenced-layer.cjs", import.meta.url));

/** @throws CustomLayerError when bubblewrap is asked for and does not work */
export async function launchOf(
  { bubblewrap, read = [] }: FenceOptions,
  megabytes: number,
): Promise<Launch> {
  const folders = read.map((folder) => resolve(folder));
  const node = { command: process.execPath, args: nodeArguments(folders, megabytes) };
  if (bubblewrap === false) return endingWithNet(node);
  const bwrap = findProgram("bwrap");
  if (bwrap && (await works(bwrap))) return inBubblewrap(bwrap, folders, node);
  if (bubblewrap) {
    const problem = bwrap ? "does not work here" : "is not installed";
    throw new CustomLayerError(`the fence wants bubblewrap (bwrap), which ${problem}`);
  }
  return endingWithNet(node);
}

function nodeArguments(folders: readonly string[], megabytes: number): string[] {
  const isStable = process.allowedNodeEnvironmentFlags.has("--permission");
  return [
    isStable ? "--permission" : "--experimental-permission",
    `--allow-fs-read=${program}`,
    ...folders.map((folder) => `--allow-fs-read=${join(folder, "*")}`),
    `--max-old-space-size=${megabytes}`,
    "--disallow-code-generation-from-strings",
    "--no-warnings",
    program,
    ...folders,
  ];
}

/** A kernel's namespaces without network, other processes, and files but those that Node needs. */
function inBubblewrap(
  bwrap: string,
  folders: readonly string[],
  { command, args }: Launch,
): Launch {
  const needed = [command, program].flatMap((path) => ["--ro-bind", path, path]);
  const readable = folders.flatMap((path) => ["--ro-bind-try", path, path]);
  return {
    command: bwrap,
    args: [...namespaces, ...needed, ...readable, "--chdir", "/", command, ...args],
  };
}

const namespaces = [
  ...["--unshare-all", "--die-with-parent", "--cap-drop", "ALL", "--clearenv"],
  ...[
    "--ro-bind",
    "/usr",
    "/usr",
    "--ro-bind-try",
    "/lib",
    "/lib",
    "--ro-bind-try",
    "/lib64",
    "/lib64",
  ],
  ...["--proc", "/proc", "--dev", "/dev"],
];

let trial: Promise<boolean> | undefined;

/** Whether bubblewrap may make namespaces here: inside containers it often must not. */
function works(bwrap: string): Promise<boolean> {
  const { command, args } = inBubblewrap(bwrap, [], {
    command: process.execPath,
    args: ["--version"],
  });
  trial ??= promisify(execFile)(command, [...args], { env: {}, timeout: 20_000 }).then(
    () => true,
    () => false,
  );
  return trial;
}

/** Where util-linux is, a process that loops for ever ends with the net's, even if that is killed. */
function endingWithNet(node: Launch): Launch {
  const setpriv = process.platform === "linux" ? findProgram("setpriv") : undefined;
  if (!setpriv) return node;
  return { command: setpriv, args: ["--pdeathsig", "KILL", "--", node.command, ...node.args] };
}

function findProgram(name: string): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => folder !== "");
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
