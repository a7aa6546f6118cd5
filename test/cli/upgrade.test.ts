import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Net } from "../../src/net/net.ts";
import { createMessage, encodeMessage } from "../../src/schema/index.ts";
import { runIn } from "../support/golden-cli.ts";
import { hasShared, sharedPath } from "../support/shared.ts";
import { temporaryFolder } from "../support/temporary.ts";
import { floatsOf } from "../support/floats.ts";

const at = temporaryFolder("upgrade");
const put = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content);
const got = (name: string) => readFileSync(at(name), "utf8");
/** The log as the golden files have it: level, source, text. */
const logOf = (err: readonly string[]) =>
  err.map((line) => line.replace(/^([IWE])\d{4} \S+ +\d+ /, "$1 "));

interface Case {
  readonly name: string;
  readonly tool: string;
}

function cases(): Case[] {
  const rows = readFileSync(sharedPath("golden/upgrade/INDEX.tsv"), "utf8").trim().split("\n");
  return rows.slice(1).map((row) => {
    const [name, , , , , , tool] = row.split("\t") as string[];
    return { name: name!, tool: tool! };
  });
}

describe.skipIf(!hasShared)("Caffe's own upgrades, as commands (need ../shared)", () => {
  const golden = hasShared ? cases() : [];

  test("are 9, and every folder is one of them", () => {
    const folders = readdirSync(sharedPath("golden/upgrade")).filter((name) => !/\./.test(name));
    expect(golden.map(({ name }) => name).sort()).toEqual(folders.sort());
    expect(golden).toHaveLength(9);
  });

  test.each(golden)("$name by $tool: the same file, log and exit code", async ({ name, tool }) => {
    const read = (file: string) => readFileSync(sharedPath("golden/upgrade", name, file));
    const ending = tool.includes("binary") ? "bin" : "prototxt";
    put(`in.${ending}`, read(`in.${ending}`));
    const { code, err } = await runIn(at(), [tool, `in.${ending}`, `out.${ending}`]);
    expect(readFileSync(at(`out.${ending}`)).equals(read(`out.${ending}`))).toBe(true);
    expect(logOf(err)).toEqual(read("log.txt").toString("utf8").trim().split("\n"));
    expect(code).toBe(Number(read("rc.txt").toString("utf8")));
  });

  test.each(
    golden.filter(({ name }) => existsSync(sharedPath("golden/upgrade", name, "manifest.json"))),
  )("the weights of $name, before and after, fit the net of today", async ({ name }) => {
    const folder = sharedPath("golden/upgrade", name);
    const manifest = JSON.parse(readFileSync(`${folder}/manifest.json`, "utf8")) as {
      params: { layer: string; index: number; shape: number[]; file: string }[];
    };
    put("in.caffemodel", readFileSync(`${folder}/in.bin`));
    expect((await runIn(at(), ["upgrade-net", "in.caffemodel", "out.caffemodel"])).code).toBe(0);
    for (const weights of ["in.caffemodel", "out.caffemodel"]) {
      const net = await Net.load(`${folder}/net.prototxt`, { weights: at(weights), threads: 1 });
      for (const { layer, index, shape, file } of manifest.params) {
        const blob = net.params.get(layer)![index]!;
        expect(blob.shape).toEqual(shape);
        expect(blob.data).toEqual(floatsOf(`${folder}/${file}`));
      }
      net.dispose();
    }
  });
});

const V1 = 'layers { name: "r" type: RELU bottom: "x" top: "y" }';

describe("upgrade-net", () => {
  test("sees by the bytes whether it has a prototxt or weights", async () => {
    put("old.prototxt", V1);
    const layers = [createMessage("V1LayerParameter", { name: "r", type: "RELU" })];
    put("old.caffemodel", encodeMessage("NetParameter", createMessage("NetParameter", { layers })));
    await runIn(at(), ["upgrade-net", "old.prototxt", "new.prototxt"]);
    await runIn(at(), ["upgrade-net", "old.caffemodel", "new.caffemodel"]);
    expect(got("new.prototxt")).toBe(
      'layer {\n  name: "r"\n  type: "ReLU"\n  bottom: "x"\n  top: "y"\n}\n',
    );
    const layer = [createMessage("LayerParameter", { name: "r", type: "ReLU" })];
    const expected = encodeMessage("NetParameter", createMessage("NetParameter", { layer }));
    expect(readFileSync(at("new.caffemodel")).equals(expected)).toBe(true);
  });

  test("says that a net is of today already, and writes it all the same", async () => {
    await runIn(at(), ["upgrade-net", "old.prototxt", "once.prototxt"]);
    const { code, err } = await runIn(at(), ["upgrade-net", "once.prototxt", "twice.prototxt"]);
    expect(code).toBe(0);
    expect(logOf(err)).toEqual([
      "E upgrade_net_proto_text.cpp:43] File already in latest proto format: once.prototxt",
      "I upgrade_net_proto_text.cpp:49] Wrote upgraded NetParameter text proto to twice.prototxt",
    ]);
    expect(got("twice.prototxt")).toBe(got("once.prototxt"));
  });

  test("may write over the file that it read", async () => {
    put("same.prototxt", V1);
    await runIn(at(), ["upgrade-net", "same.prototxt", "same.prototxt"]);
    expect(got("same.prototxt")).toBe(got("new.prototxt"));
  });

  test.each([
    ["text", "in.prototxt", 'name: "x" nmae: "y"', "text.cpp:30", "in.prototxt:1:15: Message type"],
    ["binary", "cut.caffemodel", "\x0a\x05ab", "binary.cpp:29", "cut.caffemodel cannot be read"],
    ["binary", "page.caffemodel", "<html>\n<p>not found", "binary.cpp:29", "a web page (HTML)"],
  ])("ends with code 2 at %s that does not parse", async (format, name, content, line, problem) => {
    put(name, content);
    const args = ["upgrade-net", name, "never", `--format=${format}`];
    const { code, err } = await runIn(at(), args);
    expect(code).toBe(2);
    expect(logOf(err)[0]).toBe(
      `E upgrade_net_proto_${line}] Failed to parse input ${format} file as NetParameter: ${name}`,
    );
    expect(err[1]).toMatch(/^cortado: /);
    expect(err[1]).toContain(problem);
    expect(existsSync(at("never"))).toBe(false);
  });

  test.each([
    [
      ["nope.prototxt", "never"],
      "File not found: nope.prototxt: no such file or directory (ENOENT)",
    ],
    [[".", "never"], "Cannot read .: it is a folder (EISDIR)"],
    [["old.prototxt"], "missing OUT; usage: cortado upgrade-net IN OUT [flags]"],
    [[], "missing IN OUT; usage: cortado upgrade-net IN OUT [flags]"],
    [["a", "b", "c"], "unexpected argument 'c': cortado upgrade-net takes IN OUT and flags"],
    [["old.prototxt", "never", "--format=json"], "--format is json; expected text or binary"],
    [["unknown.prototxt", "never"], "unknown.prototxt:1:1: Unknown layer name: foo"],
    [["old.prototxt", "no/such/folder"], "cannot be written: no such file or directory (ENOENT)"],
  ])("%j: one line and code 1", async (args, message) => {
    put("unknown.prototxt", 'layers { layer { type: "foo" } }');
    const { code, err } = await runIn(at(), ["upgrade-net", ...args]);
    expect(code).toBe(1);
    const errors = err.filter((line) => line.startsWith("cortado: "));
    expect(errors).toHaveLength(1);
    expect(errors[0]).toContain(message);
    expect(existsSync(at("never"))).toBe(false);
  });
});

describe("upgrade-solver", () => {
  test.each([
    ["SGD", "SGD"],
    ["NESTEROV", "Nesterov"],
    ["ADAGRAD", "AdaGrad"],
    ["RMSPROP", "RMSProp"],
    ["ADADELTA", "AdaDelta"],
    ["ADAM", "Adam"],
    ["3", "RMSProp"],
  ])("turns solver_type: %s into type: %s", async (old, current) => {
    put("solver.prototxt", `net: "n" solver_type: ${old} base_lr: 0.1`);
    const args = ["upgrade-solver", "solver.prototxt", "solver-out.prototxt"];
    expect((await runIn(at(), args)).code).toBe(0);
    expect(got("solver-out.prototxt")).toBe(`base_lr: 0.1\nnet: "n"\ntype: "${current}"\n`);
  });

  test("writes a solver of today as it is", async () => {
    put("solver.prototxt", 'net: "n" type: "Adam"');
    const { code, err } = await runIn(at(), ["upgrade_solver", "solver.prototxt", "same.prototxt"]);
    expect(code).toBe(0);
    expect(logOf(err)[0]).toBe(
      "E upgrade_solver_proto_text.cpp:43] File already in latest proto format: solver.prototxt",
    );
    expect(got("same.prototxt")).toBe('net: "n"\ntype: "Adam"\n');
  });

  test("refuses a solver that states its type twice", async () => {
    put("solver.prototxt", 'type: "Adam"\nsolver_type: ADAM');
    const { code, err } = await runIn(at(), ["upgrade-solver", "solver.prototxt", "never"]);
    expect(code).toBe(1);
    expect(err.join("\n")).toContain("cortado: solver.prototxt:2:1: Failed to upgrade solver");
    expect(existsSync(at("never"))).toBe(false);
  });

  test("ends with code 2 at a solver that does not parse", async () => {
    put("solver.prototxt", "bass_lr: 1");
    const { code, err } = await runIn(at(), ["upgrade-solver", "solver.prototxt", "never"]);
    expect(code).toBe(2);
    expect(err.join("\n")).toContain(
      "Failed to parse input text file as SolverParameter: solver.prototxt",
    );
  });
});
