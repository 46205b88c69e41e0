import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { overwriteFile } from '../base/overwrite-file.ts'
import type { PkiFiles } from './files.ts'

/** The machine's own files. */
export const disk: PkiFiles = {
  async read(path) {
    try {
      return await readFile(path, 'utf8')
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw new Error(`cannot read ${path}: ${(error as Error).message}`, { cause: error })
    }
  },

  async write(path, content, mode) {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o755 })
      const temporary = `${path}.${process.pid}.tmp`
      const file = await open(temporary, 'w', mode)
      try {
        await file.chmod(mode)
        await file.writeFile(content)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(temporary, path)
    } catch (error) {
      throw new Error(`cannot write ${path}: ${(error as Error).message}`, { cause: error })
    }
  },

  async overwrite(path, content) {
    try {
      await overwriteFile(path, content)
    } catch (error) {
      throw new Error(`cannot write into ${path}: ${(error as Error).message}`, { cause: error })
    }
  },

  rename,
  remove: path => rm(path, { force: true }),
}
