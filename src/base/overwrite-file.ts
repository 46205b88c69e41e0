import { open } from 'node:fs/promises'

/**
 * Writes new content into a file that is there, so that a mount of that file alone shows it; durable when it resolves. At
 * once, and the rest cut off after: a reader hardly ever sees a part. Rejects when there is no such file.
 */
export async function overwriteFile(path: string, content: string): Promise<void> {
  const file = await open(path, 'r+')
  try {
    const bytes = Buffer.from(content)
    // All of it, however many writes the kernel makes of that.
    await file.writeFile(bytes)
    await file.truncate(bytes.length)
    await file.sync()
  } finally {
    await file.close()
  }
}
