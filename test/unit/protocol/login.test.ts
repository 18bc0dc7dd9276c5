import { SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { authorizationUrl, exchangeCode, readCallback } from '../../../packages/endsession/src/protocol/login.ts'
import { sha256 } from '../../../packages/endsession/src/runtime.ts'
import type { FakeLogin, FakeProviderBehaviours } from '../../../packages/endsession/src/testing/fake-provider.ts'
import { failureOf, type UnderTest, underTest } from './provider-under-test.ts'

const redirectUri = 'https://app.example/auth/callback'
const codeVerifier = 'v'.repeat(43)
const request = { redirectUri, state: 's-1', nonce: 'n-1', codeVerifier, interactive: false }
const expected = { redirectUri, codeVerifier, nonce: 'n-1' }
type Setup = Parameters<typeof underTest>[0]

const asked = async (setup: Setup = {}, over: object = {}) =>
  Object.fromEntries((await authorizationUrl(underTest(setup).provider, { ...request, ...over })).searchParams)

/** As far as the token request. */
async function callback(test: UnderTest, login?: FakeLogin): Promise<URLSearchParams> {
  const url = test.fake.authorize(await authorizationUrl(test.provider, request), login)
  const { params, error } = await readCallback(test.provider, url, 's-1')
  if (params === undefined) throw new Error(error)
  return params
}

async function logIn(behaviours: FakeProviderBehaviours = {}, login?: FakeLogin) {
  const test = underTest({ behaviours })
  return exchangeCode(test.provider, await callback(test, login), expected)
}

describe('authorizationUrl', () => {
  it('[L1] asks for a code with PKCE, state, nonce and auth_time', async () => {
    expect(await asked()).toEqual({
      response_type: 'code',
      client_id: 'app',
      redirect_uri: redirectUri,
      scope: 'openid profile',
      state: 's-1',
      nonce: 'n-1',
      code_challenge: sha256(codeVerifier),
      code_challenge_method: 'S256',
      max_age: '315360000',
    })
  })

  it("[L1] asks for auth_time the profile's way", async () => {
    const claims = await asked({ profile: { authTime: 'claims' } })
    expect(JSON.parse(claims['claims']!)).toEqual({ id_token: { auth_time: { essential: true } } })
    expect(claims).not.toHaveProperty('max_age')
    const never = await asked({ profile: { authTime: 'never' } })
    expect(never).not.toHaveProperty('max_age')
    expect(never).not.toHaveProperty('claims')
  })

  it('[A7] an interactive login makes the person meet the login screen', async () => {
    expect(await asked({}, { interactive: true })).toMatchObject({ prompt: 'login', max_age: '0' })
    expect(
      await asked({ profile: { interactive: { prompt: 'select_account' } } }, { interactive: true }),
    ).toMatchObject({
      prompt: 'select_account',
      max_age: '315360000',
    })
  })

  it('[L11] a probe asks for nothing but an answer', async () => {
    const probe = await asked({}, { prompt: 'none' })
    expect(probe).toMatchObject({ prompt: 'none', state: 's-1' })
    expect(probe).not.toHaveProperty('max_age')
    expect(await asked({ profile: { authTime: 'claims' } }, { prompt: 'none' })).not.toHaveProperty('claims')
  })

  it("[L1] keeps the endpoint's own query", async () => {
    const metadata = { authorization_endpoint: 'https://id.example/authorize?p=signin' }
    expect(await asked({ behaviours: { metadata } })).toMatchObject({ p: 'signin', client_id: 'app' })
  })

  it('[L1] pushes the request where the provider offers that', async () => {
    const test = underTest({ behaviours: { par: true } })
    const url = await authorizationUrl(test.provider, request)
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: 'app',
      request_uri: expect.stringContaining('urn:'),
    })
    const { params } = await readCallback(test.provider, test.fake.authorize(url), 's-1')
    expect((await exchangeCode(test.provider, params!, expected)).claims.sub).toBe('alice')
  })

  it('[L1 A12] a push that fails is ERR_PROVIDER, never a request that was not pushed', async () => {
    const test = underTest({
      behaviours: { par: true, clients: { app: 'another secret' } },
      config: { clientSecret: 'app-secret' },
    })
    expect(await failureOf(authorizationUrl(test.provider, request))).toMatchObject({ code: 'ERR_PROVIDER' })
  })
})

describe('readCallback', () => {
  const read = (query: string, behaviours: FakeProviderBehaviours = {}) =>
    readCallback(underTest({ behaviours }).provider, new URL(`${redirectUri}?${query}`), 's-1')
  const iss = 'iss=https://id.example'

  it("[L2] answers the parameters, or the provider's error, as values", async () => {
    expect((await read(`code=c&state=s-1&${iss}`)).params?.get('code')).toBe('c')
    expect(await read(`error=login_required&state=s-1&${iss}`)).toEqual({ error: 'login_required' })
  })

  it('[L18] an error code that is none is not repeated', async () => {
    for (const code of ['%3Cb%3E%22', '%00', 'x'.repeat(65), '%C3%A4']) {
      expect(await read(`error=${code}&state=s-1&${iss}`)).toEqual({ error: 'unrecognized' })
    }
    expect(await read(`error=${'x'.repeat(64)}&state=s-1&${iss}`)).toEqual({ error: 'x'.repeat(64) })
  })

  const refused = {
    'another state': `code=c&state=s-2&${iss}`,
    'no state': `code=c&${iss}`,
    'an error for another state': `error=login_required&state=s-2&${iss}`,
    'another issuer': 'code=c&state=s-1&iss=https://evil.example',
    'an error by another issuer': 'error=login_required&state=s-1&iss=https://evil.example',
    'no issuer where one is promised': 'code=c&state=s-1',
    'no code': `state=s-1&${iss}`,
    'an empty code': `code=&state=s-1&${iss}`,
    'two codes': `code=a&code=b&state=s-1&${iss}`,
    'two states': `code=a&state=s-1&state=s-2&${iss}`,
    'a JARM response': `response=a.b.c&state=s-1&${iss}`,
    'an implicit answer': `id_token=a.b.c&code=c&state=s-1&${iss}`,
  }
  for (const [what, query] of Object.entries(refused)) {
    it(`[L2 L18] refuses ${what}`, async () => {
      expect(await failureOf(read(query))).toMatchObject({
        code: 'ERR_LOGIN',
        status: 400,
        message: 'The login could not be completed.',
      })
    })
  }

  it('[L2] an issuer that is not promised need not be there, and is checked if it is', async () => {
    expect((await read('code=c&state=s-1', { responseIss: false })).params?.get('code')).toBe('c')
    expect(await failureOf(read('code=c&state=s-1&iss=https://evil.example', { responseIss: false }))).toMatchObject({
      code: 'ERR_LOGIN',
    })
  })
})

describe('exchangeCode', () => {
  for (const algorithm of ['RS256', 'ES256', 'EdDSA'] as const) {
    it(`[L2] answers the login, signed with ${algorithm}`, async () => {
      const login = await logIn(
        { algorithm },
        { sub: 'alice', authTime: 1_799_999_000, claims: { email: 'a@example.org' } },
      )
      expect(login).toMatchObject({
        signedInAt: 1_800_000_000,
        authTime: 1_799_999_000,
        sid: expect.stringMatching(/^sid-/),
        accessTokenExpiresAt: 1_800_003_600,
        claims: { sub: 'alice', email: 'a@example.org' },
        accessToken: expect.stringMatching(/^access-/),
        refreshToken: expect.stringMatching(/^refresh-/),
      })
    })
  }

  it("[M2] signedInAt is the ID token's `iat`, whatever our clock says", async () => {
    expect((await logIn({}, { signInAt: 1_800_000_000 - 50 })).signedInAt).toBe(1_799_999_950)
    expect((await logIn({}, { signInAt: 1_800_000_060 })).signedInAt).toBe(1_800_000_060)
  })

  it('leaves out what the provider left out', async () => {
    const login = await logIn({ omitSid: true, omitAuthTime: true, omitRefreshToken: true, expiresIn: null })
    for (const name of ['sid', 'authTime', 'refreshToken', 'accessTokenExpiresAt', 'sessionExpiry'])
      expect(login).not.toHaveProperty(name)
  })

  it("knows the access token's end from the answer, else from the token", async () => {
    expect((await logIn({ expiresIn: 60 })).accessTokenExpiresAt).toBe(1_800_000_060)
    expect((await logIn({ expiresIn: null, jwtAccessTokens: true })).accessTokenExpiresAt).toBe(1_800_003_600)
  })

  it('[M1] session_expiry is a number, or the login is refused', async () => {
    expect((await logIn({ idTokenClaims: { session_expiry: 1_800_009_999 } })).sessionExpiry).toBe(1_800_009_999)
    for (const session_expiry of ['1800009999', null, true]) {
      expect(await failureOf(logIn({ idTokenClaims: { session_expiry } }))).toMatchObject({ code: 'ERR_LOGIN' })
    }
  })

  it('[L2] an ID token that ended 58 s ago may be a matter of clocks', async () => {
    expect((await logIn({ idTokenClaims: { exp: 1_800_000_000 - 58 } })).signedInAt).toBe(1_800_000_000)
  })

  const badClaims: Record<string, Record<string, unknown>> = {
    'another nonce': { nonce: 'n-2' },
    'no nonce': { nonce: undefined },
    'another issuer': { iss: 'https://evil.example' },
    'another audience': { aud: 'app2' },
    'a second audience without azp': { aud: ['app', 'app2'] },
    'no sub': { sub: undefined },
    'an empty sub': { sub: '' },
    'an expired token': { exp: 1_800_000_000 - 61 },
    'a token from 61 s ahead': { iat: 1_800_000_061 },
    'an iat in text': { iat: '1800000000' },
    'an auth_time in text': { auth_time: '1' },
  }
  for (const [what, idTokenClaims] of Object.entries(badClaims)) {
    it(`[L2] refuses ${what}`, async () => {
      expect(await failureOf(logIn({ idTokenClaims }))).toMatchObject({ code: 'ERR_LOGIN', status: 400 })
    })
  }

  it('[L2] a code counts once, for this verifier and this redirect URI', async () => {
    const test = underTest()
    const params = await callback(test)
    const again = new URLSearchParams(params)
    await exchangeCode(test.provider, params, expected)
    expect(await failureOf(exchangeCode(test.provider, params, expected))).toMatchObject({ code: 'ERR_LOGIN' })
    expect(again.get('code')).toBe(params.get('code'))
    for (const wrong of [{ codeVerifier: 'w'.repeat(43) }, { redirectUri: `${redirectUri}2` }]) {
      expect(
        await failureOf(exchangeCode(test.provider, await callback(test), { ...expected, ...wrong })),
      ).toMatchObject({ code: 'ERR_LOGIN' })
    }
  })

  /** A provider whose token endpoint hands out this ID token. */
  const withIdToken = async (forge: (test: UnderTest) => Promise<string>, behaviours: FakeProviderBehaviours = {}) => {
    const test = underTest({ behaviours })
    const token = await forge(test)
    const fetch: typeof globalThis.fetch = async (input, init) => {
      const response = await test.fake.fetch(input, init)
      if (!String(input).endsWith('/token')) return response
      return Response.json({ ...((await response.json()) as object), id_token: token })
    }
    const forged = { ...test, provider: underTest({ behaviours, runtime: { fetch } }).provider }
    return exchangeCode(forged.provider, await callback(forged), expected)
  }
  const claims = {
    iss: 'https://id.example',
    aud: 'app',
    sub: 'mallory',
    nonce: 'n-1',
    iat: 1_800_000_000,
    exp: 1_800_000_600,
  }

  it("[L2] the ID token's signature counts, TLS or not", async () => {
    expect((await withIdToken(({ fake }) => fake.sign(claims))).claims.sub).toBe('mallory')
    expect(await failureOf(withIdToken(() => underTest().fake.sign(claims)))).toMatchObject({ code: 'ERR_LOGIN' })
    const part = (value: object) => btoa(JSON.stringify(value)).replace(/=+$/, '')
    const unsigned = async () => `${part({ alg: 'none' })}.${part(claims)}.`
    const metadata = { id_token_signing_alg_values_supported: ['none', 'HS256', 'ES256'] }
    expect(await failureOf(withIdToken(unsigned, { metadata }))).toMatchObject({ code: 'ERR_LOGIN' })
    const symmetric = () =>
      new SignJWT(claims).setProtectedHeader({ alg: 'HS256' }).sign(new TextEncoder().encode('app-secret'.repeat(4)))
    expect(await failureOf(withIdToken(symmetric, { metadata }))).toMatchObject({ code: 'ERR_LOGIN' })
  })

  const faults: [what: string, code: string, fault: FakeProviderBehaviours][] = [
    ['a provider that is down', 'ERR_PROVIDER', { down: true }],
    ['503', 'ERR_PROVIDER', { status: 503 }],
    ['429', 'ERR_PROVIDER', { status: 429 }],
    ['a provider that takes 6 s', 'ERR_PROVIDER', { slowSeconds: 6 }],
    ['garbage', 'ERR_LOGIN', { garbage: true }],
    ['a redirect', 'ERR_LOGIN', { status: 302 }],
    ['a wrong secret', 'ERR_LOGIN', { clients: { app: 'changed' } }],
  ]
  for (const [what, code, fault] of faults) {
    it.concurrent(`[A12] ${what} is ${code}, in fixed words`, async () => {
      const test = underTest()
      const params = await callback(test)
      Object.assign(test.fake.behaviours, fault)
      const error = await failureOf(exchangeCode(test.provider, params, expected))
      expect(error).toMatchObject({
        code,
        message: expect.stringMatching(/^The (identity provider did not|login could not)/),
      })
    })
  }

  it('[A12] keys out of reach are ERR_PROVIDER', async () => {
    const test = underTest({ behaviours: { jwksDown: true } })
    expect(await failureOf(exchangeCode(test.provider, await callback(test), expected))).toMatchObject({
      code: 'ERR_PROVIDER',
    })
  })
})
