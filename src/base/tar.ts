/** The headers of tar archives: ustar, with a pax header before an entry whose names do not fit. Times are 0. */

export interface TarHeader {
  readonly path: string
  readonly type: 'file' | 'directory' | 'symlink'
  /** Bytes that follow, of a file. */
  readonly size?: number
  readonly mode: number
  readonly uid?: number
  readonly gid?: number
  readonly target?: string
}

const block = 512
const types = { file: '0', symlink: '2', directory: '5', pax: 'x' } as const
/** Eleven octal digits. */
const largest = 8 ** 11
/** Seven octal digits hold a user; larger numbers are in the pax header alone. */
const fitting = (id: number) => (id < 8 ** 7 ? id : 0)

/** An entry's header; its bytes follow, filled up by `tarPadding`. */
export function tarHeader({ path, type, size = 0, mode, uid = 0, gid = 0, target = '' }: TarHeader): Buffer {
  if (size >= largest) throw new Error(`${path} has ${size} bytes, too many for an archive`)
  const name = type === 'directory' ? `${path.replace(/\/$/, '')}/` : path
  const places = placesOf(name)
  const facts = { type: types[type], size, mode, uid: fitting(uid), gid: fitting(gid) }
  const fits = Buffer.byteLength(target) <= 100 && facts.uid === uid && facts.gid === gid
  if (places && fits) return header({ ...facts, ...places, target })
  const all = { path: name, ...(target && { linkpath: target }), uid, gid }
  const records = Buffer.from(Object.entries(all).map(record).join(''))
  return Buffer.concat([
    header({ name: 'pax', prefix: '', type: types.pax, size: records.length, mode: 0o644, uid: 0, gid: 0, target: '' }),
    records,
    tarPadding(records.length),
    header({ ...facts, name: cut(name), prefix: '', target: cut(target) }),
  ])
}

/** What follows so many bytes of an entry, up to a whole block. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((block - (size % block)) % block)
}

/** What ends an archive. */
export const tarEnd = Buffer.alloc(2 * block)

/** A path in the two fields for it, divided at a slash; undefined when it does not fit. */
function placesOf(path: string): { readonly name: string; readonly prefix: string } | undefined {
  if (Buffer.byteLength(path) <= 100) return { name: path, prefix: '' }
  for (let at = path.indexOf('/', 1); at > 0 && at < path.length - 1; at = path.indexOf('/', at + 1)) {
    const [prefix, name] = [path.slice(0, at), path.slice(at + 1)]
    if (Buffer.byteLength(prefix) <= 155 && Buffer.byteLength(name) <= 100) return { name, prefix }
  }
  return undefined
}

/** As many whole characters as fit in a field of 100 bytes: for readers that know no pax. */
function cut(text: string): string {
  let kept = text.slice(0, 100)
  while (Buffer.byteLength(kept) > 100) kept = kept.slice(0, -1)
  return kept
}

/** A line of a pax header: its own length counts. */
function record([key, value]: readonly [string, string | number]): string {
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  let length = bytes + String(bytes).length
  if (String(length).length > String(bytes).length) length = bytes + String(length).length
  return `${length}${rest}`
}

interface Fields {
  readonly name: string
  readonly prefix: string
  readonly type: string
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly target: string
}

function header({ name, prefix, type, size, mode, uid, gid, target }: Fields): Buffer {
  const bytes = Buffer.alloc(block)
  const octal = (value: number, digits: number, at: number) =>
    bytes.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1')
  bytes.write(name, 0)
  octal(mode & 0o7777, 7, 100)
  octal(uid, 7, 108)
  octal(gid, 7, 116)
  octal(size, 11, 124)
  octal(0, 11, 136)
  bytes.write(type, 156)
  bytes.write(target, 157)
  bytes.write('ustar\x0000', 257, 'latin1')
  octal(0, 7, 329)
  octal(0, 7, 337)
  bytes.write(prefix, 345)
  // The sum is taken with its own field as spaces.
  bytes.fill(' ', 148, 156)
  const sum = bytes.reduce((all, byte) => all + byte, 0)
  bytes.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1')
  return bytes
}
