/**
 * Logins and logout tokens without signatures: those have no part in any order of events, and cost nine tenths of the time.
 * `vi.mock` puts these in the place of what signs and verifies.
 */
import type * as keys from '../../packages/endsession/src/protocol/keys.ts'
import type * as fakes from '../../packages/endsession/src/testing/fake-keys.ts'

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')

export function unverified(original: typeof keys): typeof keys {
  return { ...original, verifySignature: async () => {} }
}

export function unsigned(original: typeof fakes): typeof fakes {
  const sign = async (claims: object, header: object = {}) =>
    `${encode({ alg: 'ES256', ...header })}.${encode(claims)}.AAAA`
  return { ...original, fakeKeys: (algorithm) => ({ ...original.fakeKeys(algorithm), sign }) }
}
