import { describe, expect, test } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { type CommandEntry, commands as allCommands } from "../../src/cli/commands.ts";
import { main } from "../../src/cli/main.ts";
import { DataSourceError, PrototxtError } from "../../src/errors.ts";
import { recordedIo } from "../support/io.ts";

function entry(command: Partial<Command>): CommandEntry {
  const whole = { name: "x", summary: "does x", flags: {}, run: async () => 0, ...command };
  return { summary: whole.summary, load: async () => whole };
}

async function run(args: readonly string[], commands?: Record<string, CommandEntry>) {
  const io = recordedIo();
  const code = await main(args, io, commands);
  return { code, out: io.stdout.join("\n"), err: io.stderr.join("\n") };
}

describe("help", () => {
  test.each([[[]], [["--help"]], [["-help"]], [["help"]], [["caffe"]]])(
    "%j lists every command in one line",
    async (args) => {
      const { code, out } = await run(args);
      expect(code).toBe(0);
      const lines = out.split("\n");
      for (const [name, { summary }] of Object.entries(allCommands)) {
        expect(lines.filter((line) => line.trim().startsWith(`${name} `))).toEqual([
          expect.stringContaining(summary),
        ]);
      }
    },
  );

  test("of a command shows its flags, types and defaults", async () => {
    const commands = {
      fit: entry({
        name: "fit",
        summary: "trains",
        positionals: ["net.prototxt"],
        flags: {
          epochs: { type: "number", summary: "passes over the data", default: 30 },
          out: { type: "string", value: "DIR", summary: "the job folder", required: true },
          force: { type: "boolean", summary: "overwrite", default: false },
        },
      }),
    };
    const { code, out } = await run(["fit", "--help"], commands);
    expect(code).toBe(0);
    expect((await run(["help", "fit"], commands)).out).toBe(out);
    expect(out).toBe(
      [
        "fit: trains",
        "usage: cortado fit net.prototxt [flags]",
        "",
        "flags:",
        "  --epochs N  passes over the data (default: 30)",
        "  --out DIR   the job folder (required)",
        "  --force     overwrite",
      ].join("\n"),
    );
  });

  test("--version prints the package's version", async () => {
    const { code, out } = await run(["--version"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^cortado version \d+\.\d+\.\d+$/);
  });
});

describe("finding a command", () => {
  const commands = {
    train: entry({
      run: async (flags) => (flags.solver === "s" ? 0 : 9),
      flags: { solver: { type: "string", summary: "" } },
    }),
    device_query: entry({}),
    "dataset info": entry({
      positionals: ["DIR"],
      run: async (_f, [dir]) => (dir === "d" ? 0 : 9),
    }),
    "dataset images": entry({}),
    "upgrade-net": entry({
      positionals: ["IN", "[OUT]"],
      run: async (flags, [input]) => (flags.format === "text" && input === "a" ? 0 : 9),
      flags: { format: { type: "string", summary: "" } },
    }),
  };

  test("two words name one command", async () => {
    expect((await run(["dataset", "info", "d"], commands)).code).toBe(0);
  });

  test("a dash does for an underscore", async () => {
    expect((await run(["device-query"], commands)).code).toBe(0);
  });

  test.each([
    "upgrade_net_proto_text a",
    "upgrade-net-proto-text a b",
    "build/tools/upgrade_net_proto_text.bin a b",
    "caffe.bin upgrade_net a --format text",
    "/opt/caffe/build/tools/caffe upgrade-net --format=text a",
  ])("%s: Caffe's own name of a tool will do", async (line) => {
    expect((await run(line.split(" "), commands)).code).toBe(0);
  });

  test("flags may stand before the command", async () => {
    expect((await run(["-solver", "s", "train"], commands)).code).toBe(0);
  });

  test.each([
    [["tarin"], "cortado: Unknown action: tarin; did you mean train?"],
    [["frobnicate"], "cortado: Unknown action: frobnicate; cortado --help lists the commands"],
    [["dataset"], "cortado: cortado dataset needs one of: info, images"],
    [["dataset", "inf"], "cortado: cortado dataset needs one of: info, images"],
    [["train", "-frobnicate", "1"], "cortado: unknown command line flag 'frobnicate'"],
    [["dataset", "info"], "cortado: missing DIR; usage: cortado x DIR"],
    [["upgrade_net_proto_text"], "cortado: missing IN; usage: cortado x IN [OUT] [flags]"],
    [["train", "x"], "cortado: unexpected argument 'x': cortado x takes only flags"],
  ])("%j: %s", async (args, line) => {
    const { code, err, out } = await run(args, commands);
    expect({ code, err, out }).toEqual({ code: 1, err: line, out: "" });
  });
});

describe("errors", () => {
  const failing = (error: unknown) => ({
    x: entry({
      run: async () => {
        throw error;
      },
    }),
  });

  test("a user's mistake is one line, with the place in the file under it", async () => {
    const location = { file: "net.prototxt", line: 3, column: 5 };
    const error = new PrototxtError('expected "}"', { location, excerpt: "  a b\n    ^" });
    const { code, err } = await run(["x"], failing(error));
    expect(code).toBe(1);
    expect(err).toBe('cortado: net.prototxt:3:5: expected "}"\n  a b\n    ^');
  });

  test("a mistake without a place is one line", async () => {
    const { err } = await run(["x"], failing(new DataSourceError("no such dataset")));
    expect(err).toBe("cortado: no such dataset");
  });

  test("a defect of cortado says so, in one line", async () => {
    const { code, err } = await run(["x"], failing(new TypeError("a is undefined\nmore")));
    expect(code).toBe(1);
    expect(err).toBe("cortado: internal: a is undefined");
  });

  test("CORTADO_DEBUG=1 shows the stack", async () => {
    process.env.CORTADO_DEBUG = "1";
    try {
      const { err } = await run(["x"], failing(new TypeError("a is undefined")));
      expect(err).toContain("main.test.ts");
    } finally {
      delete process.env.CORTADO_DEBUG;
    }
  });
});
