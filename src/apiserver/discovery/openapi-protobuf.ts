/** The Swagger document as protobuf, the only form that kubectl asked for until 1.26. */

/** How a value of JSON is written; the names are those of messages below, or of scalars. */
type Kind = string
/** JSON field -> [field number, kind, repeated]. `*` is every other field, written as name and value. */
type Message = Readonly<Record<string, readonly [number: number, kind: Kind, repeated?: 'list']>>

/** The parts of the messages in gnostic's OpenAPIv2.proto that this server's document has. */
const messages: Readonly<Record<string, Message>> = {
  Document: {
    swagger: [1, 'string'],
    info: [2, 'Info'],
    paths: [8, 'Paths'],
    definitions: [9, 'Schemas'],
  },
  Info: { title: [1, 'string'], version: [2, 'string'] },
  Paths: { '*': [2, 'PathItem'] },
  PathItem: {
    get: [2, 'Operation'],
    put: [3, 'Operation'],
    post: [4, 'Operation'],
    delete: [5, 'Operation'],
    patch: [8, 'Operation'],
    parameters: [9, 'ParametersItem', 'list'],
  },
  Operation: {
    operationId: [5, 'string'],
    consumes: [7, 'string', 'list'],
    parameters: [8, 'ParametersItem', 'list'],
    responses: [9, 'Responses'],
    '*': [13, 'Any'],
  },
  Responses: { '*': [1, 'ResponseValue'] },
  Response: { description: [1, 'string'], schema: [2, 'SchemaItem'] },
  BodyParameter: {
    name: [2, 'string'],
    in: [3, 'string'],
    required: [4, 'bool'],
    schema: [5, 'Schema'],
  },
  QueryParameter: { required: [1, 'bool'], in: [2, 'string'], name: [4, 'string'], type: [6, 'string'] },
  PathParameter: { required: [1, 'bool'], in: [2, 'string'], name: [4, 'string'], type: [5, 'string'] },
  Schemas: { '*': [1, 'Schema'] },
  Schema: {
    $ref: [1, 'string'],
    format: [2, 'string'],
    description: [4, 'string'],
    default: [5, 'Any'],
    maximum: [7, 'double'],
    minimum: [9, 'double'],
    maxLength: [11, 'int'],
    minLength: [12, 'int'],
    pattern: [13, 'string'],
    maxItems: [14, 'int'],
    minItems: [15, 'int'],
    required: [19, 'string', 'list'],
    enum: [20, 'Any', 'list'],
    additionalProperties: [21, 'SchemaItem'],
    type: [22, 'Values'],
    items: [23, 'SchemaItem'],
    properties: [25, 'Schemas'],
    '*': [31, 'Any'],
  },
}

type Encode = (value: unknown) => Uint8Array

/** Values that are wrapped before they are written. */
const wrapped: Readonly<Record<string, Encode>> = {
  Any: value => bytesField(2, Buffer.from(yaml(value))),
  Values: value => bytesField(1, Buffer.from(String(value))),
  SchemaItem: value => bytesField(1, encode('Schema', value)),
  ResponseValue: value => bytesField(1, encode('Response', value)),
  ParametersItem(value) {
    const { in: place } = value as { in: string }
    if (place === 'body') return bytesField(1, bytesField(1, encode('BodyParameter', value)))
    const query = place === 'query'
    const own = bytesField(query ? 3 : 4, encode(query ? 'QueryParameter' : 'PathParameter', value))
    return bytesField(1, bytesField(2, own))
  },
}

/** JSON is YAML. */
const yaml = (value: unknown) => `${JSON.stringify(value)}\n`

/** Encodes a document of /openapi/v2. */
export function openApiProtobuf(document: object): Buffer {
  return encode('Document', document)
}

function encode(message: string, value: unknown): Buffer {
  const fields = messages[message]!
  const parts: Uint8Array[] = []
  for (const [key, given] of Object.entries(value as object)) {
    if (given === undefined) continue
    const known = fields[key]
    if (known) {
      const [number, kind, repeated] = known
      for (const one of repeated ? (given as unknown[]) : [given]) parts.push(field(number, kind, one))
    } else if (fields['*']) {
      const [number, kind] = fields['*']
      parts.push(bytesField(number, Buffer.concat([field(1, 'string', key), field(2, kind, given)])))
    }
  }
  return Buffer.concat(parts)
}

function field(number: number, kind: Kind, value: unknown): Buffer {
  if (kind === 'string') return bytesField(number, Buffer.from(String(value)))
  if (kind === 'bool') return Buffer.from([...varint(number << 3), value ? 1 : 0])
  if (kind === 'int') return Buffer.from([...varint(number << 3), ...varint(Number(value))])
  if (kind === 'double') {
    const bytes = Buffer.alloc(8)
    bytes.writeDoubleLE(Number(value))
    return Buffer.concat([Buffer.from(varint((number << 3) | 1)), bytes])
  }
  return bytesField(number, wrapped[kind]?.(value) ?? encode(kind, value))
}

function bytesField(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes])
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 0x80)
  return [...bytes, rest]
}
