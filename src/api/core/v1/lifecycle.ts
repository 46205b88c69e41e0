import { int64, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { ExecAction, HTTPGetAction, TCPSocketAction } from './probe.ts'

export class SleepAction extends core.type({
  seconds: required(int64()),
}) {}

export class LifecycleHandler extends core.type({
  exec: ExecAction,
  httpGet: HTTPGetAction,
  sleep: SleepAction,
  tcpSocket: TCPSocketAction,
}) {}

export class Lifecycle extends core.type({
  postStart: LifecycleHandler,
  preStop: LifecycleHandler,
  stopSignal: string(),
}) {}
