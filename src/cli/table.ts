/** @file Tables for a terminal. */

/** One column: its head and where its cells stand. */
export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

/** Lines of a table, columns two blanks apart, the head underlined. */
export function tableLines(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const widths = columns.map(({ head }, i) =>
    Math.max(head.length, ...rows.map((row) => (row[i] ?? "").length)),
  );
  const format = (cells: readonly string[]) =>
    columns
      .map(({ align }, i) => {
        const cell = cells[i] ?? "";
        return align === "right" ? cell.padStart(widths[i]!) : cell.padEnd(widths[i]!);
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [format(columns.map(({ head }) => head)), rule, ...rows.map(format)];
}
