import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { cells, columns, type Report, short } from './report.ts'

const readme = join(import.meta.dirname, '..', 'README.md')
const [begin, end] = ['<!-- numbers: written by bench/all.ts --readme -->', '<!-- end of numbers -->']

/** Puts the tables of all benchmarks between the two marks of bench/README.md. */
export async function writeReadme(reports: readonly Report[]): Promise<void> {
  const text = await readFile(readme, 'utf8')
  const [before, after] = [text.indexOf(begin), text.indexOf(end)]
  if (before < 0 || after < before) throw new Error(`${readme} has no place for the numbers: ${begin} ... ${end}`)
  const tables = reports.map(table).join('')
  await writeFile(readme, `${text.slice(0, before + begin.length)}\n${tables}${text.slice(after)}`)
}

function table({ name, date, machine, load, rows }: Report): string {
  const line = (texts: readonly string[]) => `| ${texts.join(' | ')} |\n`
  const rule = columns.map((_, i) => (i === 0 || i === 4 ? '---' : '---:'))
  const about = `\n**${name}**, ${date.slice(0, 10)}, ${machine}, load ${short(load)} at the end:\n\n`
  return about + line(columns) + line(rule) + rows.map(row => line(cells(row))).join('')
}
