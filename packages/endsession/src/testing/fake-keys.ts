import { type CryptoKey, exportJWK, generateKeyPair, type JWK, SignJWT } from 'jose'

export type FakeAlgorithm = 'RS256' | 'ES256' | 'EdDSA'

/** Members of a JWS header; one that is `undefined` is left out. */
export type FakeHeader = Readonly<Record<string, unknown>>

/** A fake provider's signing keys: the newest signs. */
export interface FakeKeys {
  /** Signs claims as a compact JWS. `header` is laid over `alg` and `kid`. */
  sign(claims: object, header?: FakeHeader): Promise<string>
  jwks(): Promise<{ keys: JWK[] }>
  /** A new key signs from now on; the old ones leave the JWKS unless `keepOld`. Answers the new `kid`. */
  rotate(how?: { readonly keepOld?: boolean }): string
}

interface FakeKey {
  readonly kid: string
  readonly pair: Promise<{ readonly publicKey: CryptoKey; readonly privateKey: CryptoKey }>
}

export function fakeKeys(algorithm: FakeAlgorithm): FakeKeys {
  let made = 0
  const makeKey = (): FakeKey => ({ kid: `key-${++made}`, pair: generateKeyPair(algorithm, { extractable: true }) })
  let keys: readonly FakeKey[] = [makeKey()]

  return {
    async sign(claims, header = {}) {
      const { kid, pair } = keys.at(-1) as FakeKey
      const { privateKey } = await pair
      return new SignJWT({ ...claims }).setProtectedHeader({ alg: algorithm, kid, ...header }).sign(privateKey)
    },
    async jwks() {
      return { keys: await Promise.all(keys.map((key) => publicJwk(key, algorithm))) }
    },
    rotate({ keepOld = false } = {}) {
      const key = makeKey()
      keys = keepOld ? [...keys, key] : [key]
      return key.kid
    },
  }
}

async function publicJwk({ kid, pair }: FakeKey, alg: string): Promise<JWK> {
  return { ...(await exportJWK((await pair).publicKey)), kid, alg, use: 'sig' }
}
