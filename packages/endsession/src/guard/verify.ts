import { decodeJwt, decodeProtectedHeader, errors, type JWTPayload } from 'jose'
import { asymmetricAlgorithms } from '../protocol/algorithms.ts'
import { verifySignature } from '../protocol/keys.ts'
import { type Provider, toleranceSeconds } from '../protocol/provider.ts'
import { tokenHash } from '../protocol/token-hash.ts'
import { subjectHash } from '../session/marks.ts'
import type { SubjectName, TokenSubject } from './known-marks.ts'

/** An access token whose signature and claims have been checked. */
export interface VerifiedToken {
  readonly claims: AccessTokenClaims
  /** The client that it was issued to, where it says so. */
  readonly client?: string
  /** Token hash. */
  readonly hash: string
  /** What each client's marks call it; worked out once. */
  readonly names: Map<string, SubjectName>
}

type AccessTokenClaims = JWTPayload & { readonly sub: string; readonly exp: number }

/** Far more than any provider sends. */
const sizeLimit = 16_384

/** RFC 9068, section 2.1. */
const accessTokenTypes: readonly unknown[] = ['at+jwt', 'application/at+jwt']
/** What most providers send: it does not tell. */
const plainTypes: readonly unknown[] = ['jwt', undefined]

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
  // Whatever the token says of itself is checked before any key is asked for.
  const claims = readClaims(token)
  if (!claims || !isForUs(claims, provider, audience) || !isInTime(claims, provider.runtime.now())) return undefined
  if (!(await isSigned(token, provider))) return undefined
  const client = [claims.azp, claims.client_id].find((value) => typeof value === 'string')
  return { claims, hash: tokenHash(token), names: new Map(), ...(client !== undefined && { client }) }
}

async function isSigned(token: string, { keys }: Provider): Promise<boolean> {
  try {
    await verifySignature(token, keys, [...asymmetricAlgorithms])
    return true
  } catch (error) {
    if (error instanceof errors.JOSEError) return false
    throw error
  }
}

/** Nothing for garbage, whatever jose throws for that. */
function readClaims(token: string): AccessTokenClaims | undefined {
  if (token.length > sizeLimit || token.split('.', 4).length !== 3) return undefined
  try {
    const { typ } = decodeProtectedHeader(token) as { typ?: unknown }
    const claims = decodeJwt(token)
    return isAccessToken(typeof typ === 'string' ? typ.toLowerCase() : typ, claims) ? claims : undefined
  } catch {
    return undefined
  }
}

function isAccessToken(typ: unknown, claims: JWTPayload): claims is AccessTokenClaims {
  if (typeof claims.sub !== 'string' || claims.sub === '' || !Number.isFinite(claims.exp)) return false
  if (foreignTypes.includes(claims.typ)) return false
  // Keycloak calls its access tokens `Bearer` in the body; up to version 24 they hold the login's `nonce`.
  if (accessTokenTypes.includes(typ) || (plainTypes.includes(typ) && claims.typ === 'Bearer')) return true
  return plainTypes.includes(typ) && !foreignClaims.some((name) => name in claims)
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
export function subjectOf(found: VerifiedToken, clients: readonly string[]): TokenSubject {
  const { claims, hash } = found
  return {
    token: hash,
    at: typeof claims.iat === 'number' ? claims.iat : 0,
    names: clients.map((client) => found.names.get(client) ?? nameFor(found, client)),
  }
}

function nameFor({ claims: { iss = '', sid, sub }, names }: VerifiedToken, client: string): SubjectName {
  const name = {
    sub: subjectHash(iss, client, sub),
    ...(typeof sid === 'string' && { sid: subjectHash(iss, client, sid) }),
  }
  names.set(client, name)
  return name
}
