/**
 * @file What plotting scripts take from a training log, by the rules of Caffe's parse_log.py: the
 * same patterns, columns and number formats.
 */

/** Cells by the name of their column. */
type Row = Readonly<Record<string, string>>;

export interface ParsedLog {
  readonly train: readonly Row[];
  readonly test: readonly Row[];
}

const FLOAT = String.raw`[\.\deE+-]+`;
const ITERATION = /Iteration (\d+)/;
const RATE = /lr = ([-+]?[0-9]*\.?[0-9]+([eE]?[-+]?[0-9]+)?)/;
const OUTPUT = new RegExp(String.raw`(Train|Test) net output #(\d+): (\S+) = (${FLOAT})`);
const TIME = /^[A-Z]\d{4} (\d\d):(\d\d):(\d\d\.\d{6})/;

/** @throws Error where the script would find no time, as in a log without "Solving" */
export function parseLog(lines: readonly string[]): ParsedLog {
  const start = lines.find((line) => line.includes("Solving"));
  if (!start || !TIME.test(start)) throw new Error("the log has no start time");
  const rows: { train: Row[]; test: Row[] } = { train: [], test: [] };
  let iteration = -1;
  let rate = "nan";
  const current: { train?: Row; test?: Row } = {};
  for (const line of lines) {
    const iter = ITERATION.exec(line)?.[1];
    if (iter !== undefined) iteration = Number(iter);
    if (iteration < 0 || !TIME.test(line)) continue;
    rate = RATE.exec(line)?.[1] ?? rate;
    const output = OUTPUT.exec(line);
    if (!output) continue;
    const phase = output[1] === "Train" ? "train" : "test";
    const NumIters = iteration.toFixed(1);
    const row = current[phase];
    const cells = row?.NumIters === NumIters ? row : { NumIters, LearningRate: rate };
    if (cells === row) rows[phase].pop();
    current[phase] = { ...cells, [output[3]!]: output[4]! };
    rows[phase].push(current[phase]);
  }
  return { train: withFirstRate(rows.train), test: withFirstRate(rows.test) };
}

/** The script gives the first row, which may come before any rate was read, the rate of the second. */
function withFirstRate(rows: readonly Row[]): readonly Row[] {
  const [first, second] = rows;
  if (!first || !second) return rows;
  return [{ ...first, LearningRate: second.LearningRate! }, ...rows.slice(1)];
}

/** The scripts' CSV without the column of seconds, which differ from run to run. */
export function parseCsv(text: string): Row[] {
  const [head, ...lines] = text.trim().split(/\r?\n/);
  const names = head!.split(",");
  return lines.map((line) => {
    const cells = line.split(",").map((cell, i) => [names[i]!, cell] as const);
    return Object.fromEntries(cells.filter(([name]) => name !== "Seconds"));
  });
}

/** Rows of cells, without the column of seconds. */
export interface ParsedByShell {
  /** Iteration, accuracy and loss of each test. */
  readonly test: readonly (readonly string[])[];
  /** Iteration, loss and rate of each display line; the last one has no rate. */
  readonly train: readonly (readonly string[])[];
}

/**
 * What Caffe's parse_log.sh takes from a log by the number of words in a line: the first output of a
 * test net is the accuracy, the second one the loss.
 */
export function parseLogByShell(lines: readonly string[]): ParsedByShell {
  const having = (text: string) => lines.filter((line) => line.includes(text));
  const word = (text: string, number: number) =>
    having(text).map((line) => line.trim().split(/\s+/)[number - 1] ?? "");
  const iterations = (text: string) => having(text).map((line) => ITERATION.exec(line)?.[1] ?? "");
  const losses = having(", loss = ").map((line) => line.split("=")[1]!.trim());
  return {
    test: columns(
      iterations("Testing net"),
      word("Test net output #0", 11),
      word("Test net output #1", 11),
    ),
    train: columns(iterations(", loss = "), losses, word(", lr = ", 9)),
  };
}

/** The tables that parse_log.sh wrote, without head and seconds. */
export function parseShellTable(text: string): string[][] {
  const [, ...lines] = text.trim().split("\n");
  return lines.map((line) =>
    line
      .trim()
      .split(/\s+/)
      .filter((_, column) => column !== 1),
  );
}

function columns(...cells: readonly string[][]): string[][] {
  return cells[0]!.map((_, row) => cells.flatMap((column) => column[row] ?? []));
}
