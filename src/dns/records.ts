/** The record types the server makes itself, with their data as dns-packet has it. */
export type RecordData =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR' | 'TXT'; readonly data: string }
  | {
      readonly type: 'SRV'
      readonly data: {
        readonly priority: number
        readonly weight: number
        readonly port: number
        readonly target: string
      }
    }

/** All records of a name that exists (maybe of other types than was asked for), or: there is no such name. */
export type Found = { readonly records: readonly RecordData[] } | 'absent'

/** The address that a reverse name stands for: `1.0.96.10.in-addr.arpa` -> 10.96.0.1. */
export function reversedAddress(name: string): string | undefined {
  const v4 = /^((?:\d{1,3}\.){4})in-addr\.arpa$/.exec(name)
  if (v4) return v4[1]!.split('.').slice(0, 4).reverse().join('.')
  const v6 = /^((?:[0-9a-f]\.){32})ip6\.arpa$/.exec(name)
  if (!v6) return undefined
  const digits = v6[1]!.replaceAll('.', '').split('').reverse().join('')
  const groups = digits.match(/.{4}/g)!.map(group => group.replace(/^0{1,3}/, ''))
  return groups.join(':').replace(/(^|:)0(:0)+(:|$)/, '::')
}
