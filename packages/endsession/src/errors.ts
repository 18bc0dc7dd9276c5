/** Who must act: the developer, the operator of the store, the provider, or the one who sent the request. */
export type ErrorCode = 'ERR_OPTIONS' | 'ERR_STORE' | 'ERR_PROVIDER' | 'ERR_LOGIN' | 'ERR_LOGOUT_TOKEN' | 'ERR_REQUEST'

const statuses: Readonly<Record<ErrorCode, number>> = {
  ERR_OPTIONS: 500,
  ERR_STORE: 503,
  ERR_PROVIDER: 502,
  ERR_LOGIN: 400,
  ERR_LOGOUT_TOKEN: 400,
  ERR_REQUEST: 400,
}

/** Bundlers load a package several times in one process: an error of any copy is one of ours. */
const brand: unique symbol = Symbol.for('endsession.error')

/**
 * The only error that this package throws. Match on `code`, not on the class.
 * `message` is safe to show to anybody; the detail is in `cause` and may hold anything.
 */
export class EndSessionError extends Error {
  override readonly name = 'EndSessionError'
  readonly code: ErrorCode
  /** The HTTP status that fits. */
  readonly status: number

  constructor(code: ErrorCode, message: string, detail: { readonly cause?: unknown; readonly status?: number } = {}) {
    super(message, 'cause' in detail ? { cause: detail.cause } : undefined)
    this.code = code
    this.status = detail.status ?? statuses[code]
    Object.defineProperty(this, brand, { value: true })
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === 'object' && value !== null && brand in value
  }
}
