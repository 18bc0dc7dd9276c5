import type { Provider } from '../protocol/provider.ts'
import { isInTime, type VerifiedToken, verifyAccessToken } from './verify.ts'

/** Tokens that this guard has verified, so that none is verified twice. */
export interface VerifiedTokens {
  /** Nothing for a token that is not good. Throws when the provider's keys cannot be had. */
  verify(token: string): Promise<VerifiedToken | undefined>
}

const mostTokens = 10_000
/** A key may leave the provider's set: what it has signed is verified again after this long. */
const freshSeconds = 600

/** Remembered by the whole token: another spelling of the same one is verified by itself. Bad tokens are not remembered. */
export function createVerifiedTokens(provider: Provider, audience: readonly string[]): VerifiedTokens {
  const { runtime, keys } = provider
  const known = new Map<string, { readonly found: VerifiedToken; readonly at: number; readonly generation: number }>()

  return {
    async verify(token) {
      const kept = known.get(token)
      if (kept && kept.generation === keys.generation() && runtime.monotonic() - kept.at < freshSeconds)
        return isInTime(kept.found.claims, runtime.now()) ? kept.found : undefined
      known.delete(token)
      const at = runtime.monotonic()
      // Noted before: a key that leaves during the verification may be the one that it is done with.
      const generation = keys.generation()
      const found = await verifyAccessToken(token, provider, audience)
      if (!found) return undefined
      if (known.size >= mostTokens) known.delete(known.keys().next().value as string)
      known.set(token, { found, at, generation })
      return found
    },
  }
}
