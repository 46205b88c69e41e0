/** This program as a few JavaScript files: for images and publishing, where neither src/ nor node_modules/ go. */
import { readdir, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, extname, join, relative } from 'node:path'
import type { Plugin } from 'esbuild'
import { HostError } from '../../../host/host-error.ts'

export interface BundleOptions {
  /** The folder with src/. */
  readonly source: string
  /** Where main.js, its chunks and assets go. */
  readonly out: string
}

/** Not part of any image. */
const externals = ['esbuild', 'playwright-core']
const isExternal = (path: string) => path.startsWith('node:') || externals.includes(path)

/**
 * Bundles src/cli/main.ts to `main.js`; what is imported lazily stays lazy. Files read beside a module by
 * a literal URL relative to import.meta.url are put beside the bundle, and programs started that way (workers) are
 * bundled too. So their names must be unique in src/. Answers the names of all files written.
 */
export async function bundleProgram(options: BundleOptions): Promise<readonly string[]> {
  const { build } = await import('esbuild')
  const sources = join(options.source, 'src')
  const { assets, programs, starters } = await filesBeside(sources)
  const entryPoints = [
    { in: join(sources, 'cli/main.ts'), out: 'main' },
    ...programs.map(file => ({ in: file, out: basename(file, '.ts') })),
  ]
  const result = await build({
    entryPoints,
    outdir: options.out,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    minify: true,
    keepNames: true,
    // One flat folder: import.meta.url of every chunk finds the assets beside it.
    chunkNames: '[name]-[hash]',
    legalComments: 'none',
    logLevel: 'silent',
    metafile: true,
    external: [...externals],
    banner: { js: requireForCommonJs },
    plugins: [
      lazyPackages(options.source),
      {
        name: 'workers',
        setup: ({ onLoad }) => {
          if (starters.length === 0) return
          // Only these: each module that passes through here costs a message to the bundler and back.
          const ends = starters.map(file => RegExp.escape(basename(file)))
          onLoad({ filter: new RegExp(`/(${ends.join('|')})$`) }, async ({ path }) => ({
            contents: (await readFile(path, 'utf8')).replace(besideProgram, "new URL('./$1.js', import.meta.url)"),
            loader: 'ts',
          }))
        },
      },
    ],
  }).catch(cause => {
    throw new HostError({ verb: 'bundle', target: sources, code: 'build', cause })
  })
  const { copyFile, writeFile } = await import('node:fs/promises')
  for (const file of assets) await copyFile(file, join(options.out, basename(file)))
  await writeFile(join(options.out, 'package.json'), '{"type":"module"}\n')
  const written = Object.keys(result.metafile.outputs).map(file => relative(options.out, join(process.cwd(), file)))
  return [...written, ...assets.map(file => basename(file)), 'package.json'].sort()
}

const requireForCommonJs =
  "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);"

const besideProgram = /new URL\('\.\/([\w.-]+)\.ts', import\.meta\.url\)/g
const besideAsset = /new URL\('\.\/([\w./-]+)', import\.meta\.url\)|(?:proto|asset): '\.\/([\w.-]+)'/g

/** What modules of src/ read or start beside themselves. */
async function filesBeside(sources: string): Promise<{
  readonly assets: readonly string[]
  readonly programs: readonly string[]
  /** The modules that start the programs. */
  readonly starters: readonly string[]
}> {
  const found = new Map<string, string>()
  const starters: string[] = []
  for (const entry of await readdir(sources, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !/(?<!\.test|\.suite|\.scenario)\.ts$/.test(entry.name)) continue
    const text = await readFile(join(entry.parentPath, entry.name), 'utf8')
    if (text.match(besideProgram)) starters.push(join(entry.parentPath, entry.name))
    for (const [, read, named] of text.matchAll(besideAsset)) {
      const file = join(entry.parentPath, (read ?? named)!)
      const other = found.get(basename(file))
      if (other && other !== file) {
        const message = `${file} and ${other} would have the same name in the bundle`
        throw new HostError({ verb: 'bundle', target: basename(file), code: 'clash', message })
      }
      found.set(basename(file), file)
    }
  }
  const files = [...found.values()]
  return {
    starters,
    programs: files.filter(f => extname(f) === '.ts'),
    assets: files.filter(f => extname(f) !== '.ts'),
  }
}

/**
 * Packages that are imported lazily. Of a CommonJS package, esbuild's chunk would export nothing but its default; what
 * it exports by name is found by loading it here.
 */
function lazyPackages(source: string): Plugin {
  const namespace = 'lazy-package'
  return {
    name: namespace,
    setup(build) {
      build.onResolve({ filter: /^[a-z@][^:]*$/ }, ({ path, kind, resolveDir }) =>
        kind === 'dynamic-import' && !isExternal(path) ? { path, namespace, pluginData: resolveDir } : undefined,
      )
      build.onLoad({ filter: /.*/, namespace }, async ({ path, pluginData }) => {
        const found = createRequire(join(source, 'package.json')).resolve(path)
        const names = Object.keys(await import(found)).filter(
          name => /^[A-Za-z_$][\w$]*$/.test(name) && name !== 'default',
        )
        return {
          contents: `import * as all from ${JSON.stringify(path)}
export const { ${names.join(', ')} } = all
export default all.default ?? all`,
          resolveDir: pluginData as string,
        }
      })
    },
  }
}
