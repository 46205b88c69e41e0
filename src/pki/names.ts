import { isIP } from 'node:net'
import { type Der, der, inside, oid, readAll, readOid, sequence, tagged, tags, text } from './der.ts'

/** Whom a certificate is for: what authentication reads as user and groups. */
export interface Subject {
  readonly commonName: string
  readonly organizations?: readonly string[]
}

const commonName = '2.5.4.3'
const organization = '2.5.4.10'

/** The Name of a subject: organizations first, all in one set, as upstream writes it. */
export function name(subject: Subject): Buffer {
  const attribute = (type: string, value: string) => sequence(oid(type), text(value))
  const groups = (subject.organizations ?? []).map(group => attribute(organization, group)).sort(Buffer.compare)
  return sequence(
    ...(groups.length > 0 ? [der(tags.set, ...groups)] : []),
    der(tags.set, attribute(commonName, subject.commonName)),
  )
}

export function readName(value: Der | undefined): Required<Subject> {
  const attributes = inside(value)
    .flatMap(set => inside(set, tags.set))
    .map(pair => inside(pair))
    .map(([type, content]) => ({ type: readOid(type), value: content?.content.toString('utf8') ?? '' }))
  return {
    commonName: attributes.find(a => a.type === commonName)?.value ?? '',
    organizations: attributes.filter(a => a.type === organization).map(a => a.value),
  }
}

/** Names that a server answers to. */
export interface AlternativeNames {
  readonly dns: readonly string[]
  readonly ip: readonly string[]
  readonly email: readonly string[]
  readonly uri: readonly string[]
}

/** Sorts names into addresses and DNS names, each once. */
export function alternativeNames(all: readonly string[]): AlternativeNames {
  const unique = [...new Set(all)]
  return { dns: unique.filter(n => isIP(n) === 0), ip: unique.filter(n => isIP(n) !== 0), email: [], uri: [] }
}

/** The content of the subjectAltName extension; undefined without names. */
export function subjectAltName(names: AlternativeNames): Buffer | undefined {
  const parts = [
    ...names.email.map(n => tagged(1, 'plain', Buffer.from(n))),
    ...names.dns.map(n => tagged(2, 'plain', Buffer.from(n))),
    ...names.uri.map(n => tagged(6, 'plain', Buffer.from(n))),
    ...names.ip.map(n => tagged(7, 'plain', addressBytes(n))),
  ]
  return parts.length > 0 ? sequence(...parts) : undefined
}

export function readSubjectAltName(content: Buffer): AlternativeNames {
  const parts = inside(readAll(content)[0])
  const plain = (number: number) => parts.filter(p => p.tag === (0x80 | number)).map(p => p.content)
  const texts = (number: number) => plain(number).map(c => c.toString('utf8'))
  return { email: texts(1), dns: texts(2), uri: texts(6), ip: plain(7).map(addressText) }
}

/** An IP address as 4 or 16 bytes. */
export function addressBytes(address: string): Buffer {
  if (isIP(address) === 4) return Buffer.from(address.split('.').map(Number))
  if (isIP(address) !== 6) throw new Error(`${JSON.stringify(address)} is not an IP address`)
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(address)
  const pair = (high: string, low: string) => (Number(high) * 256 + Number(low)).toString(16)
  const plain = dotted ? `${dotted[1]}${pair(dotted[2]!, dotted[3]!)}:${pair(dotted[4]!, dotted[5]!)}` : address
  const [left = '', right] = plain.split('::')
  const groups = (part: string | undefined) => (part ? part.split(':') : [])
  const zeros = 8 - groups(left).length - groups(right).length
  const all = [...groups(left), ...Array(right === undefined ? 0 : zeros).fill('0'), ...groups(right)]
  return Buffer.from(all.flatMap(group => [Number.parseInt(group, 16) >>> 8, Number.parseInt(group, 16) & 0xff]))
}

/** 4 or 16 bytes as an IP address, in the one short form of RFC 5952. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.')
  const groups = Array.from({ length: 8 }, (_, i) => ((bytes[2 * i]! << 8) | bytes[2 * i + 1]!).toString(16))
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}
