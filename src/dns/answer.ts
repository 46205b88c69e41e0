/** Turns a question into an answer: the cluster's own names here, everything else by the machine's resolvers. */
import { randomInt } from 'node:crypto'
import type { Answer, DecodedPacket, Packet, Question, RecordType } from 'dns-packet'
import type { ClusterRecords } from './cluster-records.ts'
import { type Found, type RecordData, reversedAddress } from './records.ts'

export interface Resolver {
  /** The answer of an upstream resolver to this query, as it came. Rejects when none answers. */
  forward(query: DecodedPacket): Promise<DecodedPacket>
}

export interface AnswerOptions {
  readonly records: ClusterRecords
  readonly upstream: Resolver
  readonly domain: string
  /** Seconds. */
  readonly ttl?: number
}

const authoritative = 1 << 10
const recursionAvailable = 1 << 7
const responseCodes = {
  noError: 0,
  formatError: 1,
  serverFailure: 2,
  nameError: 3,
  notImplemented: 4,
  refused: 5,
} as const
const serials = { refresh: 7200, retry: 1800, expire: 86400, minimum: 5 } as const
/** Names that point to names that point to names. */
const longestChain = 8

/** Answers one query; never throws. */
export async function answer(query: DecodedPacket, options: AnswerOptions): Promise<Packet> {
  const [question, more] = query.questions ?? []
  if (!question || more) return reply(query, responseCodes.formatError)
  if (question.class !== 'IN') return reply(query, responseCodes.refused)
  try {
    return await answerQuestion(query, question, options)
  } catch {
    return reply(query, responseCodes.serverFailure)
  }
}

async function answerQuestion(query: DecodedPacket, question: Question, options: AnswerOptions): Promise<Packet> {
  const name = question.name.toLowerCase()
  const reversed = reversedAddress(name)
  if (reversed !== undefined) {
    const names = options.records.reverse(reversed)
    if (names.length === 0) return options.upstream.forward(query)
    const records = names.map((data): RecordData => ({ type: 'PTR', data }))
    return own(query, question, { records }, options)
  }
  const found = options.records.find(name)
  return found === undefined ? options.upstream.forward(query) : own(query, question, found, options)
}

/** An answer of our own; a CNAME is followed for whoever asked for an address. */
async function own(query: DecodedPacket, question: Question, found: Found, options: AnswerOptions): Promise<Packet> {
  if (found === 'absent') return reply(query, responseCodes.nameError, { authorities: [soa(options)] })
  const { ttl = 30 } = options
  const asked = (record: RecordData) =>
    record.type === question.type || (question.type as string) === 'ANY' || record.type === 'CNAME'
  const records = shuffled(found.records.filter(asked))
  if (records.length === 0) return reply(query, responseCodes.noError, { authorities: [soa(options)] })
  const answers = records.map(record => answerOf(question.name, record, ttl))
  const alias = records.find(record => record.type === 'CNAME')
  if (alias && question.type !== 'CNAME')
    answers.push(...(await follow(query, String(alias.data), question.type, options)))
  return reply(query, responseCodes.noError, { answers, additionals: addressesOf(records, options) })
}

async function follow(
  query: DecodedPacket,
  target: string,
  type: RecordType,
  options: AnswerOptions,
): Promise<Answer[]> {
  const answers: Answer[] = []
  let name = target
  for (let hop = 0; hop < longestChain; hop++) {
    const found = options.records.find(name)
    if (found === undefined) {
      const forwarded = await options.upstream
        .forward({ ...query, questions: [{ name, type, class: 'IN' }] } as DecodedPacket)
        .catch(() => undefined)
      return [...answers, ...(forwarded?.answers ?? [])]
    }
    if (found === 'absent') return answers
    const records = found.records.filter(record => record.type === type || record.type === 'CNAME')
    answers.push(...records.map(record => answerOf(name, record, options.ttl ?? 30)))
    const alias = records.find(record => record.type === 'CNAME')
    if (!alias) return answers
    name = String(alias.data)
  }
  return answers
}

function answerOf(name: string, record: RecordData, ttl: number): Answer {
  return { name, class: 'IN', ttl, ...record } as Answer
}

/** The addresses of the hosts that SRV records name, so that nobody has to ask again. */
function addressesOf(records: readonly RecordData[], options: AnswerOptions): Answer[] {
  const targets = new Set(records.flatMap(record => (record.type === 'SRV' ? [record.data.target] : [])))
  return [...targets].flatMap(target => {
    const found = options.records.find(target)
    if (!found || found === 'absent') return []
    const addresses = found.records.filter(record => record.type === 'A' || record.type === 'AAAA')
    return addresses.map(record => answerOf(target, record, options.ttl ?? 30))
  })
}

/** Who may answer for names that are not there, and for how long that holds. */
function soa({ domain }: AnswerOptions): Answer {
  const data = {
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: Math.floor(Date.now() / 1000),
    ...serials,
  }
  return { name: domain, type: 'SOA', class: 'IN', ttl: serials.minimum, data }
}

function reply(query: DecodedPacket, code: number, more: Partial<Packet> = {}): Packet {
  const flags = ((query.flags ?? 0) & 0x0100) | recursionAvailable | authoritative | code
  return { id: query.id ?? 0, type: 'response', flags, questions: query.questions ?? [], ...more } as Packet
}

/** In any order, so that clients which take the first spread over all. */
function shuffled<T>(all: readonly T[]): T[] {
  const mixed = [...all]
  for (let i = mixed.length - 1; i > 0; i--) {
    const j = randomInt(i + 1)
    ;[mixed[i], mixed[j]] = [mixed[j]!, mixed[i]!]
  }
  return mixed
}
