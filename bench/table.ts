/** Rows under a head for a terminal. */

type Cells = readonly string[];

/** Numbers to the right; columns from `leftFrom` on are words, to the left. */
export const table = (head: Cells, rows: readonly Cells[], leftFrom: number): string[] => {
  const widths = head.map((title, j) => Math.max(title.length, ...rows.map((row) => row[j].length)));
  const line = (cells: Cells): string =>
    cells.map((cell, j) => (j < leftFrom ? cell.padStart(widths[j]) : cell.padEnd(widths[j]))).join('  ');
  return [head, ...rows].map((cells) => `    ${line(cells).trimEnd()}`);
};
