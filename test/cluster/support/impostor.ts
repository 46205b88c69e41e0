/**
 * Somebody in between: answers for an API server with a certificate of its own, and with a cluster-info that it was
 * given. usage: impostor.ts ADDRESS PORT CERTIFICATE KEY FILE
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'

const [address = '', port = '', cert = '', key = '', file = ''] = process.argv.slice(2)
const body = readFileSync(file)
createServer({ cert: readFileSync(cert), key: readFileSync(key) }, (request, response) => {
  request.resume()
  response.setHeader('content-type', 'application/json')
  response.end(body)
}).listen(Number(port), address, () => console.log('listening'))
