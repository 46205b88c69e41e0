import { always } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { fillPod } from './defaults.ts'
import { podColumns } from './pod.columns.ts'
import { PodSpec } from './pod-spec.ts'
import { PodStatus } from './pod-status.ts'

export class Pod extends core.object(
  {
    spec: always(PodSpec),
    status: always(PodStatus),
  },
  { fill: fillPod },
) {}

export const pods = core.resource(Pod, {
  plural: 'pods',
  short: ['po'],
  categories: ['all'],
  namespaced: true,
  status: true,
  subresources: [
    'attach',
    'binding',
    'ephemeralcontainers',
    'eviction',
    'exec',
    'log',
    'portforward',
    'proxy',
    'resize',
  ],
  selectableFields: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'spec.hostNetwork',
    'status.phase',
    'status.podIP',
    'status.podIPs',
    'status.nominatedNodeName',
  ],
  columns: podColumns,
})
