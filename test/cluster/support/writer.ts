/**
 * Writes ConfigMaps one after another, several at a time, and prints the name of each when the server has acknowledged
 * it; what fails is tried again under another name. Ends with its standard input. usage: writer.ts KUBECONFIG PREFIX
 */
import { setTimeout as delay } from 'node:timers/promises'
import { configMaps } from '../../../src/api/core/v1/config-map.ts'
import { createClient } from '../../../src/client/client.ts'
import { httpTransport } from '../../../src/client/http-transport.ts'
import { loadKubeconfig } from '../../../src/client/kubeconfig.ts'

const [kubeconfig = '', prefix = ''] = process.argv.slice(2)
const transport = httpTransport(await loadKubeconfig(kubeconfig))
const client = createClient(transport)
const atATime = 4
let over = false
let number = 0

async function write(): Promise<void> {
  while (!over) {
    const name = `${prefix}-${++number}`
    try {
      await client.create(configMaps, { metadata: { namespace: 'default', name }, data: { prefix } })
      process.stdout.write(`${name}\n`)
    } catch {
      await delay(20)
    }
  }
}

process.stdin.on('end', () => (over = true)).resume()
await Promise.all(Array.from({ length: atATime }, write))
await transport.close()
