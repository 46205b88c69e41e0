import { isMap, isSeq, parseDocument } from 'yaml'

/** The text of a kubeconfig whose current context goes to another server; undefined when it goes there already. */
export function withServer(text: string, file: string, server: string): string | undefined {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(`${file} is no kubeconfig: ${document.errors[0]!.message}`)
  const named = (list: string, name: unknown) => {
    const entries = document.get(list)
    const found = isSeq(entries) ? entries.items.find(item => isMap(item) && item.get('name') === name) : undefined
    return isMap(found) ? found : undefined
  }
  const context = named('contexts', document.get('current-context'))
  const cluster = named('clusters', context?.getIn(['context', 'cluster']))
  if (!cluster) throw new Error(`${file} names no cluster for its current context`)
  if (cluster.getIn(['cluster', 'server']) === server) return undefined
  cluster.setIn(['cluster', 'server'], server)
  return document.toString({ lineWidth: 0 })
}
