import { required, string } from '../../schema/schema.ts'
import { version } from '../meta/v1/meta.ts'

export class Info extends version.type({
  buildDate: required(string()),
  compiler: required(string()),
  emulationMajor: string(),
  emulationMinor: string(),
  gitCommit: required(string()),
  gitTreeState: required(string()),
  gitVersion: required(string()),
  goVersion: required(string()),
  major: required(string()),
  minCompatibilityMajor: string(),
  minCompatibilityMinor: string(),
  minor: required(string()),
  platform: required(string()),
}) {}
