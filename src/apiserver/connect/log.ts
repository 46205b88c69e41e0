import type { IncomingMessage } from 'node:http'
import type { Pod } from '../../api/core/v1/pod.ts'
import { type FieldError, fieldInvalid, fieldNotSupported } from '../../machinery/field-error.ts'
import { invalid, reasonCodes, type StatusError, type StatusReason, statusError } from '../../machinery/status-error.ts'
import type { ConnectHandler } from '../connect.ts'
import { chooseContainer, flag, kubeletPath } from './containers.ts'
import type { KubeletClient } from './kubelet-client.ts'

const mostOfError = 64 << 10

/** pods/log: what a container printed, as its kubelet has it. */
export const log =
  (kubelets: KubeletClient): ConnectHandler =>
  async ({ object, query, signal }) => {
    const pod = object as Pod
    const options = logOptions(pod, query)
    const container = chooseContainer(pod, query.get('container') ?? undefined)
    const headers = { 'content-type': 'text/plain' }
    // A pod on no node has printed nothing.
    if (!pod.spec.nodeName) return { code: 200, headers, body: nothing() }
    const to = await kubelets.endpoint(pod.spec.nodeName)
    const path = `${kubeletPath('containerLogs', pod, container)}?${options}`
    const answer = await kubelets.send(to, { method: 'GET', path, headers: {}, signal })
    if (answer.statusCode !== 200) throw await errorOf(answer, pod)
    return { code: 200, headers, body: answer }
  }

async function* nothing(): AsyncIterable<Uint8Array> {}

/** The query for the kubelet; refuses what makes no sense. */
function logOptions(pod: Pod, query: URLSearchParams): string {
  const options = new URLSearchParams()
  const errors: FieldError[] = []
  for (const name of ['follow', 'previous', 'timestamps']) if (flag(query, name)) options.set(name, 'true')
  for (const [name, least] of Object.entries({ tailLines: 0, limitBytes: 1, sinceSeconds: 1 })) {
    const text = query.get(name)
    if (text === null || text === '') continue
    const number = Number(text)
    const why = least === 0 ? 'must be greater than or equal to 0' : 'must be greater than 0'
    if (!Number.isSafeInteger(number) || number < least) errors.push(fieldInvalid(name, number, why))
    else options.set(name, text)
  }
  const since = query.get('sinceTime')
  if (since) {
    if (options.has('sinceSeconds'))
      errors.push(
        fieldInvalid(
          'sinceSeconds',
          Number(query.get('sinceSeconds')),
          'at most one of `sinceTime` or `sinceSeconds` may be specified',
        ),
      )
    options.set('sinceTime', since)
  }
  const stream = query.get('stream')
  if (stream) {
    const known = ['All', 'Stdout', 'Stderr']
    if (!known.includes(stream)) errors.push(fieldNotSupported('stream', stream, known))
    else if (stream !== 'All') options.set('stream', stream)
  }
  if (errors.length > 0) throw invalid({ group: '', resource: 'PodLogOptions', name: pod.metadata.name }, errors)
  return options.toString()
}

/** What a kubelet's refusal means for whoever asked. */
async function errorOf(answer: IncomingMessage, pod: Pod): Promise<StatusError> {
  let text = ''
  for await (const chunk of answer) {
    text += chunk
    if (text.length > mostOfError) break
  }
  const code = answer.statusCode ?? 500
  text = text.trim()
  const found = (Object.keys(reasonCodes) as StatusReason[]).find(reason => reasonCodes[reason] === code)
  const details = { name: pod.metadata.name, kind: 'pods' }
  return statusError(found ?? 'InternalError', text || `the kubelet answered ${code}`, details, code)
}
