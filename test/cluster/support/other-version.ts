/** Programs of other versions: copies of the checkout that say they are another one. */
import { checkout, type Machine } from '../lab/machine.ts'

export interface OtherVersion {
  readonly version: string
  /** Its API server ends as soon as it is started. */
  readonly broken?: boolean
}

/** Puts a program onto a machine, as an administrator would unpack a release; resolves to its path. */
export async function installVersion(machine: Machine, { version, broken }: OtherVersion): Promise<string> {
  const folder = `/opt/kobune-${version}`
  await machine.ok('sh', [
    '-ec',
    `mkdir -p ${folder}; cd ${folder}
     cp -a ${checkout}/src ${checkout}/scripts ${checkout}/kobune ${checkout}/package.json ${checkout}/package-lock.json .
     ln -s ${checkout}/node_modules node_modules
     sed -i "s/^export const version = .*/export const version = '${version}'/" src/base/version.ts
     sed -i 's/"version": ".*"/"version": "${version}"/' package.json`,
  ])
  if (broken) {
    const brokenLine = "throw new Error('this release does not start')"
    const where = '/^export async function runWithCompany/'
    const file = `${folder}/src/run/kube-apiserver.ts`
    await machine.ok('sed', ['-i', `${where}a ${brokenLine}`, file])
    await machine.ok('grep', ['-q', brokenLine, file])
  }
  return `${folder}/kobune`
}
