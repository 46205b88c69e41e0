import { atomicList, bool, dflt, int32, listBy, required, setOf, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { fillContainer } from './defaults.ts'
import { EnvVar } from './env-var.ts'
import { Lifecycle } from './lifecycle.ts'
import { Probe } from './probe.ts'
import { ResourceRequirements } from './resource-requirements.ts'
import { SecurityContext } from './security-context.ts'

export class ConfigMapEnvSource extends core.type({
  name: string(),
  optional: bool(),
}) {}

export class ContainerPort extends core.type({
  containerPort: required(int32()),
  hostIP: string(),
  hostPort: int32(),
  name: string(),
  protocol: dflt(string(), 'TCP'),
}) {}

export class ContainerResizePolicy extends core.type({
  resourceName: required(string()),
  restartPolicy: required(string()),
}) {}

export class ContainerRestartRuleOnExitCodes extends core.type({
  operator: required(string()),
  values: setOf(int32()),
}) {}

export class ContainerRestartRule extends core.type({
  action: required(string()),
  exitCodes: ContainerRestartRuleOnExitCodes,
}) {}

export class SecretEnvSource extends core.type({
  name: string(),
  optional: bool(),
}) {}

export class EnvFromSource extends core.type({
  configMapRef: ConfigMapEnvSource,
  prefix: string(),
  secretRef: SecretEnvSource,
}) {}

export class VolumeDevice extends core.type({
  devicePath: required(string()),
  name: required(string()),
}) {}

export class VolumeMount extends core.type({
  mountPath: required(string()),
  mountPropagation: string(),
  name: required(string()),
  readOnly: bool(),
  recursiveReadOnly: string(),
  subPath: string(),
  subPathExpr: string(),
}) {}

export class Container extends core.type(
  {
    args: atomicList(string()),
    command: atomicList(string()),
    env: listBy(EnvVar, ['name']),
    envFrom: atomicList(EnvFromSource),
    image: string(),
    imagePullPolicy: string(),
    lifecycle: Lifecycle,
    livenessProbe: Probe,
    name: required(string()),
    ports: listBy(ContainerPort, ['containerPort', 'protocol']),
    readinessProbe: Probe,
    resizePolicy: atomicList(ContainerResizePolicy),
    resources: dflt(ResourceRequirements, {}),
    restartPolicy: string(),
    restartPolicyRules: atomicList(ContainerRestartRule),
    securityContext: SecurityContext,
    startupProbe: Probe,
    stdin: bool(),
    stdinOnce: bool(),
    terminationMessagePath: dflt(string(), '/dev/termination-log'),
    terminationMessagePolicy: dflt(string(), 'File'),
    tty: bool(),
    volumeDevices: listBy(VolumeDevice, ['devicePath']),
    volumeMounts: listBy(VolumeMount, ['mountPath']),
    workingDir: string(),
  },
  { fill: fillContainer },
) {}
