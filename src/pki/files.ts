/** Where keys and certificates are kept; disk.ts is the real one. */
export interface PkiFiles {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>
  /** Whole and durable, or not at all; makes missing folders. */
  write(path: string, content: string, mode: number): Promise<void>
}

/** Files in memory, for tests and dry runs. */
export class MemoryFiles implements PkiFiles {
  readonly files = new Map<string, { content: string; mode: number }>()

  async read(path: string): Promise<string | undefined> {
    return this.files.get(path)?.content
  }

  async write(path: string, content: string, mode: number): Promise<void> {
    this.files.set(path, { content, mode })
  }
}
