import { bits, oid, sequence } from './der.ts'

/** Bits of the keyUsage extension, by the names of certificates.k8s.io. */
const keyUsages = {
  'digital signature': 0,
  'content commitment': 1,
  'key encipherment': 2,
  'data encipherment': 3,
  'key agreement': 4,
  'cert sign': 5,
  'crl sign': 6,
  'encipher only': 7,
  'decipher only': 8,
} as const

/** Extended key usages, by the names of certificates.k8s.io. */
const extendedUsages = {
  any: '2.5.29.37.0',
  'server auth': '1.3.6.1.5.5.7.3.1',
  'client auth': '1.3.6.1.5.5.7.3.2',
  'code signing': '1.3.6.1.5.5.7.3.3',
  'email protection': '1.3.6.1.5.5.7.3.4',
  'ipsec end system': '1.3.6.1.5.5.7.3.5',
  'ipsec tunnel': '1.3.6.1.5.5.7.3.6',
  'ipsec user': '1.3.6.1.5.5.7.3.7',
  timestamping: '1.3.6.1.5.5.7.3.8',
  'ocsp signing': '1.3.6.1.5.5.7.3.9',
  'microsoft sgc': '1.3.6.1.4.1.311.10.3.3',
  'netscape sgc': '2.16.840.1.113730.4.1',
} as const

/** What a certificate may be used for, in the words of `spec.usages` of a CertificateSigningRequest. */
export type Usage = keyof typeof keyUsages | keyof typeof extendedUsages

/** Other names that upstream accepts. */
const aliases: Readonly<Record<string, Usage>> = { signing: 'digital signature', 's/mime': 'email protection' }

/** Undefined when there is no such usage. */
export function usageNamed(name: string): Usage | undefined {
  const usage = aliases[name] ?? name
  return usage in keyUsages || usage in extendedUsages ? (usage as Usage) : undefined
}

/** The content of the keyUsage extension; undefined when no usage calls for it. */
export function keyUsage(usages: readonly Usage[]): Buffer | undefined {
  const set = usages.flatMap(usage => (usage in keyUsages ? [keyUsages[usage as keyof typeof keyUsages]] : []))
  if (set.length === 0) return undefined
  const highest = Math.max(...set)
  const bytes = Buffer.alloc((highest >>> 3) + 1)
  for (const bit of set) bytes[bit >>> 3]! |= 0x80 >>> (bit & 7)
  return bits(bytes, 7 - (highest & 7))
}

/** The content of the extKeyUsage extension; undefined when no usage calls for it. */
export function extendedKeyUsage(usages: readonly Usage[]): Buffer | undefined {
  const set = usages.flatMap(usage =>
    usage in extendedUsages ? [extendedUsages[usage as keyof typeof extendedUsages]] : [],
  )
  return set.length === 0 ? undefined : sequence(...set.map(oid))
}

/** Usage names of a bit string's bytes (without the count of unused bits). */
export function readKeyUsage(bytes: Uint8Array): Usage[] {
  const names = Object.keys(keyUsages) as (keyof typeof keyUsages)[]
  return names.filter(name => (bytes[keyUsages[name] >>> 3] ?? 0) & (0x80 >>> (keyUsages[name] & 7)))
}

/** Usage names of object identifiers; unknown ones are left as they are. */
export function readExtendedUsage(oids: readonly string[]): string[] {
  return oids.map(id => Object.entries(extendedUsages).find(([, value]) => value === id)?.[0] ?? id)
}
