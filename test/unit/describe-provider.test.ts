import { describeProvider, type Options } from 'endsession'
import { type FakeProviderBehaviours, fakeProvider } from 'endsession/testing'
import { describe, expect, it } from 'vitest'

const provider = { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret' }

async function description(
  profile: NonNullable<Options['providers'][string]['profile']> = {},
  behaviours: FakeProviderBehaviours = {},
  app: object = { baseUrl: 'https://mail.example' },
) {
  const fake = fakeProvider(behaviours)
  const described = await describeProvider({ ...provider, profile }, { ...app, runtime: { fetch: fake.fetch } })
  return { ...described, fake }
}

describe('describeProvider', () => {
  it('says what to register, to the letter, and asks discovery only', async () => {
    const { toDo, fake, profile } = await description({ name: 'keycloak' })
    expect(toDo.slice(0, 4)).toEqual([
      'Register the redirect URI https://mail.example/auth/callback',
      'Register the post-logout redirect URI https://mail.example/auth/logged-out',
      expect.stringMatching(
        /^Register the back-channel logout URI https:\/\/mail\.example\/auth\/backchannel-logout with/,
      ),
      '"Valid post logout redirect URIs" of the client: https://mail.example/auth/logged-out',
    ])
    expect(profile).toMatchObject({ name: 'keycloak', upstream: 'broker' })
    expect(fake.requests.map(({ endpoint }) => endpoint)).toEqual(['discovery'])
  })

  it("takes an app's own options: base path, front-channel, and its name there", async () => {
    const fake = fakeProvider({ responseIss: false, metadata: { frontchannel_logout_supported: true } })
    const own = { ...provider, callback: 'own' } as const
    const app = {
      baseUrl: 'https://mail.example/',
      basePath: '/api/auth',
      frontchannel: true,
      providers: { house: own },
    }
    const { toDo } = await describeProvider(own, { ...app, runtime: { fetch: fake.fetch } })
    expect(toDo).toContain('Register the redirect URI https://mail.example/api/auth/callback/house')
    expect(toDo.join('\n')).toContain('https://mail.example/api/auth/frontchannel-logout')
    expect(toDo.join('\n')).not.toContain('RFC 9207')
  })

  it('asks who it is where the issuer looks like somebody, and chooses nobody by that', async () => {
    const issuer = 'https://id.example/realms/house'
    const fake = fakeProvider({ issuer })
    const app = { runtime: { fetch: fake.fetch } }
    const described = await describeProvider({ ...provider, issuer }, app)
    expect(described.toDo[0]).toBe("Is this Keycloak? Then set profile: { name: 'keycloak' }.")
    expect(described.profile.name).toBe('generic')
    const chosen = await describeProvider({ ...provider, issuer, profile: { name: 'generic' } }, app)
    expect(chosen.toDo[0]).toMatch(/^Register/)
  })

  it('without an app the addresses hold what is not known', async () => {
    const { toDo } = await description({}, {}, {})
    expect(toDo[0]).toBe('Register the redirect URI {baseUrl}/auth/callback')
  })

  it('[A2] says no more than a report could', async () => {
    const best = async (...given: Parameters<typeof description>) => {
      const { layers } = await description(...given)
      return Object.fromEntries(Object.entries(layers).map(([layer, row]) => [layer, row.best]))
    }
    const here = { browser: 'ended', app: 'ended', services: 'ended' }
    expect(await best()).toEqual({
      ...here,
      tokens: 'ended',
      peers: 'requested',
      provider: 'requested',
      upstream: 'unknown',
    })
    expect(await best({ name: 'oidc-provider', upstream: 'none' })).toMatchObject({
      provider: 'ended',
      upstream: 'ended',
    })
    expect(await best({ logoutTokenProves: 'session' })).toMatchObject({ provider: 'ended' })
    expect(await best({ revocationReach: 'person' })).toMatchObject({ tokens: 'skipped' })
    expect(await best({ revocation: 'none' })).toMatchObject({ tokens: 'impossible' })
    expect(await best({ upstream: 'parameter' })).toMatchObject({ upstream: 'unknown' })
    expect(await best({ upstream: 'parameter', extraParameters: { federated: 'true' } })).toMatchObject({
      upstream: 'requested',
    })
    const silent = { metadata: { backchannel_logout_supported: false } }
    expect(await best({}, silent)).toMatchObject({ peers: 'unknown' })
    expect(await best({ probeProves: true }, { noEndSession: true, noRevocation: true })).toEqual({
      ...here,
      tokens: 'impossible',
      peers: 'impossible',
      provider: 'impossible',
      upstream: 'unknown',
    })
  })

  it('a provider without a logout: nothing to register for one, and what to tell people', async () => {
    const { toDo } = await description({ name: 'google' }, { noEndSession: true, responseIss: false })
    const all = toDo.join('\n')
    expect(all).not.toContain('post-logout')
    expect(all).toContain('tell people that they stay signed in there')
    expect(all).toContain('set callback: "own"')
  })

  it('[A2] a provider without OpenID: nothing is fetched, and a logout there ends the access token alone', async () => {
    const github = { profile: { name: 'github' }, clientId: 'app', clientSecret: 'app-secret' }
    const runtime = { fetch: () => Promise.reject(new Error('nobody is asked')) }
    const { layers, toDo, profile } = await describeProvider(github, { baseUrl: 'https://mail.example', runtime })
    expect([layers.tokens.best, layers.peers.best, layers.provider.best]).toEqual(['ended', 'impossible', 'impossible'])
    expect(layers.tokens.why).toContain('of a refresh token it says nothing')
    expect(profile.interactive).toEqual({ prompt: 'select_account' })
    const all = toDo.join('\n')
    expect(all).toContain('Register the redirect URI https://mail.example/auth/callback\n')
    expect(all).toContain('It has no logout: tell people that they stay signed in there.')
    expect(all).not.toContain('callback: "own"')
    const facebook = await describeProvider({ ...github, profile: { name: 'facebook' } }, { runtime })
    expect([facebook.layers.tokens.best, facebook.toDo.join('\n').includes('callback: "own"')]).toEqual([
      'skipped',
      true,
    ])
    const linkedin = await describeProvider({ ...github, profile: { name: 'linkedin' } }, { runtime })
    expect(linkedin.layers.tokens.best).toBe('impossible')
  })

  it('[L18] options that do not work are ERR_OPTIONS, all of them; a provider that does not answer is ERR_PROVIDER', async () => {
    const app = { baseUrl: 'mail.example', basePath: 'auth' }
    const wrong = describeProvider({ issuer: 'github.com', clientId: '' }, app)
    await expect(wrong).rejects.toMatchObject({
      code: 'ERR_OPTIONS',
      message: expect.stringMatching(
        /provider\.issuer: must be.*\n- provider\.clientId: is missing\n- baseUrl: must be.*\n- basePath: must/,
      ),
    })
    await expect(description({}, { down: true })).rejects.toMatchObject({ code: 'ERR_PROVIDER' })
    await expect(description({}, { metadata: { issuer: 'https://other.example' } })).rejects.toMatchObject({
      code: 'ERR_PROVIDER',
    })
  })
})
