import { type Conversion, renamed } from './conversion.ts'

/** [core/v1, events.k8s.io/v1] */
const names = [
  ['message', 'note'],
  ['involvedObject', 'regarding'],
  ['reportingComponent', 'reportingController'],
  ['source', 'deprecatedSource'],
  ['firstTimestamp', 'deprecatedFirstTimestamp'],
  ['lastTimestamp', 'deprecatedLastTimestamp'],
  ['count', 'deprecatedCount'],
] as const
const back = names.map(([stored, here]) => [here, stored] as const)
const about = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** Events are stored as core/v1, and served as events.k8s.io/v1 too. */
export const eventConversion: Conversion = {
  fromStored: stored => ({ ...renamed(stored, names), apiVersion: 'events.k8s.io/v1' }),
  toStored: object => ({ ...renamed(object, back), apiVersion: 'v1' }),
  fields: {
    reportingController: 'reportingComponent',
    ...Object.fromEntries(about.map(field => [`regarding.${field}`, `involvedObject.${field}`])),
  },
}
