/** Prints a result as people or programs want it. `text` makes the lines for people. */
export async function printResult<T>(format: unknown, result: T, text: (result: T) => string): Promise<void> {
  if (format === 'json') return writeLine(JSON.stringify(result, undefined, 2))
  if (format === 'yaml') return writeLine((await yamlText(result)).trimEnd())
  return writeLine(text(result))
}

/** YAML that readers of its older version, of whom there are many, take for the same: times and `yes` are quoted. */
export async function yamlText(value: unknown): Promise<string> {
  const { stringify } = await import('yaml')
  return stringify(value, { version: '1.1', indentSeq: false, lineWidth: 0, aliasDuplicateObjects: false })
}

export function writeLine(line: string): void {
  process.stdout.write(`${line}\n`)
}

/** Columns padded to their widest cell, two spaces between. */
export function columns(rows: readonly (readonly string[])[]): string {
  const widths: number[] = []
  for (const row of rows) {
    for (const [i, cell] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length)
  }
  return rows
    .map(row => row.map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i]!))).join('  '))
    .join('\n')
}
