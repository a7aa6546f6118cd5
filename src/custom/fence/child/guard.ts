/**
 * @file What a fenced layer may not reach, taken away inside its process. The permission model of Node
 * keeps it from files, programs, threads and native code; this adds the network, other processes, and
 * Node's own doors around the permission model. It is the second fence where bubblewrap is the first.
 */
import { Console } from "node:console";
import { writeSync } from "node:fs";
import { builtinModules, createRequire } from "node:module";
import { Writable } from "node:stream";
import { refuseLinksOut } from "./guard-links.ts";

/** Modules of Node that only compute; `fs` is for the folders that the layer may read. */
const ALLOWED = new Set(
  (
    "assert assert/strict buffer console constants events fs fs/promises os path path/posix path/win32 " +
    "perf_hooks process punycode querystring stream stream/promises string_decoder timers " +
    "timers/promises url util util/types zlib crypto"
  ).split(" "),
);
/** What modules that are not allowed are there for, where that tells more than their names. */
const NETWORK = /^(net|tls|dns|dns\/promises|dgram|https?|http2|inspector|_http_.*|_tls_.*)$/;
const PROGRAMS = /^(child_process|cluster|worker_threads)$/;

const load = createRequire("/");

/** Only this is caught and explained; everything else that a layer throws is its own. */
function refuse(what: string): never {
  throw new Error(`it tried to ${what}, which the fence does not allow`);
}

const refusing = (what: string) => () => refuse(what);

function purposeOf(module: string): string {
  if (NETWORK.test(module)) return `use the network (${module})`;
  if (PROGRAMS.test(module)) return `start another program or thread (${module})`;
  return `load the module "${module}"`;
}

/**
 * Takes away, for good, what the process of a fenced layer must not have.
 * @param folders whose files it may read
 */
export function closeFence(folders: readonly string[]): (name: string) => unknown {
  const own = safeProcess();
  if (folders.length > 0) refuseLinksOut(load("fs"), folders);
  // Node's own loader is among what goes.
  const modules = new Map([...ALLOWED].map((name) => [name, load(name) as unknown]));
  const isDangerous = (name: string) => NETWORK.test(name) || PROGRAMS.test(name);
  // All are loaded before the first is disabled: they are built on each other.
  const dangerous = builtinModules.filter(isDangerous).map((name) => [name, load(name)] as const);
  const loader: unknown = load("module");
  for (const name of builtinModules) {
    if (!ALLOWED.has(name)) Reflect.deleteProperty(globalThis, name);
  }
  disableNamed(load("crypto"), ["setEngine"], "load a library");
  disableNamed(load("v8"), ["setFlagsFromString", "writeHeapSnapshot"], "change Node");
  for (const [name, exports] of dangerous) disable(exports, purposeOf(name));
  disable(loader, "change how modules are loaded");
  const real = process;
  disableNamed(real, PROCESS_DOORS, "reach other processes or Node itself");
  for (const name of ["fetch", "WebSocket", "EventSource"]) {
    if (name in globalThis) define(globalThis, name, refusing(`use the network (${name})`));
  }
  for (const name of ["require", "module", "exports", "__filename", "__dirname"]) {
    Reflect.deleteProperty(globalThis, name);
  }
  define(globalThis, "process", own);
  define(globalThis, "console", new Console({ stdout: output(1), stderr: output(2) }));
  return (name) => required(name, modules.set("process", own));
}

const PROCESS_DOORS = [
  "binding chdir dlopen getBuiltinModule kill setegid seteuid setgid setgroups setuid initgroups",
  "umask _debugEnd _debugProcess _kill _linkedBinding execve",
].flatMap((names) => names.split(" "));

/** `require` of a fenced layer. */
function required(name: string, modules: ReadonlyMap<string, unknown>): unknown {
  const bare = name.replace(/^node:/, "");
  if (modules.has(bare)) return modules.get(bare);
  if (builtinModules.includes(bare)) return refuse(purposeOf(bare));
  throw new Error(
    `it needs the package "${name}", and a fenced layer has only cortado, TensorFlow.js and the files ` +
      "beside it",
  );
}

/** The harmless part of `process`. */
function safeProcess(): object {
  const { arch, platform, version, versions, pid, title } = process;
  const nothing = () => own;
  const own: Record<string, unknown> = {
    ...{ arch, platform, version, versions, pid, title, argv: [], execArgv: [], env: {} },
    cwd: () => "/",
    exit: refusing("end its process (process.exit)"),
    abort: refusing("end its process (process.abort)"),
    kill: refusing("end another process (process.kill)"),
    hrtime: process.hrtime,
    uptime: process.uptime.bind(process),
    memoryUsage: process.memoryUsage,
    nextTick: process.nextTick.bind(process),
    emitWarning: nothing,
    ...{ on: nothing, once: nothing, off: nothing, emit: nothing, removeListener: nothing },
    stdout: output(1),
    stderr: output(2),
  };
  return own;
}

function output(descriptor: number): Writable {
  return new Writable({
    decodeStrings: true,
    write(chunk: Uint8Array, _encoding, done) {
      for (let at = 0; at < chunk.length; ) at += writeSync(descriptor, chunk, at);
      done();
    },
  });
}

/** Every function of a module, and every method of its classes, refuses from now on. */
function disable(exports: unknown, what: string): void {
  if (typeof exports !== "object" && typeof exports !== "function") return;
  for (const name of Object.getOwnPropertyNames(exports ?? {})) {
    const value = ownValue(exports as object, name);
    if (typeof value !== "function") continue;
    const prototype: unknown = value.prototype;
    if (typeof prototype === "object" && prototype !== null) {
      for (const method of Object.getOwnPropertyNames(prototype)) {
        if (typeof ownValue(prototype, method) === "function" && method !== "constructor") {
          define(prototype, method, refusing(what));
        }
      }
    }
    define(exports as object, name, refusing(what));
  }
}

function disableNamed(object: object, names: readonly string[], what: string): void {
  for (const name of names) if (name in object) define(object, name, refusing(what));
}

/** A property's value without running a getter. */
function ownValue(object: object, name: string): unknown {
  return Object.getOwnPropertyDescriptor(object, name)?.value;
}

function define(object: object, name: string, value: unknown): void {
  Reflect.defineProperty(object, name, { value, writable: false, configurable: false });
}
