import { decodeProtectedHeader } from 'jose'
import { sha256 } from '../runtime.ts'

/**
 * The name by which marks and guards know a token: SHA-256 (base64url) of a JWT's signing input, of the whole token if
 * it is opaque. The signature is left out because one signature has several spellings, and an ended token must not
 * come back in another one. Verifies nothing.
 */
export function tokenHash(token: string): string {
  return sha256(isSigned(token) ? token.slice(0, token.lastIndexOf('.')) : token)
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
