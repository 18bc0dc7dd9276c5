import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { refreshTokens } from '../../../packages/endsession/src/protocol/refresh.ts'
import type { Runtime } from '../../../packages/endsession/src/runtime.ts'
import { failureOf, underTest } from './provider-under-test.ts'

type Answer = () => Response | Promise<Response>

/** A provider whose token endpoint answers just this. */
function answering(answer: Answer, parts: Partial<Runtime> = {}) {
  const sent: URLSearchParams[] = []
  const fetchFromFake: typeof fetch = (input, init) => {
    if (!String(input).endsWith('/token')) return test.fake.fetch(input, init)
    sent.push(new URLSearchParams(String(init?.body)))
    return Promise.resolve().then(answer)
  }
  const test = underTest({ runtime: { fetch: fetchFromFake, ...parts } })
  const idToken = (claims: object = {}, header: Record<string, unknown> = {}) => {
    const now = test.clock.now()
    return test.fake.sign(
      { iss: test.fake.issuer, aud: 'app', sub: 'alice', iat: now, exp: now + 3600, ...claims },
      header,
    )
  }
  return { ...test, sent, idToken, refresh: () => refreshTokens(test.provider, 'rt-1', 'alice') }
}

const good = { access_token: 'at-2', token_type: 'Bearer', expires_in: 60 }
const json =
  (body: object, status = 200): Answer =>
  () =>
    Response.json(body, { status })

describe('refreshTokens', () => {
  it('[L20] trades the refresh token, authenticated, and answers what came', async () => {
    const test = answering(json({ ...good, refresh_token: 'rt-2' }))
    expect(await test.refresh()).toEqual({
      accessToken: 'at-2',
      accessTokenExpiresAt: test.clock.now() + 60,
      refreshToken: 'rt-2',
    })
    expect(Object.fromEntries(test.sent[0]!)).toEqual({ grant_type: 'refresh_token', refresh_token: 'rt-1' })
  })

  it('[A9] what the provider does not send is absent: the old one goes on', async () => {
    expect(await answering(json({ access_token: 'at-2', token_type: 'Bearer' })).refresh()).toEqual({
      accessToken: 'at-2',
    })
  })

  it('[A9 M1] a new ID token comes along, and how long its session_expiry leaves, by its own clock', async () => {
    const test = answering(async () =>
      Response.json({ ...good, id_token: await test.idToken({ iat: 1_800_000_030, session_expiry: 1_800_000_130 }) }),
    )
    expect(await test.refresh()).toMatchObject({ idToken: expect.stringContaining('.'), sessionSeconds: 100 })
  })

  it('[A9] an ID token that cannot be verified for want of keys is left out, with all that it says', async () => {
    const test = answering(async () => Response.json({ ...good, id_token: await test.idToken({ session_expiry: 1 }) }))
    test.fake.behaviours.jwksDown = true
    expect(await test.refresh()).toEqual({ accessToken: 'at-2', accessTokenExpiresAt: test.clock.now() + 60 })
  })

  it('[L20] invalid_grant is `refused`, and nothing else is', async () => {
    expect(await answering(json({ error: 'invalid_grant' }, 400)).refresh()).toBe('refused')
    expect(await answering(json({ error: 'invalid_grant' }, 401)).refresh()).toBe('refused')
    for (const answer of [
      json({ error: 'invalid_grant' }, 500),
      json({ error: 'invalid_grant' }, 429),
      json({ error: 'invalid_grant' }, 200),
      json({ error: 'invalid_client' }, 401),
    ])
      expect((await failureOf(answering(answer).refresh())).code).toBe('ERR_PROVIDER')
  })

  it.each([
    ['of somebody else', { sub: 'mallory' }, {}],
    ['of another client', { aud: 'other' }, {}],
    ['that is too old', { exp: 1_799_999_000 }, {}],
    ['with a session_expiry that is no number', { session_expiry: 'soon' }, {}],
    ['of a key that there is not', {}, { kid: 'key-99' }],
  ])('[A8 L20] an ID token %s is refused, and no token stands in the error', async (_, claims, header) => {
    const test = answering(async () =>
      Response.json({ ...good, refresh_token: 'rt-2', id_token: await test.idToken(claims, header) }),
    )
    const error = await failureOf(test.refresh())
    expect(error.code).toBe('ERR_PROVIDER')
    expect(inspect(error, { depth: 10 })).not.toMatch(/at-2|rt-[12]|eyJ|mallory/)
  })

  it('[A6] an answer that is none holds tokens, and its error does not', async () => {
    for (const wrong of [{ token_type: 7 }, { expires_in: 'soon' }, { scope: 7 }]) {
      const error = await failureOf(answering(json({ ...good, refresh_token: 'rt-2', ...wrong })).refresh())
      expect(inspect(error, { depth: 10 })).not.toMatch(/at-2|rt-[12]/)
    }
  })

  it('[A12 L20] has an end, also by a `fetch` without ears', async () => {
    expect((await failureOf(answering(() => new Promise(() => {})).refresh())).code).toBe('ERR_PROVIDER')
  })
})
