/** Defaults of core/v1 that depend on other fields of the object; constants stand at the fields themselves. */

type Loose = Record<string, unknown>
interface Port {
  containerPort?: number
  hostPort?: number
  port?: number
  targetPort?: number | string
}

/** `:latest`, or no tag and no digest, is always pulled. */
export function fillContainer(container: Loose): void {
  if (container.imagePullPolicy === undefined && typeof container.image === 'string') {
    container.imagePullPolicy = /^[^@]*(:latest|\/[^:@]*|^[^:@/]*)$/.test(container.image) ? 'Always' : 'IfNotPresent'
  }
}

/** The old name of serviceAccountName follows it. */
export function fillPodSpec(spec: Loose): void {
  spec.serviceAccountName ??= spec.serviceAccount
  spec.serviceAccount = spec.serviceAccountName
  if (spec.serviceAccountName === undefined) {
    delete spec.serviceAccountName
    delete spec.serviceAccount
  }
}

/** Of pods only, not of templates: requests follow limits, and with hostNetwork every port is a host port. */
export function fillPod(pod: Loose): void {
  const spec = pod.spec as Loose
  spec.enableServiceLinks ??= true
  for (const list of [spec.containers, spec.initContainers]) {
    for (const container of (list ?? []) as { ports?: Port[]; resources?: Resources }[]) {
      if (container.resources?.limits) fillRequests(container.resources)
      if (spec.hostNetwork !== true) continue
      for (const port of container.ports ?? []) if (port.containerPort) port.hostPort ||= port.containerPort
    }
  }
}

interface Resources {
  limits?: Readonly<Record<string, string>>
  requests?: Record<string, string>
}

function fillRequests(resources: Resources): void {
  const requests = (resources.requests ??= {})
  for (const [name, limit] of Object.entries(resources.limits ?? {})) requests[name] ??= limit
}

const probeDefaults = { timeoutSeconds: 1, periodSeconds: 10, successThreshold: 1, failureThreshold: 3 }

/** Zero counts as not given. */
export function fillProbe(probe: Loose): void {
  for (const [field, value] of Object.entries(probeDefaults)) probe[field] ||= value
}

/** A volume without a source is an emptyDir. */
export function fillVolume(volume: Loose): void {
  if (Object.keys(volume).every(field => field === 'name')) volume.emptyDir = {}
}

export function fillServiceSpec(spec: Loose): void {
  for (const port of (spec.ports ?? []) as Port[]) {
    if (port.targetPort === undefined || port.targetPort === 0 || port.targetPort === '') port.targetPort = port.port!
  }
  if (spec.sessionAffinity === 'ClientIP') {
    const config = ((spec.sessionAffinityConfig ??= {}) as Loose).clientIP as Loose | undefined
    ;(spec.sessionAffinityConfig as Loose).clientIP = { ...config, timeoutSeconds: config?.timeoutSeconds ?? 10800 }
  } else if (spec.sessionAffinity === 'None') delete spec.sessionAffinityConfig
  if (spec.type === 'NodePort' || spec.type === 'LoadBalancer') spec.externalTrafficPolicy ??= 'Cluster'
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true
  if (spec.type !== 'ExternalName') spec.internalTrafficPolicy ??= 'Cluster'
}

/** Labels and selector come from the template's labels where they are not given. */
export function fillReplicationController(controller: Loose): void {
  const spec = controller.spec as { selector?: Loose; template?: { metadata?: { labels?: Loose } } } | undefined
  const labels = spec?.template?.metadata?.labels
  if (!spec || !labels) return
  if (!spec.selector || Object.keys(spec.selector).length === 0) spec.selector = labels
  const metadata = controller.metadata as { labels?: Loose }
  if (!metadata.labels || Object.keys(metadata.labels).length === 0) metadata.labels = labels
}

/** For containers: default <- max, defaultRequest <- default, then min. */
export function fillLimitRangeItem(item: Loose): void {
  if (item.type !== 'Container') return
  const limits = { ...(item.max as Loose), ...(item.default as Loose) }
  const requests = { ...(item.min as Loose), ...limits, ...(item.defaultRequest as Loose) }
  if (Object.keys(limits).length > 0) item.default = limits
  if (Object.keys(requests).length > 0) item.defaultRequest = requests
}

/** Every namespace carries its own name as a label. */
export function fillNamespace(namespace: Loose): void {
  const metadata = namespace.metadata as { name?: string; labels?: Loose }
  if (metadata.name) metadata.labels = { ...metadata.labels, 'kubernetes.io/metadata.name': metadata.name }
}
