/** The client certificate in a kubeconfig file, read and replaced; everything else in the file stays as it is. */
import { type Document, isMap, isSeq, parseDocument, type YAMLMap } from 'yaml'

interface Opened {
  readonly document: Document
  /** The credentials of the current context's user. */
  readonly user: YAMLMap
}

function open(text: string, file: string): Opened {
  const document = parseDocument(text)
  if (document.errors.length > 0) throw new Error(`${file} is no kubeconfig: ${document.errors[0]!.message}`)
  const named = (list: string, name: unknown): YAMLMap | undefined => {
    const entries = document.get(list)
    const found = isSeq(entries) ? entries.items.find(item => isMap(item) && item.get('name') === name) : undefined
    return isMap(found) ? found : undefined
  }
  const context = named('contexts', document.get('current-context'))
  const user = named('users', context?.getIn(['context', 'user']))?.get('user')
  if (!isMap(user)) throw new Error(`${file} names no user for its current context`)
  return { document, user }
}

/** The certificate (PEM); undefined when the file embeds none but has another kind of credentials. */
export function embeddedCertificate(text: string, file: string): string | undefined {
  const data = open(text, file).user.get('client-certificate-data')
  return typeof data === 'string' ? Buffer.from(data, 'base64').toString('utf8') : undefined
}

/** The text of the file with another certificate and key (PEM). */
export function withCertificate(
  text: string,
  file: string,
  pair: { readonly certificate: string; readonly key: string },
) {
  const { document, user } = open(text, file)
  user.set('client-certificate-data', Buffer.from(pair.certificate).toString('base64'))
  user.set('client-key-data', Buffer.from(pair.key).toString('base64'))
  return document.toString({ lineWidth: 0 })
}
