/** @file Input and output of the real process. */
import type { Io } from "./command.ts";

/**
 * Standard output and error, with a progress line when standard error is a terminal. A program that runs this one
 * sets CORTADO_PROGRESS=lines to get each progress line as a line of its own, `progress: ...`.
 *
 * SIGINT ends the process as usual until a command asks for `signal`; from then on the first one
 * aborts the signal, the second one ends the process.
 */
export function processIo(): Io {
  const { stdout, stderr } = process;
  const progress = stderr.isTTY ? new ProgressLine(stderr) : undefined;
  endQuietlyWhenReaderLeaves(stdout);
  let abort: AbortController | undefined;
  return {
    cwd: process.cwd(),
    out(line) {
      progress?.clear();
      stdout.write(`${line}\n`);
    },
    err(line) {
      progress?.clear();
      stderr.write(`${line}\n`);
      progress?.draw();
    },
    ...progressDrawing(progress),
    get signal() {
      abort ??= abortOnInterrupt();
      return abort.signal;
    },
  };
}

function progressDrawing(terminal: ProgressLine | undefined): Pick<Io, "progress"> {
  if (terminal) return { progress: (line) => terminal.show(line) };
  if (process.env.CORTADO_PROGRESS !== "lines") return {};
  return { progress: (line) => process.stderr.write(`progress: ${line}\n`) };
}

/** The last line of a terminal, drawn over again and again. */
class ProgressLine {
  readonly #terminal: NodeJS.WriteStream;
  #text = "";
  #isDrawn = false;

  constructor(terminal: NodeJS.WriteStream) {
    this.#terminal = terminal;
    process.once("exit", () => {
      if (this.#isDrawn) terminal.write("\n");
    });
  }

  show(text: string): void {
    this.#text = text;
    this.draw();
  }

  draw(): void {
    if (this.#text === "") return;
    const width = (this.#terminal.columns ?? 80) - 1;
    this.#terminal.write(`\r\u001b[K${this.#text.slice(0, width)}`);
    this.#isDrawn = true;
  }

  clear(): void {
    if (this.#isDrawn) this.#terminal.write("\r\u001b[K");
    this.#isDrawn = false;
  }
}

function abortOnInterrupt(): AbortController {
  const controller = new AbortController();
  process.on("SIGINT", () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  });
  return controller;
}

/** `cortado summary net.prototxt | head` is no error. */
function endQuietlyWhenReaderLeaves(stream: NodeJS.WriteStream): void {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "EPIPE") process.exit(0);
    throw error;
  });
}
