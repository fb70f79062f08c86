/** Rows as a table of aligned columns. */

/**
 * @param rows one object a row; their keys, in order, are the columns.
 * @returns lines, the head first; a note where there is no row.
 */
export function tableOf(rows: readonly Readonly<Record<string, string | number | null>>[]): string {
  const [first] = rows;
  if (!first) return "(none)";
  const cells = [
    Object.keys(first),
    ...rows.map((row) => Object.values(row).map((value) => `${value ?? "-"}`)),
  ];
  const widths = cells[0]!.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  return cells
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}
