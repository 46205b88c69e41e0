/** A request the server answers with a code and a sentence. */
export class HttpError extends Error {
  readonly code: number

  constructor(code: number, message: string) {
    super(message)
    this.name = 'HttpError'
    this.code = code
  }
}
