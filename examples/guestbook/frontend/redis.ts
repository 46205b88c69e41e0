import { connect } from 'node:net'

type Reply = string | number | null | readonly Reply[]

/** Sends one command to a Redis server and gives its reply. Rejects with the server's own error, or after three seconds. */
export function redis(host: string, command: readonly string[], port = 6379): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port, timeout: 3000 })
    let received = Buffer.alloc(0)
    const end = (act: () => void) => {
      socket.destroy()
      act()
    }
    socket.on('error', error => end(() => reject(error)))
    socket.on('timeout', () => end(() => reject(new Error(`${host} does not answer`))))
    socket.on('connect', () => {
      const words = command.map(word => `$${Buffer.byteLength(word)}\r\n${word}\r\n`)
      socket.write(`*${command.length}\r\n${words.join('')}`)
    })
    socket.on('data', chunk => {
      received = Buffer.concat([received, chunk])
      const parsed = parse(received, 0)
      if (!parsed) return
      if (parsed.error) end(() => reject(new Error(parsed.error)))
      else end(() => resolve(parsed.value))
    })
  })
}

interface Parsed {
  readonly value: Reply
  readonly error?: string
  readonly next: number
}

/** Reads one reply of Redis' protocol (RESP2); undefined when it is not all there yet. */
function parse(bytes: Buffer, from: number): Parsed | undefined {
  const end = bytes.indexOf('\r\n', from)
  if (end < 0) return undefined
  const line = bytes.toString('utf8', from + 1, end)
  const next = end + 2
  switch (String.fromCharCode(bytes[from]!)) {
    case '+':
      return { value: line, next }
    case ':':
      return { value: Number(line), next }
    case '-':
      return { value: null, error: line, next }
    case '$': {
      const length = Number(line)
      if (length < 0) return { value: null, next }
      if (bytes.length < next + length + 2) return undefined
      return { value: bytes.toString('utf8', next, next + length), next: next + length + 2 }
    }
    default: {
      const items: Reply[] = []
      let at = next
      for (let i = 0; i < Number(line); i++) {
        const item = parse(bytes, at)
        if (!item) return undefined
        items.push(item.value)
        at = item.next
      }
      return { value: items, next: at }
    }
  }
}
