import { EndSessionError } from '../errors.ts'

/** The provider is out of reach, or answers what no provider should. */
export function providerFailed(cause: unknown): EndSessionError {
  if (cause instanceof EndSessionError) return cause
  return new EndSessionError('ERR_PROVIDER', 'The identity provider did not answer as it should.', { cause })
}

/** The provider's answer to a login does not hold. */
export function loginFailed(cause: unknown): EndSessionError {
  if (cause instanceof EndSessionError) return cause
  return new EndSessionError('ERR_LOGIN', 'The login could not be completed.', { cause })
}

/** oauth4webapi's errors hold the answer that they are about, tokens included. */
export function withoutTokens(cause: unknown): unknown {
  if (cause instanceof EndSessionError || !(cause instanceof Error)) return cause
  return new Error(`${cause.name}: ${cause.message}`)
}
