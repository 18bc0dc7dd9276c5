import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload } from 'jose'
import { asymmetricAlgorithms } from '../protocol/algorithms.ts'
import { verifySignature } from '../protocol/keys.ts'
import { type Provider, toleranceSeconds } from '../protocol/provider.ts'
import { tokenHash } from '../protocol/token-hash.ts'
import { subjectHash } from '../session/marks.ts'
import type { TokenSubject } from './known-marks.ts'

/** An access token whose signature and claims have been checked. */
export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** The client that it was issued to, where it says so. */
  readonly client?: string
}

type AccessTokenClaims = JWTPayload & { readonly sub: string; readonly exp: number }

/** Far more than any provider sends. */
const sizeLimit = 16_384

/** RFC 9068, section 2.1; the plain ones are what most providers send. */
const types: readonly unknown[] = ['at+jwt', 'application/at+jwt', 'jwt', undefined]

/** Claims that only ID tokens and logout tokens have: where `typ` cannot tell, these do. */
const foreignClaims = ['nonce', 'events', 'at_hash', 'c_hash', 's_hash'] as const

/** What Keycloak says in the body of tokens that are none for services. */
const foreignTypes: readonly unknown[] = ['ID', 'Refresh', 'Offline', 'Logout']

/**
 * Verifies a JWT access token (RFC 9068, section 4): `typ`, claims, signature, and that it is no other token in disguise.
 * Does NOT ask whether it has ended. Nothing for a token that is not good. Throws ERR_PROVIDER when keys cannot be had.
 */
export async function verifyAccessToken(
  token: string,
  provider: Provider,
  audience: readonly string[],
): Promise<VerifiedToken | undefined> {
  try {
    // Whatever the token says of itself is checked before any key is asked for.
    const claims = readClaims(token)
    if (!claims || !isForUs(claims, provider, audience) || !isInTime(claims, provider.runtime.now())) return undefined
    await verifySignature(token, provider.keys, [...asymmetricAlgorithms])
    const client = [claims.azp, claims.client_id].find((value) => typeof value === 'string')
    return { claims, ...(client !== undefined && { client }) }
  } catch (error) {
    if (error instanceof errors.JOSEError) return undefined
    throw error
  }
}

function readClaims(token: string): AccessTokenClaims | undefined {
  if (token.length > sizeLimit || token.split('.').length !== 3) return undefined
  const typ = decodeProtectedHeader(token).typ as unknown
  if (!types.includes(typeof typ === 'string' ? typ.toLowerCase() : typ)) return undefined
  const claims = decodeJwt(token)
  return isAccessToken(claims) ? claims : undefined
}

function isAccessToken(claims: JWTPayload): claims is AccessTokenClaims {
  if (typeof claims.sub !== 'string' || claims.sub === '' || typeof claims.exp !== 'number') return false
  return !foreignClaims.some((name) => name in claims) && !foreignTypes.includes(claims.typ)
}

function isForUs({ iss, aud }: JWTPayload, { config }: Provider, audience: readonly string[]): boolean {
  const audiences = Array.isArray(aud) ? aud : [aud]
  return iss === config.issuer && audiences.some((one) => typeof one === 'string' && audience.includes(one))
}

export function isInTime({ exp, nbf }: { readonly exp: number; readonly nbf?: unknown }, now: number): boolean {
  if (exp + toleranceSeconds <= now) return false
  return nbf === undefined || (typeof nbf === 'number' && nbf <= now + toleranceSeconds)
}

/** How the marks of these clients would name this token. Without an `iat` it is as old as can be. */
export function subjectOf(token: string, { claims }: VerifiedToken, clients: readonly string[]): TokenSubject {
  const { iss = '', sid, sub, iat } = claims
  return {
    token: tokenHash(token),
    at: typeof iat === 'number' ? iat : 0,
    sids: typeof sid === 'string' ? clients.map((client) => subjectHash(iss, client, sid)) : [],
    subs: clients.map((client) => subjectHash(iss, client, sub)),
  }
}
