import { Agent, request } from 'node:https'
import type { ConnectionOptions } from './connection.ts'

const newline = 10

/** Watches of one path, each on a connection of its own, that count the events they get. */
export class Watchers implements Disposable {
  readonly #agent: Agent
  #seen = 0
  #wanted = Number.POSITIVE_INFINITY
  #arrived: (() => void) | undefined

  private constructor(agent: Agent) {
    this.#agent = agent
  }

  /** `path` with its query; resolves when all of them have begun. */
  static async open(count: number, path: string, { url, ca, cert, key }: ConnectionOptions): Promise<Watchers> {
    const agent = new Agent({ ca, cert, key, maxSockets: count })
    const watchers = new Watchers(agent)
    const open = () =>
      new Promise<void>((resolve, reject) => {
        const sent = request(url + path, { agent }, response => {
          if (response.statusCode !== 200) return reject(new Error(`watch of ${path}: ${response.statusCode}`))
          response.on('data', (bytes: Buffer) => watchers.#count(bytes))
          response.on('error', () => {})
          resolve()
        })
        sent.on('error', reject)
        sent.end()
      })
    await Promise.all(Array.from({ length: count }, open))
    return watchers
  }

  /** Resolves when so many events have come in all. */
  arrival(count: number): Promise<void> {
    this.#wanted = count
    return new Promise(resolve => {
      this.#arrived = resolve
      this.#look()
    })
  }

  [Symbol.dispose](): void {
    this.#agent.destroy()
  }

  #count(bytes: Buffer): void {
    for (let at = bytes.indexOf(newline); at >= 0; at = bytes.indexOf(newline, at + 1)) this.#seen++
    this.#look()
  }

  #look(): void {
    if (this.#seen >= this.#wanted) this.#arrived?.()
  }
}
