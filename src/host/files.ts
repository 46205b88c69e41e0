/** Files and folders. All paths are absolute; failures are HostErrors with the errno name as code. */

export interface FileFacts {
  readonly type: 'file' | 'directory' | 'symlink' | 'socket' | 'block' | 'character' | 'fifo'
  readonly size: number
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly device: number
  readonly modified: number
}

export interface WriteOptions {
  /** Permission bits; default 0644. */
  readonly mode?: number
  readonly owner?: { readonly uid: number; readonly gid: number }
}

export interface Files {
  read(path: string): Promise<string>
  readBytes(path: string): Promise<Uint8Array>
  /** Undefined when there is no such file. */
  readIfThere(path: string): Promise<string | undefined>
  exists(path: string): Promise<boolean>
  /** Of the thing itself, not of what a symbolic link points to; undefined when there is none. */
  facts(path: string): Promise<FileFacts | undefined>
  /** Names in a folder, sorted; empty when it does not exist. */
  list(path: string): Promise<readonly string[]>
  readLink(path: string): Promise<string | undefined>
  /** Replaces the file in one step (a reader sees the old or the new content); makes parent folders. */
  write(path: string, content: string | Uint8Array, options?: WriteOptions): Promise<void>
  append(path: string, content: string): Promise<void>
  /** With its parents; sets the mode of the last one even if it exists. */
  makeDirectory(path: string, options?: WriteOptions): Promise<void>
  /** Replaces what is there in one step, unless it is a folder. */
  symlink(target: string, path: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  changeMode(path: string, mode: number): Promise<void>
  changeOwner(path: string, owner: { readonly uid: number; readonly gid: number }): Promise<void>
  /** With everything below; fine if it is not there. Refuses (code EBUSY) when something is mounted in it. */
  remove(path: string): Promise<void>
}
