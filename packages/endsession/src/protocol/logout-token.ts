import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload, type ProtectedHeaderParameters } from 'jose'
import { EndSessionError } from '../errors.ts'
import type { Runtime } from '../runtime.ts'
import { isAsymmetric, signingAlgorithms } from './algorithms.ts'
import { verifySignature } from './keys.ts'
import { type Provider, toleranceSeconds } from './provider.ts'

/** The check that said no. */
export type LogoutTokenCheck =
  | 'size'
  | 'shape'
  | 'crit'
  | 'alg'
  | 'typ'
  | 'iss'
  | 'aud'
  | 'iat'
  | 'exp'
  | 'events'
  | 'nonce'
  | 'sub'
  | 'sid'
  | 'subject'
  | 'jti'
  | 'key'
  | 'signature'

/** What a verified logout token says. At least one of `sub` and `sid` is there. */
export interface LogoutToken {
  readonly iss: string
  readonly sub?: string
  /** Opaque: any characters. */
  readonly sid?: string
  /** Epoch seconds, the provider's clock. */
  readonly iat: number
  readonly jti: string
}

/** Far more than any provider sends; little enough to decode for strangers. */
const sizeLimit = 16_384
/** For providers whose logout tokens have no `exp`. */
const withoutExpSeconds = 300
const logoutEvent = 'http://schemas.openid.net/event/backchannel-logout'

/**
 * Verifies a logout token (OpenID Connect Back-Channel Logout 1.0, section 2.6). Whatever the token says of itself is
 * checked before anything is fetched, the signature last. Does NOT look for the session, and does NOT remember `jti`:
 * a repeated token ends nothing newer than itself.
 * Throws ERR_LOGOUT_TOKEN with `cause.check`, or ERR_PROVIDER when the provider's keys can't be had.
 */
export async function verifyLogoutToken(token: string, provider: Provider, runtime: Runtime): Promise<LogoutToken> {
  const decoded = decode(token)
  const asked = { provider, now: runtime.now() }
  for (const [check, passes] of checks) if (!passes(decoded, asked)) throw refuse(check)
  await checkSignature(token, decoded, provider)
  return outcomeOf(decoded)
}

/** Whose token this claims to be, for the choice among several providers. Proves nothing. Throws ERR_LOGOUT_TOKEN. */
export function peekIssuer(token: string): { readonly iss: string; readonly aud: readonly string[] } {
  const { claims } = decode(token)
  if (typeof claims.iss !== 'string') throw refuse('iss')
  return { iss: claims.iss, aud: audiences(claims.aud) }
}

interface Decoded {
  readonly header: ProtectedHeaderParameters
  readonly claims: JWTPayload
}

interface Asked {
  readonly provider: Provider
  /** Epoch seconds. */
  readonly now: number
}

/** In this order. All are about content that nobody has vouched for yet, so that garbage causes no fetch. */
const checks: readonly (readonly [LogoutTokenCheck, (token: Decoded, asked: Asked) => boolean])[] = [
  ['crit', asksForNoExtension],
  ['alg', hasAsymmetricAlgorithm],
  ['typ', hasLogoutType],
  ['iss', isFromProvider],
  ['aud', isForClient],
  ['iat', isNotFromTheFuture],
  ['exp', isNotExpired],
  ['events', hasLogoutEvent],
  ['nonce', hasNoNonce],
  ['sub', hasGoodSub],
  ['sid', hasGoodSid],
  ['subject', namesSomeone],
  ['jti', hasJti],
]

function decode(token: string): Decoded {
  if (token.length > sizeLimit) throw refuse('size')
  try {
    return { header: decodeProtectedHeader(token), claims: decodeJwt(token) }
  } catch (error) {
    throw refuse('shape', error)
  }
}

/** RFC 7515, section 4.1.11: no extension is understood here, `b64` (RFC 7797) included. */
function asksForNoExtension({ header }: Decoded): boolean {
  return header.crit === undefined
}

/** Section 2.6, step 3: never `none`. Keys named by the header itself (`jwk`, `jku`, `x5u`) are not even read. */
function hasAsymmetricAlgorithm({ header }: Decoded): boolean {
  return isAsymmetric(header.alg)
}

/** Section 2.4: `logout+jwt` is recommended; `JWT` or nothing is what many send; never another kind of token. */
function hasLogoutType({ header }: Decoded): boolean {
  if (header.typ === undefined) return true
  if (typeof header.typ !== 'string') return false
  const typ = header.typ.toLowerCase().replace(/^application\//, '')
  return typ === 'logout+jwt' || typ === 'jwt'
}

function isFromProvider({ claims }: Decoded, { provider }: Asked): boolean {
  return claims.iss === provider.config.issuer
}

function isForClient({ claims }: Decoded, { provider }: Asked): boolean {
  return audiences(claims.aud).includes(provider.config.clientId)
}

/** A token from the future would end sessions that do not exist yet. */
function isNotFromTheFuture({ claims }: Decoded, { now }: Asked): boolean {
  return isNumericDate(claims.iat) && claims.iat <= now + toleranceSeconds
}

/** REQUIRED since errata set 1; the profile knows who leaves it out. */
function isNotExpired({ claims }: Decoded, { provider, now }: Asked): boolean {
  if (claims.exp !== undefined) return isNumericDate(claims.exp) && claims.exp > now - toleranceSeconds
  if (provider.config.profile.logoutTokenHasExp) return false
  return isNumericDate(claims.iat) && claims.iat + withoutExpSeconds > now - toleranceSeconds
}

/** Section 2.4: a JSON object with a member whose value is a JSON object. */
function hasLogoutEvent({ claims }: Decoded): boolean {
  return isObject(claims.events) && Object.hasOwn(claims.events, logoutEvent) && isObject(claims.events[logoutEvent])
}

/** Section 2.4: PROHIBITED, so that no ID token passes for a logout token. */
function hasNoNonce({ claims }: Decoded): boolean {
  return !Object.hasOwn(claims, 'nonce')
}

function hasGoodSub({ claims }: Decoded): boolean {
  return claims.sub === undefined || isName(claims.sub)
}

function hasGoodSid({ claims }: Decoded): boolean {
  return claims.sid === undefined || isName(claims.sid)
}

/** Section 2.6, step 5: at least one of the two. */
function namesSomeone({ claims }: Decoded): boolean {
  return claims.sub !== undefined || claims.sid !== undefined
}

function hasJti({ claims }: Decoded): boolean {
  return isName(claims.jti)
}

async function checkSignature(token: string, { header }: Decoded, provider: Provider): Promise<void> {
  const algorithms = signingAlgorithms(await provider.metadata())
  if (!algorithms.includes(header.alg ?? '')) throw refuse('alg')
  try {
    await verifySignature(token, provider.keys, algorithms)
  } catch (error) {
    if (error instanceof EndSessionError) throw error
    throw refuse(error instanceof errors.JWKSNoMatchingKey ? 'key' : 'signature', error)
  }
}

/** After the checks: the casts say what they have found. */
function outcomeOf({ claims }: Decoded): LogoutToken {
  return {
    iss: claims.iss as string,
    ...(claims.sub !== undefined && { sub: claims.sub }),
    ...(claims.sid !== undefined && { sid: claims.sid as string }),
    iat: claims.iat as number,
    jti: claims.jti as string,
  }
}

function refuse(check: LogoutTokenCheck, error?: unknown): EndSessionError {
  return new EndSessionError('ERR_LOGOUT_TOKEN', 'The logout token is not valid.', { cause: { check, error } })
}

function audiences(aud: unknown): readonly string[] {
  const list: readonly unknown[] = Array.isArray(aud) ? aud : [aud]
  return list.filter((audience) => typeof audience === 'string')
}

function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value)
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
