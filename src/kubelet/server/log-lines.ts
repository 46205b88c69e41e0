/** Lines of a container's log as the runtime writes them: `<time> <stream> <P|F> <text>`. */

export interface LogLine {
  /** RFC 3339 with nanoseconds, as it stands in the file. */
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line goes on in the next one. */
  readonly partial: boolean
  readonly text: Buffer
}

const space = 0x20

/** Undefined for what is no such line. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(space)
  const second = line.indexOf(space, first + 1)
  const third = line.indexOf(space, second + 1)
  if (first < 0 || second < 0 || third < 0) return undefined
  const stream = line.toString('latin1', first + 1, second)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  return {
    time: line.toString('latin1', 0, first),
    stream,
    partial: line[second + 1] === 0x50,
    text: line.subarray(third + 1),
  }
}

/** What a reader of the log gets of a line. */
export function shownLine(line: LogLine, timestamps: boolean): Buffer {
  const parts = timestamps ? [Buffer.from(`${line.time} `), line.text] : [line.text]
  return Buffer.concat(line.partial ? parts : [...parts, Buffer.from('\n')])
}
