import { describe, expect, it } from 'vitest'
import { revokeToken } from '../../../packages/endsession/src/protocol/revoke.ts'
import { deadline } from '../../../packages/endsession/src/runtime.ts'
import type { FakeProviderBehaviours } from '../../../packages/endsession/src/testing/fake-provider.ts'
import { underTest } from './provider-under-test.ts'

const revoke = async (behaviours: FakeProviderBehaviours, seconds = 3) => {
  const test = underTest({ behaviours })
  return { ...test, answer: await revokeToken(test.provider, 'rt', 'refresh_token', deadline(seconds)) }
}

describe('revokeToken', () => {
  it('[L10] revokes, with the hint, authenticated', async () => {
    const { fake, answer } = await revoke({})
    expect(answer).toEqual({ outcome: 'revoked', status: 200 })
    expect(fake.revokedTokens).toEqual(['rt'])
    expect(Object.fromEntries(fake.requests.at(-1)!.body)).toEqual({ token: 'rt', token_type_hint: 'refresh_token' })
  })

  const table: [what: string, behaviours: FakeProviderBehaviours, answer: object][] = [
    ['no endpoint', { noRevocation: true }, { outcome: 'unsupported' }],
    ['unsupported_token_type', { revocationError: 'unsupported_token_type' }, { outcome: 'unsupported', status: 400 }],
    ['another error', { revocationError: 'invalid_request' }, { outcome: 'failed', status: 400 }],
    ['an unreadable 400', { revocationStatus: 400 }, { outcome: 'failed', status: 400 }],
    ['503', { revocationStatus: 503 }, { outcome: 'failed', status: 503 }],
    ['a redirect', { revocationStatus: 302 }, { outcome: 'failed', status: 302 }],
    ['204', { revocationStatus: 204 }, { outcome: 'revoked', status: 204 }],
    ['a wrong secret', { clients: { app: undefined } }, { outcome: 'failed', status: 401 }],
    ['a provider that is down', { down: true }, { outcome: 'failed' }],
  ]
  for (const [what, behaviours, expected] of table) {
    it(`[L10] ${what}: ${JSON.stringify(expected)}`, async () => {
      const test = underTest({ behaviours, config: { clientSecret: 'app-secret' } })
      expect(await revokeToken(test.provider, 'rt', 'refresh_token', deadline(3))).toEqual(expected)
    })
  }

  it('[L10] the profile may know that there is no revocation', async () => {
    const test = underTest({ profile: { revocation: 'none' } })
    expect(await revokeToken(test.provider, 'rt', 'refresh_token', deadline(3))).toEqual({ outcome: 'unsupported' })
    expect(test.fake.requests).toEqual([])
  })

  it('[A12 L10] has answered when the deadline is over, also by a `fetch` without ears', async () => {
    const test = underTest({ runtime: { fetch: () => new Promise(() => {}) } })
    expect(await revokeToken(test.provider, 'rt', 'refresh_token', deadline(0.2))).toEqual({ outcome: 'failed' })
    expect((await revoke({ slowSeconds: 5 }, 0.1)).answer).toEqual({ outcome: 'failed' })
    expect(await revokeToken(test.provider, 'rt', 'refresh_token', AbortSignal.abort())).toEqual({ outcome: 'failed' })
  })
})
