/** Differences of two texts by line, in the form that `diff -u` and `patch` have. */

export interface UnifiedDiffOptions {
  readonly from: string
  readonly to: string
  /** Lines shown around a difference. @default 3 */
  readonly context?: number
}

interface Edit {
  readonly kind: ' ' | '-' | '+'
  readonly text: string
}

/** Empty when the texts are equal. For texts of some thousand lines at most: the work grows with the product of both. */
export function unifiedDiff(before: string, after: string, { from, to, context = 3 }: UnifiedDiffOptions): string {
  if (before === after) return ''
  const edits = editsOf(linesOf(before), linesOf(after))
  const hunks = hunksOf(edits, context)
  return [`--- ${from}`, `+++ ${to}`, ...hunks.flatMap(hunk => hunkLines(edits, hunk))].join('\n')
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n')
}

/** The shortest way from one list of lines to the other, by the longest common subsequence. */
function editsOf(a: readonly string[], b: readonly string[]): readonly Edit[] {
  const width = b.length + 1
  const common = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      common[i * width + j] =
        a[i] === b[j]
          ? common[(i + 1) * width + j + 1]! + 1
          : Math.max(common[(i + 1) * width + j]!, common[i * width + j + 1]!)
    }
  }
  const edits: Edit[] = []
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      edits.push({ kind: ' ', text: a[i]! })
      i++
      j++
    } else if (j >= b.length || (i < a.length && common[(i + 1) * width + j]! >= common[i * width + j + 1]!)) {
      edits.push({ kind: '-', text: a[i++]! })
    } else edits.push({ kind: '+', text: b[j++]! })
  }
  return edits
}

/** Ranges of edits, ends excluded, that are shown together. */
function hunksOf(edits: readonly Edit[], context: number): readonly (readonly [number, number])[] {
  const hunks: [number, number][] = []
  for (const [at, { kind }] of edits.entries()) {
    if (kind === ' ') continue
    const [start, end] = [Math.max(0, at - context), Math.min(edits.length, at + context + 1)]
    const last = hunks.at(-1)
    if (last && start <= last[1]) last[1] = end
    else hunks.push([start, end])
  }
  return hunks
}

function hunkLines(edits: readonly Edit[], [start, end]: readonly [number, number]): readonly string[] {
  const count = (from: number, to: number, without: Edit['kind']) =>
    edits.slice(from, to).filter(({ kind }) => kind !== without).length
  const range = (without: Edit['kind']) => {
    const [first, size] = [count(0, start, without), count(start, end, without)]
    return `${size === 0 ? first : first + 1}${size === 1 ? '' : `,${size}`}`
  }
  return [`@@ -${range('+')} +${range('-')} @@`, ...edits.slice(start, end).map(({ kind, text }) => `${kind}${text}`)]
}
