/**
 * Writes and reads through one way to the API, all the time, and keeps a history: when each write was begun and
 * acknowledged. Prints a JSON line for each; ends with its standard input.
 * usage: load.ts KUBECONFIG [SERVER [SERVER-NAME]] PREFIX
 */
import { setTimeout as delay } from 'node:timers/promises'
import { configMaps } from '../../../src/api/core/v1/config-map.ts'
import { createClient } from '../../../src/client/client.ts'
import { httpTransport } from '../../../src/client/http-transport.ts'
import { loadKubeconfig } from '../../../src/client/kubeconfig.ts'
import { isAlreadyExists } from '../../../src/machinery/status-error.ts'

const [kubeconfig = '', prefix = '', server, serverName] = process.argv.slice(2)
const credentials = await loadKubeconfig(kubeconfig)
const client = createClient(
  httpTransport({ ...credentials, ...(server && { server }), ...(serverName && { serverName }), timeout: 2_000 }),
)
const atATime = 2
let over = false
let number = 0

/** Until it is acknowledged: a name is written once, however often that must be tried. */
async function write(): Promise<void> {
  while (!over) {
    const name = `${prefix}-${++number}`
    for (let tries = 1; ; tries++) {
      const began = Date.now()
      try {
        const { metadata } = await client.create(configMaps, {
          metadata: { namespace: 'default', name },
          data: { prefix },
        })
        tell({ name, began, ended: Date.now(), tries, revision: Number(metadata.resourceVersion) })
        break
      } catch (error) {
        if (tries > 1 && isAlreadyExists(error)) {
          tell({ name, began, ended: Date.now(), tries })
          break
        }
        tell({ failed: name, began, ended: Date.now(), error: (error as Error).message.slice(0, 200) })
        if (over) break
        await delay(50)
      }
    }
    await delay(5)
  }
}

function tell(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

process.stdin.on('end', () => (over = true)).resume()
await Promise.all(Array.from({ length: atATime }, write))
await client.transport.close()
