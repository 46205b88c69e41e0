import { bool, dflt, required, string } from '../../../schema/schema.ts'
import { core } from '../../group-version.ts'
import { quantity } from '../../meta/v1/scalars.ts'

export class ConfigMapKeySelector extends core.type(
  {
    key: required(string()),
    name: string(),
    optional: bool(),
  },
  { mapType: 'atomic' },
) {}

export class FileKeySelector extends core.type(
  {
    key: required(string()),
    optional: bool(),
    path: required(string()),
    volumeName: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class ObjectFieldSelector extends core.type(
  {
    apiVersion: dflt(string(), 'v1'),
    fieldPath: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class ResourceFieldSelector extends core.type(
  {
    containerName: string(),
    divisor: quantity(),
    resource: required(string()),
  },
  { mapType: 'atomic' },
) {}

export class SecretKeySelector extends core.type(
  {
    key: required(string()),
    name: string(),
    optional: bool(),
  },
  { mapType: 'atomic' },
) {}

export class EnvVarSource extends core.type({
  configMapKeyRef: ConfigMapKeySelector,
  fieldRef: ObjectFieldSelector,
  fileKeyRef: FileKeySelector,
  resourceFieldRef: ResourceFieldSelector,
  secretKeyRef: SecretKeySelector,
}) {}

export class EnvVar extends core.type({
  name: required(string()),
  value: string(),
  valueFrom: EnvVarSource,
}) {}
