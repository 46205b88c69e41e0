import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { loadSync, type MessageTypeDefinition } from '@grpc/proto-loader'
import { Proto } from '../../base/proto.ts'

const file = fileURLToPath(new URL('./runtime.proto', import.meta.url))
const proto = new Proto(file)
const reference = loadSync(file, { longs: Number, enums: String, defaults: true })

const samples: readonly (readonly [type: string, message: object])[] = [
  [
    'LinuxContainerResources',
    {
      cpuQuota: -1,
      memoryLimitInBytes: 2 ** 40 + 1,
      oomScoreAdj: -998,
      unified: { 'memory.high': '1', 'cpu.idle': '0' },
    },
  ],
  ['SecurityProfile', { profileType: 'Localhost', localhostRef: '/ä' }],
  ['LinuxContainerSecurityContext', { runAsUser: { value: 0 }, supplementalGroups: [1, 300, 70000], noNewPrivs: true }],
  ['KeyValue', { key: 'x', value: Buffer.from([0, 255]) }],
  ['PsiData', { Total: 5, Avg10: 0.25 }],
  [
    'ContainerStatus',
    {
      id: 'c',
      metadata: { name: 'n', attempt: 3 },
      state: 'CONTAINER_EXITED',
      createdAt: 1.7e18,
      exitCode: -1,
      labels: { a: 'b' },
      mounts: [{ containerPath: '/x', uidMappings: [{ hostId: 1 }] }],
      stopSignal: 'SIGTERM',
    },
  ],
]

test('Proto reads and writes what a general library does', () => {
  for (const [type, message] of samples) {
    const { serialize, deserialize } = typeOf(type)
    const bytes = proto.encode(type, message)
    assert.deepEqual(deserialize(bytes), deserialize(serialize(message)), type)
    assert.deepEqual(proto.decode(type, serialize(message)), deserialize(serialize(message)), type)
  }
})

test('decode() skips fields it does not know, and says when bytes are missing', () => {
  assert.deepEqual(proto.decode('Url', Buffer.from([0x0a, 1, 0x75, 0x12, 1, 0, 0x18, 5, 0x25, 0, 0, 0, 0])), {
    url: 'u',
  })
  assert.throws(() => proto.decode('Url', Buffer.from([0x0a, 9, 0x75])), /ends too early/)
})

test('encode() refuses a name that the enum does not have', () => {
  assert.throws(() => proto.encode('SecurityProfile', { profileType: 'Nothing' }), /ProfileType has no Nothing/)
})

function typeOf(type: string) {
  const name = type === 'ProfileType' ? `SecurityProfile.${type}` : type
  const found = reference[`runtime.v1.${name}`] as MessageTypeDefinition<object, object>
  return found as unknown as { serialize(message: object): Buffer; deserialize(bytes: Buffer): object }
}
