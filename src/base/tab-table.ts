/**
 * Columns as Go's tab writer makes them: each at least `least` wide, `padding` after its longest cell, nothing after the
 * last one. Scripts that read upstream's tables by column read these, too.
 */
export function tabTable(
  rows: readonly (readonly string[])[],
  { least, padding }: { readonly least: number; readonly padding: number },
): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? least, cell.length + padding)
  }
  return rows
    .map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join(''))
    .join('\n')
}
