import { decodeJwt, decodeProtectedHeader } from 'jose'
import { describe, expect, it } from 'vitest'
import { sha256 } from '../../../packages/endsession/src/runtime.ts'
import { type FakeProvider, fakeProvider, testClock } from '../../../packages/endsession/src/testing/index.ts'

const verifier = 'v'.repeat(43)
const authorization = (fake: FakeProvider, over: Record<string, string> = {}) =>
  `${fake.issuer}/authorize?${new URLSearchParams({
    client_id: 'app',
    redirect_uri: 'https://app.example/cb',
    state: 's',
    nonce: 'n',
    code_challenge: sha256(verifier),
    max_age: '100000',
    ...over,
  })}`

function post(fake: FakeProvider, path: string, body: Record<string, string>): Promise<Response> {
  const headers = { authorization: `Basic ${btoa('app:app-secret')}` }
  return fake.fetch(`${fake.issuer}${path}`, { method: 'POST', headers, body: new URLSearchParams(body) })
}

async function redeem(fake: FakeProvider, back: URL): Promise<any> {
  const code = back.searchParams.get('code')!
  const redeemed = {
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri: 'https://app.example/cb',
  }
  return (await post(fake, '/token', redeemed)).json()
}

describe('fakeProvider', () => {
  it('a second login in the same browser meets the same session; prompt=login a new authentication', async () => {
    const clock = testClock()
    const fake = fakeProvider({ now: clock.now })
    const first = decodeJwt((await redeem(fake, fake.authorize(authorization(fake), { sub: 'bob' }))).id_token)
    expect(first).toMatchObject({ sub: 'bob', auth_time: 1_800_000_000, nonce: 'n' })
    clock.advance(100)
    const second = decodeJwt((await redeem(fake, fake.authorize(authorization(fake)))).id_token)
    expect(second).toMatchObject({ sub: 'bob', sid: first['sid'], auth_time: 1_800_000_000, iat: 1_800_000_100 })
    const third = decodeJwt((await redeem(fake, fake.authorize(authorization(fake, { prompt: 'login' })))).id_token)
    expect(third).toMatchObject({ sid: first['sid'], auth_time: 1_800_000_100 })
    const other = decodeJwt((await redeem(fake, fake.authorize(authorization(fake), { browser: 'phone' }))).id_token)
    expect(other['sid']).not.toBe(first['sid'])
  })

  it('prompt=none answers login_required without a session, and never asks', () => {
    const fake = fakeProvider()
    const probe = () => fake.authorize(authorization(fake, { prompt: 'none' })).searchParams
    expect(probe().get('error')).toBe('login_required')
    expect(fake.signedIn()).toBe(false)
    fake.authorize(authorization(fake))
    expect(probe().has('code')).toBe(true)
    expect(fake.endSession(`${fake.issuer}/end-session`).ended).toBe(true)
    expect(probe().get('error')).toBe('login_required')
  })

  it('end-session sends back with state, also when the person declines', async () => {
    const fake = fakeProvider()
    const { id_token } = await redeem(fake, fake.authorize(authorization(fake)))
    const url = `${fake.issuer}/end-session?id_token_hint=${id_token}&post_logout_redirect_uri=https://app.example/out&state=x`
    const declined = fake.endSession(url, { decline: true })
    expect(declined).toMatchObject({ ended: false, hint: { sub: 'alice' }, parameters: { state: 'x' } })
    expect(declined.redirect?.href).toBe('https://app.example/out?state=x')
    expect(fake.signedIn()).toBe(true)
    expect(fake.endSession(url).ended).toBe(true)
    expect(fake.endSession(`${fake.issuer}/end-session?id_token_hint=null`)).toEqual({
      ended: false,
      error: 'hint',
      parameters: { id_token_hint: 'null' },
    })
  })

  it('revoking a refresh token ends its grant', async () => {
    const fake = fakeProvider()
    const { access_token, refresh_token } = await redeem(fake, fake.authorize(authorization(fake)))
    const { refresh_token: next } = (await (
      await post(fake, '/token', { grant_type: 'refresh_token', refresh_token })
    ).json()) as any
    expect([access_token, refresh_token, next].map(fake.alive)).toEqual([true, true, true])
    await post(fake, '/revoke', { token: next })
    expect([access_token, refresh_token, next].map(fake.alive)).toEqual([false, false, false])
    expect(fake.revokedTokens).toEqual([next])
    expect((await post(fake, '/token', { grant_type: 'refresh_token', refresh_token })).status).toBe(400)
  })

  it('checks client, code and verifier', async () => {
    const fake = fakeProvider()
    const back = fake.authorize(authorization(fake))
    const body = {
      grant_type: 'authorization_code',
      code: back.searchParams.get('code')!,
      redirect_uri: 'https://app.example/cb',
    }
    expect((await fake.fetch(`${fake.issuer}/token`, { method: 'POST', body: new URLSearchParams(body) })).status).toBe(
      401,
    )
    expect((await post(fake, '/token', { ...body, code_verifier: 'wrong' })).status).toBe(400)
    expect((await post(fake, '/token', { ...body, code_verifier: verifier })).status).toBe(400)
  })

  it('its faults can be switched while it runs (need 35)', async () => {
    const fake = fakeProvider()
    const status = async () => (await fake.fetch(`${fake.issuer}/jwks`)).status
    expect(await status()).toBe(200)
    fake.behaviours.jwksDown = true
    expect(await status()).toBe(503)
    fake.behaviours.down = true
    await expect(status()).rejects.toThrow('fetch failed')
    expect(fake.count('jwks')).toBe(3)
    fake.behaviours.slowSeconds = 5
    await expect(fake.fetch(`${fake.issuer}/jwks`, { signal: AbortSignal.timeout(50) })).rejects.toThrow()
  })

  it('mints logout tokens, good ones and any others', async () => {
    const fake = fakeProvider({ now: testClock().now })
    const token = await fake.logoutToken({ sid: 's', exp: undefined, nonce: 'x' }, { typ: 'JWT' })
    expect(decodeProtectedHeader(token)).toEqual({ alg: 'ES256', kid: 'key-1', typ: 'JWT' })
    expect(decodeJwt(token)).toEqual({
      iss: fake.issuer,
      aud: 'app',
      iat: 1_800_000_000,
      jti: 'logout-1',
      sid: 's',
      nonce: 'x',
      events: { 'http://schemas.openid.net/event/backchannel-logout': {} },
    })
    expect(decodeProtectedHeader(await fake.logoutToken())).toMatchObject({ typ: 'logout+jwt' })
    fake.rotateKeys()
    expect(decodeProtectedHeader(await fake.logoutToken()).kid).toBe('key-2')
  })

  it('error of the person, and tokens as asked for', async () => {
    const fake = fakeProvider({ omitSid: true, fatIdTokenBytes: 5000, expiresIn: null })
    expect(fake.authorize(authorization(fake), { error: 'access_denied' }).searchParams.get('error')).toBe(
      'access_denied',
    )
    const tokens = await redeem(fake, fake.authorize(authorization(fake), { claims: { email: 'a@b' }, signInAt: 5 }))
    expect(tokens).not.toHaveProperty('expires_in')
    expect(tokens.id_token.length).toBeGreaterThan(5000)
    expect(decodeJwt(tokens.id_token)).toMatchObject({ email: 'a@b', iat: 5 })
    expect(decodeJwt(tokens.id_token)).not.toHaveProperty('sid')
  })
})

describe('fakeProvider without OpenID', () => {
  const open = () => fakeProvider({ withoutOpenid: true, user: (sub) => ({ id: 7, login: sub }) })
  const get = (fake: FakeProvider, path: string, token = '') =>
    fake.fetch(`${fake.issuer}${path}`, { headers: { authorization: `Bearer ${token}` } })

  it('has no discovery, no keys and no ID tokens; its user endpoint says who has signed in', async () => {
    const fake = open()
    for (const path of ['/.well-known/openid-configuration', '/jwks']) expect((await get(fake, path)).status).toBe(404)
    const tokens = await redeem(fake, fake.authorize(authorization(fake), { sub: 'bob' }))
    expect(tokens).not.toHaveProperty('id_token')
    expect(await (await get(fake, '/user', tokens.access_token)).json()).toEqual({ id: 7, login: 'bob' })
    expect((await get(fake, '/user', 'made-up')).status).toBe(401)
    expect(fake.count('user')).toBe(2)
  })

  it('ends an access token by its own call: of its own client, and one that there is', async () => {
    const fake = open()
    const { access_token, refresh_token } = await redeem(fake, fake.authorize(authorization(fake)))
    const end = async (client: string, secret: string) => {
      const headers = { authorization: `Basic ${btoa(`app:${secret}`)}` }
      const call = { method: 'DELETE', headers, body: JSON.stringify({ access_token }) }
      return (await fake.fetch(`${fake.issuer}/applications/${client}/token`, call)).status
    }
    expect([await end('app', 'wrong'), await end('other', 'app-secret'), fake.alive(access_token)]).toEqual([
      401,
      401,
      true,
    ])
    expect([await end('app', 'app-secret'), await end('app', 'app-secret')]).toEqual([204, 404])
    expect([access_token, refresh_token].map(fake.alive)).toEqual([false, true])
  })

  it('a code that was asked for without PKCE is redeemed without, and only so', async () => {
    const fake = open()
    const body = async () => ({
      grant_type: 'authorization_code',
      redirect_uri: 'https://app.example/cb',
      code: fake
        .authorize(`${authorization(fake)}&code_challenge=`.replace(/code_challenge=[^&]+&/, ''))
        .searchParams.get('code')!,
    })
    expect((await post(fake, '/token', { ...(await body()), code_verifier: verifier })).status).toBe(400)
    expect((await post(fake, '/token', await body())).status).toBe(200)
  })
})

describe('testClock', () => {
  it('moves when told, forward only', () => {
    const clock = testClock(100)
    clock.advance(1.5)
    expect([clock.now(), clock.monotonic()]).toEqual([101.5, 1.5])
    expect(() => clock.advance(-1)).toThrow(RangeError)
  })
})
