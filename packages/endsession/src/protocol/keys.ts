import {
  type CompactJWSHeaderParameters,
  type CryptoKey,
  compactVerify,
  createLocalJWKSet,
  errors,
  type FlattenedJWSInput,
  type JSONWebKeySet,
} from 'jose'
import { type Runtime, sleep, within } from '../runtime.ts'
import { providerFailed } from './failures.ts'
import { shareFetch } from './shared-fetch.ts'

/** A provider's public keys (its JWKS), as `jose` asks for them. */
export interface Keys {
  /** The key of this token. Throws jose's `ERR_JWKS_*` when there is none, ERR_PROVIDER when nobody can tell. */
  get(header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey>
  /** Moves when a key has left: whoever remembers verified tokens forgets them then. */
  generation(): number
}

/** Asked for again after this long, so that a key that the provider has withdrawn stops counting. */
const freshSeconds = 600
/** A token whose key is known waits no longer than this for a newer set. */
const refreshWaitSeconds = 1
const waitSeconds = 4
const waitersLimit = 64

/**
 * Keeps the keys of one provider. A token with an unknown `kid` has them fetched again, with a cool-down of 2 s; a
 * token that meets the cool-down waits for the next fetch (64 at a time, 4 s each): providers send a logout token
 * once. While fetches fail the last good keys serve. Does no I/O at creation.
 */
export function createKeys(fetchJwks: (signal: AbortSignal) => Promise<JSONWebKeySet>, runtime: Runtime): Keys {
  let generation = 0
  let waiters = 0

  const fetchKeySet = async (signal: AbortSignal): Promise<KeySet> => {
    const jwks = await fetchJwks(signal)
    const keySet = { names: jwks.keys.map(keyName), find: createLocalJWKSet(jwks) }
    if (hasLost(keys.value, keySet)) generation += 1
    return keySet
  }
  const keys = shareFetch(fetchKeySet, runtime)

  const refreshStale = async (): Promise<void> => {
    if (keys.value === undefined || runtime.monotonic() - keys.askedAt < freshSeconds) return
    if (keys.running || keys.coolDown() === 0) await within(keys.load(), refreshWaitSeconds).catch(() => {})
  }

  const waitForTurn = async (patience: number): Promise<number> => {
    const seconds = keys.coolDown()
    if (seconds > patience || waiters >= waitersLimit) throw notFound(keys.failure)
    waiters += 1
    await sleep(seconds).finally(() => (waiters -= 1))
    return seconds
  }

  const get = async (header: CompactJWSHeaderParameters, token: FlattenedJWSInput): Promise<CryptoKey> => {
    const arrivedAt = runtime.monotonic()
    let slept = 0
    await refreshStale()
    for (;;) {
      const key = await findKey(keys.value, header, token)
      if (key !== undefined) return key
      // A fetch that began before the token came may have missed its key; one that began later has not.
      if (keys.askedAt >= arrivedAt) throw notFound(undefined)
      // What a fetch fails with is told once there is no time left for another.
      if (keys.running || keys.coolDown() === 0) await keys.load().catch(() => {})
      else slept += await waitForTurn(waitSeconds - Math.max(slept, runtime.monotonic() - arrivedAt))
    }
  }

  return { get, generation: () => generation }
}

interface KeySet {
  readonly names: readonly string[]
  readonly find: ReturnType<typeof createLocalJWKSet>
}

async function findKey(
  keySet: KeySet | undefined,
  header: CompactJWSHeaderParameters,
  token: FlattenedJWSInput,
): Promise<CryptoKey | undefined> {
  try {
    return await keySet?.find(header, token)
  } catch (error) {
    if (error instanceof errors.JWKSNoMatchingKey) return undefined
    throw error
  }
}

function notFound(failure: unknown): Error {
  return failure === undefined ? new errors.JWKSNoMatchingKey() : providerFailed(failure)
}

function hasLost(before: KeySet | undefined, after: KeySet): boolean {
  return before !== undefined && before.names.some((name) => !after.names.includes(name))
}

/** The key's public part: a new key under an old `kid` is another key. */
function keyName({ kty, crv, kid, n, e, x, y }: JSONWebKeySet['keys'][number]): string {
  return JSON.stringify([kty, crv, kid, n, e, x, y])
}

/**
 * Verifies the signature of a compact JWS, with each of the keys that fit where the token names none (no `kid`).
 * Does NOT look at the payload. Throws jose's errors, and ERR_PROVIDER when the keys can't be had.
 */
export async function verifySignature(token: string, keys: Keys, algorithms: string[]): Promise<void> {
  try {
    await compactVerify(token, keys.get, { algorithms })
  } catch (error) {
    if (!(error instanceof errors.JWKSMultipleMatchingKeys)) throw error
    await verifyWithAny(token, error, algorithms)
  }
}

async function verifyWithAny(token: string, candidates: AsyncIterable<CryptoKey>, algorithms: string[]): Promise<void> {
  for await (const key of candidates) {
    try {
      await compactVerify(token, key, { algorithms })
      return
    } catch (error) {
      if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error
    }
  }
  throw new errors.JWSSignatureVerificationFailed()
}
