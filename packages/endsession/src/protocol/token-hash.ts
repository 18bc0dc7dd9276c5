import { decodeJwt, decodeProtectedHeader } from 'jose'
import { sha256 } from '../runtime.ts'
import { toleranceSeconds } from './provider.ts'

/**
 * The name by which marks and guards know a token: SHA-256 (base64url) of a JWT's signing input, of the whole token if
 * it is opaque. The signature is left out because one signature has several spellings, and an ended token must not
 * come back in another one. Verifies nothing.
 */
export function tokenHash(token: string): string {
  return sha256(isSigned(token) ? token.slice(0, token.lastIndexOf('.')) : token)
}

/**
 * A token as sessions and marks know it, and until when they do: services look at a JWT's own `exp`, whatever `expires_in`
 * said of it, and may take it a minute longer (`toleranceSeconds`), by a clock that is a minute behind.
 */
export function knownToken(token: string, expiresAt: number): { readonly hash: string; readonly expiresAt: number } {
  return { hash: tokenHash(token), expiresAt: Math.max(expiresAt, expiryInside(token)) + 2 * toleranceSeconds }
}

function expiryInside(token: string): number {
  try {
    const { exp } = isSigned(token) ? decodeJwt(token) : {}
    return typeof exp === 'number' && Number.isFinite(exp) ? exp : 0
  } catch {
    return 0
  }
}

/** By its header, not by its dots: opaque tokens may hold dots, and two of them must not share a hash. */
function isSigned(token: string): boolean {
  if (token.split('.', 4).length !== 3) return false
  try {
    return typeof decodeProtectedHeader(token).alg === 'string'
  } catch {
    return false
  }
}
