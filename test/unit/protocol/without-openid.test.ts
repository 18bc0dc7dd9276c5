import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { Profile } from '../../../packages/endsession/src/profiles/profile.ts'
import { authorizationUrl, exchangeCode, readCallback } from '../../../packages/endsession/src/protocol/login.ts'
import { refreshTokens } from '../../../packages/endsession/src/protocol/refresh.ts'
import { revokeToken } from '../../../packages/endsession/src/protocol/revoke.ts'
import { personId } from '../../../packages/endsession/src/protocol/user.ts'
import { checkProvider } from '../../../packages/endsession/src/resolve-providers.ts'
import { deadline } from '../../../packages/endsession/src/runtime.ts'
import type { FakeProviderBehaviours } from '../../../packages/endsession/src/testing/fake-provider.ts'
import { failureOf, type UnderTest, underTest } from './provider-under-test.ts'

const redirectUri = 'https://app.example/auth/callback'
const expected = { redirectUri, codeVerifier: 'v'.repeat(43), nonce: 'n-1' }
const request = { ...expected, state: 's-1', interactive: false }

/** A provider without OpenID, played by the fake at its real addresses. `answer`: in place of its user endpoint's. */
function plain(
  name: string,
  behaviours: FakeProviderBehaviours = {},
  answer?: () => Response | Promise<Response>,
  profile: Partial<Profile> = {},
) {
  const options = { clientId: 'app', clientSecret: 'app-secret', profile: { name, ...profile } }
  const config = checkProvider(options, 'provider', (path, what) => expect.unreachable(`${path} ${what}`))
  const sent: { readonly url: string; readonly headers: Headers; readonly body: string; readonly redirect: unknown }[] =
    []
  const fetchFromFake: typeof fetch = async (input, init) => {
    const { headers, body = '', redirect } = init ?? {}
    sent.push({ url: String(input), headers: new Headers(headers), body: String(body), redirect })
    const isUser = answer && (init?.method ?? 'GET') === 'GET'
    return isUser ? answer() : test.fake.fetch(input, init)
  }
  const test: UnderTest = underTest({
    behaviours: { withoutOpenid: true, issuer: config.issuer, expiresIn: null, ...behaviours },
    config,
    runtime: { fetch: fetchFromFake },
  })
  return { ...test, sent }
}

async function logIn(test: UnderTest, sub = 'alice') {
  const back = test.fake.authorize(await authorizationUrl(test.provider, request), { sub })
  const callback = await readCallback(test.provider, back, 's-1')
  return exchangeCode(test.provider, callback.params!, expected)
}

const parametersOf = async (name: string, interactive = false) => {
  const url = await authorizationUrl(plain(name).provider, { ...request, interactive })
  return [url.origin + url.pathname, Object.fromEntries(url.searchParams)] as const
}

describe('the login at a provider without OpenID', () => {
  it('[L1] goes to its own address with code, PKCE and state, and asks for nothing that it does not know', async () => {
    const [address, parameters] = await parametersOf('github')
    expect(address).toBe('https://github.com/login/oauth/authorize')
    expect(Object.keys(parameters).toSorted().join(' ')).toBe(
      'client_id code_challenge code_challenge_method redirect_uri response_type state',
    )
    const [, discord] = await parametersOf('discord')
    expect(discord).toMatchObject({ scope: 'identify' })
    const [, linkedin] = await parametersOf('linkedin')
    expect(Object.keys(linkedin).filter((key) => /^code|nonce/.test(key))).toEqual([])
  })

  it('[A7] after a logout it is sent what makes people meet its screen, as far as it has that', async () => {
    expect((await parametersOf('github', true))[1]).toMatchObject({ prompt: 'select_account' })
    expect((await parametersOf('discord', true))[1]).toMatchObject({ prompt: 'consent' })
    expect((await parametersOf('facebook', true))[1]).toMatchObject({ auth_type: 'reauthenticate' })
  })

  it('[L27] the person is whom its user endpoint names, asked with the token that our code and secret got', async () => {
    const user = () => ({ id: 583231, login: 'alice', name: 'Alice', avatar_url: 'https://a.example/1', bio: 'no' })
    const test = plain('github', { user })
    const login = await logIn(test)
    expect(login).toEqual({
      claims: { sub: '583231', name: 'Alice', preferred_username: 'alice', picture: 'https://a.example/1' },
      signedInAt: 1_800_000_000,
      accessToken: expect.stringMatching(/^access-/),
      refreshToken: expect.stringMatching(/^refresh-/),
    })
    const [token, asked] = test.sent
    expect(Object.fromEntries(new URLSearchParams(token?.body))).toMatchObject({ client_secret: 'app-secret' })
    expect([asked?.url, asked?.headers.get('authorization'), asked?.headers.get('user-agent')]).toEqual([
      'https://api.github.com/user',
      `Bearer ${login.accessToken}`,
      'endsession',
    ])
    // A redirect would take the token elsewhere.
    expect(test.sent.map(({ redirect }) => redirect)).toEqual(['manual', 'manual'])
  })

  it('[L2] an answer that names another issuer is refused, and so is none where it names itself (RFC 9207)', async () => {
    const { provider } = plain('github')
    const back = (iss: string) => new URL(`${redirectUri}?code=c&state=s-1${iss}`)
    const good = `&iss=${encodeURIComponent('https://github.com/login/oauth')}`
    expect((await readCallback(provider, back(good), 's-1')).params?.get('code')).toBe('c')
    for (const wrong of ['', '&iss=https://github.com', '&iss=https://evil.example'])
      expect(await failureOf(readCallback(provider, back(wrong), 's-1'))).toMatchObject({ code: 'ERR_LOGIN' })
    const discord = plain('discord').provider
    expect((await readCallback(discord, back(''), 's-1')).params?.get('code')).toBe('c')
    expect(await failureOf(readCallback(discord, back(good), 's-1'))).toMatchObject({ code: 'ERR_LOGIN' })
  })

  it('[L27 L2] a token in the answer is no code: no other app’s token gets in', async () => {
    const test = plain('discord')
    const back = new URL(`${redirectUri}?state=s-1&access_token=stolen&token_type=Bearer`)
    expect(await failureOf(readCallback(test.provider, back, 's-1'))).toMatchObject({ code: 'ERR_LOGIN' })
    expect(test.sent).toEqual([])
  })

  it('[L2] a code of somebody else’s login is of no use in this one, and asks nobody who it is', async () => {
    const test = plain('github')
    const url = await authorizationUrl(test.provider, { ...request, codeVerifier: 'w'.repeat(43) })
    const callback = await readCallback(test.provider, test.fake.authorize(url, { sub: 'victim' }), 's-1')
    expect(await failureOf(exchangeCode(test.provider, callback.params!, expected))).toMatchObject({
      code: 'ERR_LOGIN',
    })
    expect(test.fake.count('user')).toBe(0)
  })

  it('[L2] an error that comes with 200 is an error', async () => {
    const test = plain('github', { errorStatus: 200 })
    const params = (await readCallback(test.provider, await backOf(test), 's-1')).params!
    await exchangeCode(test.provider, params, expected)
    expect(await failureOf(exchangeCode(test.provider, params, expected))).toMatchObject({ code: 'ERR_LOGIN' })
    expect(await refreshTokens(test.provider, 'refresh-0', 'alice')).toBe('refused')
  })

  it('[L27] an ID token that it sends along is not looked at', async () => {
    const test = plain('linkedin', { user: (sub) => ({ sub, email: 'a@example.org', email_verified: true }) })
    const { fetch: fetchFromFake } = test.fake
    const withIdToken: typeof fetch = async (input, init) => {
      const response = await fetchFromFake(input, init)
      const body = (await response.json()) as object
      return Response.json({ ...body, id_token: 'no.jwt.at all' }, { status: response.status })
    }
    const other = underTest({ config: test.provider.config, runtime: { fetch: withIdToken } })
    const callback = await readCallback(test.provider, await backOf(test), 's-1')
    const login = await exchangeCode(other.provider, callback.params!, expected)
    expect(login.claims).toEqual({ sub: 'alice', email: 'a@example.org', email_verified: true })
    expect(login).not.toHaveProperty('idToken')
  })

  async function backOf(test: UnderTest): Promise<URL> {
    return test.fake.authorize(await authorizationUrl(test.provider, request))
  }
})

describe('what the user endpoint says', () => {
  const people: [what: string, answer: unknown][] = [
    ['no id', { login: 'alice' }],
    ['an id that is null', { id: null }],
    ['an empty id', { id: '' }],
    ['an id of spaces', { id: ' 1' }],
    ['an id that is 0', { id: 0 }],
    ['an id with a fraction', { id: 1.5 }],
    ['a list', [{ id: 1 }]],
    ['text', 'alice'],
    ['nothing', null],
    ['an id of 300 letters', { id: 'x'.repeat(300) }],
    ['an id that is an object', { id: { toString: 'alice' } }],
    ['an id that it inherits', { __proto__: { id: 1 } }],
  ]
  it.each(people)('[L27 L2] %s names nobody', async (_, body) => {
    const test = plain('github', {}, () => Response.json(body))
    expect(await failureOf(logIn(test))).toMatchObject({ code: 'ERR_LOGIN', status: 400 })
  })

  it('[L27] the id may be deeper inside, where the profile says so; what was not sent is not there', async () => {
    const people = () => Response.json({ data: [{ id: 7 }], id: 8 })
    const sub = async (userId: string) => (await logIn(plain('github', {}, people, { userId }))).claims.sub
    expect(await sub('data.0.id')).toBe('7')
    for (const userId of ['data.1.id', 'data', 'constructor.name', 'data.length.constructor.name'])
      expect(await failureOf(sub(userId))).toMatchObject({ code: 'ERR_LOGIN' })
  })

  it('[L27 L2] two people whose ids are rounded to one number are not one person', async () => {
    const test = plain('github', {}, () => new Response('{"id":9007199254740993}'))
    expect(await failureOf(logIn(test))).toMatchObject({ code: 'ERR_LOGIN' })
    expect([personId(9007199254740991), personId('9007199254740993')]).toEqual(['9007199254740991', '9007199254740993'])
  })

  it('[L27] a token that expires in 0 seconds, or in less, is one that never does', async () => {
    for (const expiresIn of [0, -1])
      expect(await logIn(plain('github', { expiresIn }))).not.toHaveProperty('accessTokenExpiresAt')
    expect(await logIn(plain('github', { expiresIn: 60 }))).toMatchObject({ accessTokenExpiresAt: 1_800_000_060 })
  })

  it('[A12] claims are short text, or true and false; the rest stays there', async () => {
    const user = () => ({ id: 1, name: 'n'.repeat(1025), login: ['alice'], email: '', avatar_url: 7, sub: 'mallory' })
    expect((await logIn(plain('github', { user }))).claims).toEqual({ sub: '1' })
  })

  const answers: [what: string, code: string, answer: () => Response | Promise<Response>][] = [
    ['a page', 'ERR_LOGIN', () => new Response('<h1>secret-page</h1>')],
    ['64 KiB and more', 'ERR_LOGIN', () => Response.json({ id: 1, bio: 'x'.repeat(65_536) })],
    ['more than a megabyte', 'ERR_LOGIN', () => Response.json({ id: 1, bio: 'x'.repeat(2_000_000) })],
    [
      'a redirect',
      'ERR_LOGIN',
      () => Response.json({ id: 1 }, { status: 302, headers: { location: 'https://evil.example' } }),
    ],
    ['401', 'ERR_LOGIN', () => Response.json({ id: 1 }, { status: 401 })],
    ['204', 'ERR_LOGIN', () => new Response(null, { status: 204 })],
    ['429', 'ERR_PROVIDER', () => Response.json({ id: 1 }, { status: 429 })],
    ['503', 'ERR_PROVIDER', () => Response.json({ id: 1 }, { status: 503 })],
    ['nothing', 'ERR_PROVIDER', () => Promise.reject(new TypeError('fetch failed: access-2'))],
    ['nothing, for ever', 'ERR_PROVIDER', () => new Promise(() => {})],
  ]
  for (const [what, code, answer] of answers) {
    it.concurrent(`[A6 A12] ${what} is ${code}, in fixed words, and names no token`, async () => {
      const test = plain('github', {}, answer)
      const error = await failureOf(logIn(test))
      expect(error).toMatchObject({ code })
      expect(inspect(error, { depth: 9 })).not.toMatch(/access-\d|secret-page|app-secret/)
      expect(test.sent.map(({ url }) => new URL(url).host)).toEqual(['github.com', 'api.github.com'])
    }, 30_000)
  }

  it('[A6] nor does a token endpoint whose answer is no JSON', async () => {
    const { fake, provider } = plain('github')
    const back = fake.authorize(await authorizationUrl(provider, request))
    const callback = await readCallback(provider, back, 's-1')
    const form = () => Promise.resolve(new Response('access_token=access-9&token_type=bearer'))
    const other = underTest({ config: provider.config, runtime: { fetch: form } })
    const error = await failureOf(exchangeCode(other.provider, callback.params!, expected))
    expect(error).toMatchObject({ code: 'ERR_LOGIN' })
    expect(inspect(error, { depth: 9 })).not.toContain('access_')
  })
})

describe('ending its access token by its own call', () => {
  const end = (test: UnderTest, token: string, kind: 'access_token' | 'refresh_token' = 'access_token') =>
    revokeToken(test.provider, token, kind, deadline(20))

  it('[L10 A6] GitHub: with the client’s secret, the token in the body and in no address; and it is dead there', async () => {
    const test = plain('github')
    const { accessToken } = await logIn(test)
    expect(await end(test, accessToken)).toEqual({ outcome: 'revoked', status: 204 })
    expect(test.fake.alive(accessToken)).toBe(false)
    const call = test.sent.at(-1)
    expect([call?.url, call?.body]).toEqual([
      'https://api.github.com/applications/app/token',
      JSON.stringify({ access_token: accessToken }),
    ])
    expect(call?.headers.get('authorization')).toBe(`Basic ${btoa('app:app-secret')}`)
    expect(call?.redirect).toBe('manual')
  })

  it('[A13 L10] a second time it answers 404: the token is asked whether it is dead, and it is', async () => {
    const test = plain('github')
    const { accessToken } = await logIn(test)
    await end(test, accessToken)
    expect(await end(test, accessToken)).toEqual({ outcome: 'revoked', status: 404 })
  })

  it('[A2 L10] an error is no end while the token lives', async () => {
    const test = plain('github', { revocationStatus: 404 })
    const { accessToken } = await logIn(test)
    for (const revocationStatus of [404, 401, 200, 302, 422, 503]) {
      test.fake.behaviours.revocationStatus = revocationStatus
      expect(await end(test, accessToken)).toEqual({ outcome: 'failed', status: revocationStatus })
    }
    Object.assign(test.fake.behaviours, { userStatus: 503 })
    expect(await end(test, accessToken)).toMatchObject({ outcome: 'failed' })
    test.fake.behaviours.down = true
    expect(await end(test, accessToken)).toEqual({ outcome: 'failed' })
    expect(test.fake.alive(accessToken)).toBe(true)
  })

  it('[A2 L10] who answers 401 to everybody, or names the token in an answer of another kind, has not ended it', async () => {
    const gate = { revocationStatus: 401, userStatus: 401 }
    for (const name of ['github', 'facebook']) {
      const test = plain(name)
      const { accessToken } = await logIn(test)
      Object.assign(test.fake.behaviours, gate)
      expect(await end(test, accessToken)).toEqual({ outcome: 'failed', status: 401 })
      expect(test.fake.alive(accessToken)).toBe(true)
    }
    const headers = { 'www-authenticate': 'OAuth "Facebook Platform" "invalid_token" "Error validating access token"' }
    for (const [status, outcome] of [
      [200, 'failed'],
      [403, 'failed'],
      [429, 'failed'],
      [503, 'failed'],
      [400, 'revoked'],
    ] as const) {
      const test = plain('facebook', { revocationStatus: 400 }, () => new Response('', { status, headers }))
      expect(await end(test, 'access-1')).toEqual({ outcome, status: 400 })
    }
  })

  it('[L10] Facebook: with the token itself; `true` is a yes, a page is not', async () => {
    const test = plain('facebook')
    const { accessToken } = await logIn(test)
    expect(await end(test, accessToken)).toEqual({ outcome: 'revoked', status: 200 })
    expect(test.sent.at(-1)?.headers.get('authorization')).toBe(`Bearer ${accessToken}`)
    expect(test.sent.at(-1)?.url).toBe('https://graph.facebook.com/me/permissions')
    expect(await end(test, accessToken)).toEqual({ outcome: 'revoked', status: 401 })
  })

  it('[L10] what it cannot end it does not try: refresh tokens, and a provider that has no such call', async () => {
    const test = plain('github')
    expect(await end(test, 'refresh-1', 'refresh_token')).toEqual({ outcome: 'unsupported' })
    expect(await end(plain('linkedin'), 'access-1')).toEqual({ outcome: 'unsupported' })
    expect(await end(underTest({ profile: { revocation: 'own' } }), 'access-1')).toEqual({ outcome: 'unsupported' })
    expect(test.sent).toEqual([])
  })

  it('[L10] Discord revokes as the standard has it', async () => {
    const test = plain('discord')
    const { accessToken, refreshToken } = await logIn(test)
    expect(await end(test, refreshToken!, 'refresh_token')).toEqual({ outcome: 'revoked', status: 200 })
    expect(test.fake.alive(accessToken)).toBe(false)
  })
})
