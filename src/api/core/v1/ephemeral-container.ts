import { atomicList, bool, dflt, listBy, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import {
  ContainerPort,
  ContainerResizePolicy,
  ContainerRestartRule,
  EnvFromSource,
  VolumeDevice,
  VolumeMount,
} from './container.ts'
import { fillContainer } from './defaults.ts'
import { EnvVar } from './env-var.ts'
import { Lifecycle } from './lifecycle.ts'
import { Probe } from './probe.ts'
import { ResourceRequirements } from './resource-requirements.ts'
import { SecurityContext } from './security-context.ts'

export class EphemeralContainer extends core.type(
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
    targetContainerName: string(),
    terminationMessagePath: dflt(string(), '/dev/termination-log'),
    terminationMessagePolicy: dflt(string(), 'File'),
    tty: bool(),
    volumeDevices: listBy(VolumeDevice, ['devicePath']),
    volumeMounts: listBy(VolumeMount, ['mountPath']),
    workingDir: string(),
  },
  { fill: fillContainer },
) {}
