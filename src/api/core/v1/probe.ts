import { atomicList, dflt, int32, int64, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { intOrString } from '../../meta/v1/scalars.ts'
import { fillProbe } from './defaults.ts'

export class ExecAction extends core.type({
  command: atomicList(string()),
}) {}

export class GRPCAction extends core.type({
  port: required(int32()),
  service: dflt(string(), ''),
}) {}

export class HTTPHeader extends core.type({
  name: required(string()),
  value: required(string({ mayBeEmpty: true })),
}) {}

export class HTTPGetAction extends core.type({
  host: string(),
  httpHeaders: atomicList(HTTPHeader),
  path: dflt(string(), '/'),
  port: required(intOrString()),
  scheme: dflt(string(), 'HTTP'),
}) {}

export class TCPSocketAction extends core.type({
  host: string(),
  port: required(intOrString()),
}) {}

export class Probe extends core.type(
  {
    exec: ExecAction,
    failureThreshold: dflt(int32(), 3),
    grpc: GRPCAction,
    httpGet: HTTPGetAction,
    initialDelaySeconds: int32(),
    periodSeconds: dflt(int32(), 10),
    successThreshold: dflt(int32(), 1),
    tcpSocket: TCPSocketAction,
    terminationGracePeriodSeconds: int64(),
    timeoutSeconds: dflt(int32(), 1),
  },
  { fill: fillProbe },
) {}
