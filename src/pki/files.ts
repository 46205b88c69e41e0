/** Where keys and certificates are kept; disk.ts is the real one. */
export interface PkiFiles {
  /** Undefined when there is no such file. */
  read(path: string): Promise<string | undefined>
  /** Whole and durable, or not at all; makes missing folders. */
  write(path: string, content: string, mode: number): Promise<void>
  /** Into the file as it is, which stays the same one for whoever has it mounted. */
  overwrite(path: string, content: string): Promise<void>
  /** In one step, in the place of what is there. */
  rename(from: string, to: string): Promise<void>
  /** Fine if it is not there. */
  remove(path: string): Promise<void>
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

  async overwrite(path: string, content: string): Promise<void> {
    this.files.set(path, { content, mode: this.files.get(path)!.mode })
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, this.files.get(from)!)
    this.files.delete(from)
  }

  async remove(path: string): Promise<void> {
    this.files.delete(path)
  }
}
