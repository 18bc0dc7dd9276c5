/**
 * Auth.js's session cookie, sealed by us: a reader that does not ask us finds nothing in it, and takes an ended session for
 * none. It costs a part of what Auth.js's own encryption costs at each read.
 */
import { fromBase64url, type Runtime, toBase64url } from '../../runtime.ts'
import type { Sealer } from '../../session/sealing.ts'
import type { Claims } from './library.ts'

/** What the cookie holds. The handle is beside the claims, not among them: what the app writes there cannot replace it. */
export interface HostCookie {
  readonly claims: Claims
  readonly handle: string
}

interface Sealed extends HostCookie {
  /** Epoch seconds. */
  readonly until: number
}

const prefix = 'es1.'

/** `name`: the cookie's; it opens under no other. */
export function sealHostCookie(
  sealer: Sealer,
  runtime: Runtime,
  name: string,
  { claims, handle }: HostCookie,
  seconds: number,
): string {
  const now = Math.floor(runtime.now())
  const until = now + seconds
  // As Auth.js has them in its own.
  const stamped = { ...claims, iat: now, exp: until, jti: toBase64url(runtime.randomBytes(12)) }
  const sealed = sealer.seal('host', name, { claims: stamped, handle, until } satisfies Sealed)
  return prefix + toBase64url(sealed)
}

/** Nothing for what is not ours, is too old, or was changed by a single bit. */
export function openHostCookie(sealer: Sealer, runtime: Runtime, name: string, value: string): HostCookie | undefined {
  const sealed = value.startsWith(prefix) ? fromBase64url(value.slice(prefix.length)) : undefined
  const held = sealed && (sealer.open('host', name, sealed) as Sealed | undefined)
  return held && held.until > runtime.now() ? held : undefined
}
