import { isMap, isSeq, parseDocument } from 'yaml'

/** The text of a kubeconfig with other embedded authorities; the same text when `change` changes none. */
export function changeAuthorities(text: string, file: string, change: (bundle: string) => string): string {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(`${file} is no kubeconfig: ${document.errors[0]!.message}`)
  const clusters = document.get('clusters')
  let changed = false
  for (const entry of isSeq(clusters) ? clusters.items : []) {
    if (!isMap(entry)) continue
    const path = ['cluster', 'certificate-authority-data']
    const data = entry.getIn(path)
    if (typeof data !== 'string') continue
    const held = Buffer.from(data, 'base64').toString('utf8')
    const next = change(held)
    if (next === held) continue
    entry.setIn(path, Buffer.from(next).toString('base64'))
    changed = true
  }
  return changed ? document.toString({ lineWidth: 0 }) : text
}
