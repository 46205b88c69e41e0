/** The declared fields as JSON Schema, for editors that complete and check configuration files. */
import {
  type ConfigKind,
  configKinds,
  currentVersion,
  type Field,
  type Fields,
  type FieldType,
  group,
  isIn,
} from './fields.ts'

type JsonSchema = Readonly<Record<string, unknown>>

const types: Readonly<Record<FieldType, JsonSchema>> = {
  text: { type: 'string' },
  flag: { type: 'boolean' },
  integer: { type: 'integer' },
  duration: { type: 'string', pattern: '^[+-]?(0|([0-9.]+(ns|us|µs|ms|s|m|h))+)$' },
  time: { type: 'string', format: 'date-time' },
  arguments: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      properties: { name: { type: 'string' }, value: { type: 'string' } },
      required: ['name'],
    },
  },
  list: { type: 'array' },
  map: { type: 'object' },
  object: { type: 'object' },
}

/** The schema of one document of a configuration file, in the current version. */
export function configurationSchema(): JsonSchema {
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: `${group}/${currentVersion}`,
    oneOf: Object.values(configKinds).map(kindSchema),
  }
}

function kindSchema({ kind, does, fields }: ConfigKind): JsonSchema {
  const properties = {
    apiVersion: { const: `${group}/${currentVersion}` },
    kind: { const: kind },
    ...propertiesOf(fields),
  }
  return {
    title: kind,
    description: does,
    type: 'object',
    required: ['apiVersion', 'kind'],
    additionalProperties: false,
    properties,
  }
}

function propertiesOf(fields: Fields): JsonSchema {
  const current = Object.entries(fields).filter(([, field]) => isIn(currentVersion, field))
  return Object.fromEntries(current.map(([name, field]) => [name, fieldSchema(field)]))
}

function fieldSchema({ type, does, choices, of, fields }: Field): JsonSchema {
  return {
    ...(does && { description: does }),
    ...types[type],
    ...(choices && { enum: choices }),
    ...(type === 'list' && { items: fieldSchema(of!) }),
    ...(type === 'map' && { additionalProperties: fieldSchema(of!) }),
    ...(fields && { additionalProperties: false, properties: propertiesOf(fields) }),
  }
}
