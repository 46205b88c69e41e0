/**
 * A user who never waits: asks for a URL again and again, on a new connection each time, until its standard input
 * ends; then prints how many answers were good and which were not. usage: requests.ts URL AT-A-TIME
 */
import { get } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'

const [url = '', atATime = '4'] = process.argv.slice(2)
const failures: string[] = []
let good = 0
let over = false

function once(): Promise<void> {
  return new Promise(resolve => {
    const fail = (why: string) => {
      failures.push(`${new Date().toISOString()} ${why}`)
      void resolve()
    }
    const request = get(url, { agent: false, timeout: 5000 }, response => {
      response.resume()
      response.on('error', error => fail(error.message))
      response.on('end', () => {
        if (response.statusCode !== 200) return fail(`status ${response.statusCode}`)
        good++
        void resolve()
      })
    })
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')))
    request.on('error', error => fail(error.message))
  })
}

async function user(): Promise<void> {
  while (!over) {
    await once()
    await delay(10)
  }
}

process.stdin.on('end', () => (over = true)).resume()
console.log('asking')
await Promise.all(Array.from({ length: Number(atATime) }, user))
console.log(JSON.stringify({ good, failures: failures.slice(0, 10), failed: failures.length }))
