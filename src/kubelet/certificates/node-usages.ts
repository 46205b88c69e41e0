import type { Usage } from '../../pki/usages.ts'

/** What a node's certificate is for. Control planes before 1.27 approve and sign no less, whatever its key can do. */
export const nodeUsages = (what: 'client auth' | 'server auth'): readonly Usage[] => [
  'digital signature',
  'key encipherment',
  what,
]
