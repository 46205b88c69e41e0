/**
 * Makes dist/, which is what is published: dist/app, the program bundled; dist/lib, the modules that others import, with
 * their types. Node runs no TypeScript below node_modules, so both are JavaScript.
 */
import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { bundleProgram } from '../src/kubelet/runtime/oci/bundle.ts'

const root = new URL('..', import.meta.url).pathname
rmSync(`${root}dist`, { recursive: true, force: true })
const files = await bundleProgram({ source: root, out: `${root}dist/app` })
const { status } = spawnSync(`${root}node_modules/.bin/tsc`, ['-p', `${root}tsconfig.build.json`], { stdio: 'inherit' })
console.log(`dist/app: ${files.length} files; dist/lib: ${status === 0 ? 'compiled' : 'failed'}`)
process.exitCode = status ?? 1
