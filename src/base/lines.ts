/** The lines of a byte stream, without their ends; throws when one is longer than `most` bytes. */
export async function* readLines(stream: AsyncIterable<Uint8Array>, most: number): AsyncIterable<string> {
  let rest: Buffer[] = []
  let size = 0
  for await (const chunk of stream) {
    let from = 0
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength)
    for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, from)) {
      const line = bytes.subarray(from, end)
      yield rest.length ? Buffer.concat([...rest, line]).toString('utf8') : line.toString('utf8')
      rest = []
      size = 0
      from = end + 1
    }
    if (from < bytes.length) {
      rest.push(bytes.subarray(from))
      size += bytes.length - from
      if (size > most) throw new Error(`a line is longer than ${most} bytes`)
    }
  }
  if (rest.length) yield Buffer.concat(rest).toString('utf8')
}
