/** Tells how long work gets on: one changing line per step on a terminal, a plain line at its beginning and end elsewhere. */
export interface Progress {
  /** Runs a step under a title; what it throws goes on to the caller after the line says so. */
  step<T>(title: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
  /** A line on its own. */
  say(line: string): void
}

const frames = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏']

export function progress(stream: NodeJS.WriteStream = process.stderr): Progress {
  return stream.isTTY ? lively(stream) : plain(stream)
}

const seconds = (began: number) => `${((performance.now() - began) / 1000).toFixed(1)}s`

function plain(stream: NodeJS.WriteStream): Progress {
  return {
    async step(title, work) {
      const began = performance.now()
      let told = title
      const note = (text: string) => {
        if (text === told) return
        told = text
        stream.write(`  ${title}: ${text}\n`)
      }
      try {
        const result = await work(note)
        stream.write(`✓ ${title} (${seconds(began)})\n`)
        return result
      } catch (error) {
        stream.write(`✗ ${title} (${seconds(began)})\n`)
        throw error
      }
    },
    say: line => void stream.write(`${line}\n`),
  }
}

function lively(stream: NodeJS.WriteStream): Progress {
  return {
    async step(title, work) {
      const began = performance.now()
      let note = ''
      let frame = 0
      const draw = (mark: string, end = '') => {
        const line = `${mark} ${title}${note && !end ? `: ${note}` : ''} ${seconds(began)}`
        stream.write(`\r\u001b[K${line.slice(0, stream.columns - 1)}${end}`)
      }
      const timer = setInterval(() => draw(frames[frame++ % frames.length]!), 100)
      try {
        const result = await work(text => (note = text))
        draw('✓', '\n')
        return result
      } catch (error) {
        draw('✗', '\n')
        throw error
      } finally {
        clearInterval(timer)
      }
    },
    say: line => void stream.write(`${line}\n`),
  }
}
