import { decodeProtectedHeader } from 'jose'
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
 * A token as sessions and marks know it, and until when they do: services may take it a minute past its `exp`
 * (`toleranceSeconds`), by a clock that is a minute behind.
 */
export function knownToken(token: string, expiresAt: number): { readonly hash: string; readonly expiresAt: number } {
  return { hash: tokenHash(token), expiresAt: expiresAt + 2 * toleranceSeconds }
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
