/** Rules for names, with upstream's sentences. Each answers what is wrong with the text; nothing wrong is an empty list. */
export type NameRule = (text: string) => readonly string[]

const ok: readonly string[] = []
const tooLong = (most: number) => `must be no more than ${most} bytes`
const empty = 'must be non-empty'

/** Upstream shows the examples with a comma and an `or` between them. */
function shaped(sentence: string, pattern: string, ...examples: readonly string[]): string {
  const shown = examples.map(example => `'${example}', `).join(' or ')
  return `${sentence} (e.g. ${shown}regex used for validation is '${pattern}')`
}

const labelPattern = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const subdomainPattern = `${labelPattern}(\\.${labelPattern})*`
const label1035Pattern = '[a-z]([-a-z0-9]*[a-z0-9])?'
const qualifiedPattern = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]'
const valuePattern = `(${qualifiedPattern})?`

const whole = (pattern: string) => new RegExp(`^${pattern}$`)
const anyOf = "alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"

const sentences = {
  label: shaped(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    labelPattern,
    'my-name',
    '123-abc',
  ),
  subdomain: shaped(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    subdomainPattern,
    'example.com',
  ),
  label1035: shaped(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    label1035Pattern,
    'my-name',
    'abc-123',
  ),
  qualified: shaped(`must consist of ${anyOf}`, qualifiedPattern, 'MyName', 'my.name', '123-abc'),
  value: shaped(
    `a valid label must be an empty string or consist of ${anyOf}`,
    valuePattern,
    'MyValue',
    'my_value',
    '12345',
  ),
  configKey: shaped(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    '[-._a-zA-Z0-9]+',
    'key.name',
    'KEY_NAME',
    'key-name',
  ),
  headerName: shaped(
    "a valid HTTP header must consist of alphanumeric characters or '-'",
    '[-A-Za-z0-9]+',
    'X-Header-Name',
  ),
}

function rule(pattern: string, most: number, sentence: string): NameRule {
  const shape = whole(pattern)
  return text => {
    const fits = shape.test(text)
    if (fits && text.length <= most) return ok
    return [...(text.length > most ? [tooLong(most)] : []), ...(fits ? [] : [sentence])]
  }
}

/** DNS-1123 label: names of namespaces and containers. */
export const dnsLabel = rule(labelPattern, 63, sentences.label)
/** DNS-1123 subdomain: what most names are. */
export const dnsSubdomain = rule(subdomainPattern, 253, sentences.subdomain)
/** DNS-1035 label: what Service names had to be. */
export const dns1035Label = rule(label1035Pattern, 63, sentences.label1035)
/** The value of a label. */
export const labelValue = rule(valuePattern, 63, sentences.value)
/** A key of a ConfigMap or Secret: it can be a file name. */
export const configMapKey: NameRule = text => {
  const errors = [...rule('[-._a-zA-Z0-9]+', 253, sentences.configKey)(text)]
  if (text === '.') errors.push("must not be '.'")
  if (text === '..') errors.push("must not be '..'")
  else if (text.startsWith('..')) errors.push("must not start with '..'")
  return errors
}
/** The name of an HTTP header. */
export const httpHeaderName = rule('[-A-Za-z0-9]+', Number.POSITIVE_INFINITY, sentences.headerName)

const qualifiedShape = whole(qualifiedPattern)

/** `name` or `prefix/name`: keys of labels, annotations, resources. */
export function qualifiedName(text: string): readonly string[] {
  if (text.length <= 63 && qualifiedShape.test(text)) return ok
  const parts = text.split('/')
  if (parts.length > 2) {
    const optional = "with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
    return [`a qualified name ${sentences.qualified} ${optional}`]
  }
  const errors: string[] = []
  const name = parts.at(-1)!
  if (parts.length === 2) {
    const prefix = parts[0]!
    if (prefix === '') errors.push(`prefix part ${empty}`)
    else errors.push(...dnsSubdomain(prefix).map(error => `prefix part ${error}`))
  }
  if (name === '') errors.push(`name part ${empty}`)
  else if (name.length > 63) errors.push(`name part ${tooLong(63)}`)
  if (!qualifiedShape.test(name)) errors.push(`name part ${sentences.qualified}`)
  return errors
}

/** What can stand in a URL path by itself: names of roles, for one. */
export function pathSegment(text: string): readonly string[] {
  if (text === '.' || text === '..') return [`may not be '${text}'`]
  return ['/', '%'].filter(mark => text.includes(mark)).map(mark => `may not contain '${mark}'`)
}

/** Name of a container's port (IANA service name). */
export function portName(text: string): readonly string[] {
  const errors: string[] = []
  if (text.length > 15) errors.push(tooLong(15))
  if (!/^[-a-z0-9]+$/.test(text)) {
    errors.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(text)) errors.push('must contain at least one letter (a-z)')
  if (text.includes('--')) errors.push('must not contain consecutive hyphens')
  if (text.startsWith('-') || text.endsWith('-')) errors.push('must not begin or end with a hyphen')
  return errors
}

/** What is said of a number that is no port. */
export const portNumberError = 'must be between 1 and 65535, inclusive'
/** A port of TCP, UDP or SCTP. */
export const portNumber = (port: number): readonly string[] =>
  Number.isInteger(port) && port >= 1 && port <= 65535 ? ok : [portNumberError]

/** The name of an environment variable. */
export function envVarName(text: string): readonly string[] {
  if (/^[ -<>-~]+$/.test(text)) return ok
  return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
}

/** A finalizer: a qualified name that should have a domain. */
export const finalizerName = qualifiedName
