/** An API server with three Nodes and their pod networks, reachable by the address given. Prints a kubeconfig for it. */
import { connect, createServer } from 'node:net'
import { nodes } from '../../../src/api/core/v1/node.ts'
import { startCluster } from '../../../src/testing/start-cluster.ts'

const [, , address = ''] = process.argv
const cluster = await startCluster({ scheduler: false })
const port = Number(new URL(cluster.url).port)
createServer(socket => {
  const there = connect(port, '127.0.0.1')
  socket.on('error', () => there.destroy()).pipe(there)
  there.on('error', () => socket.destroy()).pipe(socket)
}).listen(port, address)
for (const name of ['n1', 'n2', 'n3']) await cluster.client.create(nodes, { metadata: { name } })
const server = `https://${address}:${port}`
console.log(cluster.kubeconfig.replaceAll(cluster.url, `${server}\n    tls-server-name: localhost`))
console.log('END OF KUBECONFIG')
