import { createEndSession, EndSessionError, memoryStore, type Options, type ProviderOptions } from 'endsession'
import { describe, expect, it } from 'vitest'
import { checkProviders } from '../../packages/endsession/src/resolve-providers.ts'

const provider = { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret' }
const good: Options = {
  baseUrl: 'https://mail.example',
  secret: 'a secret of thirty-two bytes or more',
  store: memoryStore(),
  providers: { example: provider },
}

/** Every line of what it says about `example`, without the headline. */
function problems(over: object): readonly string[] {
  try {
    createEndSession({ ...good, providers: { example: { ...provider, ...over } } })
  } catch (error) {
    if (!(error instanceof EndSessionError) || error.code !== 'ERR_OPTIONS') throw error
    return error.message.split('\n').slice(1)
  }
  return []
}

describe('the options of a provider', () => {
  const github = { clientId: 'app', clientSecret: 'app-secret', profile: { name: 'github' } }
  const configOf = (given: ProviderOptions) => checkProviders({ example: given }, expect.unreachable).get('example')

  it.each([
    [{ ...github }],
    [{ ...github, issuer: undefined }],
    [{ ...github, issuer: 'https://github.com/login/oauth' }],
    [{ ...github, issuer: 'https://github.com', profile: {} }],
    [{ ...github, issuer: 'https://api.github.com/', profile: {} }],
  ])('[A8] however GitHub is written, its sessions have one issuer: %j', (given) => {
    const config = configOf(given)
    expect(config).toMatchObject({ issuer: 'https://github.com/login/oauth', scope: '', profile: { name: 'github' } })
    expect(config?.withoutOpenid).toMatchObject({
      userId: 'id',
      ends: 'as_client',
      metadata: {
        issuer: 'https://github.com/login/oauth',
        userinfo_endpoint: 'https://api.github.com/user',
        revocation_endpoint: 'https://api.github.com/applications/app/token',
        authorization_response_iss_parameter_supported: true,
      },
    })
  })

  it('[A8] who only looks like GitHub is not GitHub, nor is a provider that has been given another profile', () => {
    const other = { clientId: 'app', clientSecret: 'app-secret' }
    expect(configOf({ ...other, issuer: 'https://github.com.id.example' })?.withoutOpenid).toBeUndefined()
    const generic = { ...other, issuer: 'https://github.com/x', profile: { name: 'generic' } }
    expect(configOf(generic)).toMatchObject({ issuer: 'https://github.com/x', profile: { name: 'generic' } })
    expect(configOf(generic)?.withoutOpenid).toBeUndefined()
  })

  const login = {
    authorization_endpoint: 'https://git.example/login/oauth/authorize',
    token_endpoint: 'https://git.example/login/oauth/access_token',
    userinfo_endpoint: 'https://git.example/api/v3/user',
  }

  it('[A8] a GitHub of their own has an issuer and endpoints of its own: nothing goes to github.com', () => {
    const revocation_endpoint = 'https://git.example/api/v3/applications/{client_id}/token'
    const config = configOf({
      ...github,
      clientId: 'a/b',
      issuer: 'https://git.example/login/oauth',
      endpoints: { ...login, revocation_endpoint },
    })
    expect(config).toMatchObject({ issuer: 'https://git.example/login/oauth' })
    expect(JSON.stringify(config?.withoutOpenid)).not.toContain('github.com')
    expect(config?.withoutOpenid?.metadata.revocation_endpoint).toBe(
      'https://git.example/api/v3/applications/a%2Fb/token',
    )
    const without = configOf({ ...github, issuer: 'https://git.example/login/oauth', endpoints: login })
    expect(without?.withoutOpenid?.metadata).not.toHaveProperty('revocation_endpoint')
  })

  it('[L18] without OpenID there is a secret, and every address that a login needs', () => {
    const plain = { issuer: 'https://id.example', profile: { name: 'oauth' } }
    const { userinfo_endpoint, ...rest } = login
    expect(problems({ ...github, issuer: undefined, clientSecret: undefined })).toEqual([
      expect.stringMatching(/^- providers\.example\.clientSecret: is missing/),
    ])
    expect(problems({ ...plain, clientSecret: '' })).toEqual([expect.stringMatching(/clientSecret: is missing/)])
    expect(problems({ ...plain, endpoints: rest })).toEqual([
      '- providers.example.endpoints: must have userinfo_endpoint as well: there is no discovery',
    ])
    expect(problems({ ...plain, endpoints: { ...login, userinfo_endpoint: undefined } })).toHaveLength(1)
    expect(problems({ ...github, issuer: 'https://git.example', endpoints: rest })).toEqual([
      '- providers.example.issuer: GitHub is https://github.com/login/oauth: leave it out, or set endpoints with userinfo_endpoint',
    ])
    expect(problems({ ...plain, issuer: undefined })).toEqual([expect.stringMatching(/issuer: must be the issuer URL/)])
    expect(problems({ ...plain, scope: 'read', endpoints: login })).toEqual([])
    // Whose variable for the issuer is empty would have another provider's people under the name of GitHub's.
    expect(problems({ ...github, issuer: undefined, endpoints: login })).toEqual([
      expect.stringMatching(/^- providers\.example\.issuer: is missing: the userinfo_endpoint is not that of GitHub/),
    ])
    const newer = { authorization_endpoint: 'https://www.facebook.com/v99.0/dialog/oauth' }
    expect(problems({ issuer: undefined, profile: { name: 'facebook' }, endpoints: newer })).toEqual([])
    // A host logs in: nobody here needs an address.
    expect(problems(plain)).toEqual([])
  })

  it('[L18] each field of a profile is checked', () => {
    const profile = { idTokenHint: 'always', probeProves: 'yes', endSessionUrl: '//evil.example', authTimes: 'x' }
    expect(problems({ profile }).map((line) => line.split(': ')[0])).toEqual([
      '- providers.example.profile.authTimes',
      '- providers.example.profile.idTokenHint',
      '- providers.example.profile.endSessionUrl',
      '- providers.example.profile.probeProves',
    ])
  })

  it('[L18] endpoints are addresses; browsers are sent to secure ones only', () => {
    const endpoints = {
      authorization_endpoint: 'http://id.internal/authorize',
      end_session_endpoint: 'javascript:alert(1)',
      token_endpoint: 'http://id.internal/token',
      jwks_uri: 'keys',
      jwks: 'https://id.example/keys',
      revocation_endpoint: undefined,
    }
    expect(problems({ endpoints })).toEqual([
      expect.stringMatching(/^- providers\.example\.endpoints\.jwks: there is no such option; .*jwks_uri/),
      expect.stringMatching(/authorization_endpoint: must be https/),
      expect.stringMatching(/end_session_endpoint: must be a URL/),
      expect.stringMatching(/jwks_uri: must be a URL/),
    ])
    const config = checkProviders({ example: { ...provider, endpoints: { revocation_endpoint: undefined } } }, () => {})
    expect(config.get('example')).not.toHaveProperty('endpoints')
    const spelled = { token_endpoint: 'HTTPS://ID.example/token' }
    expect(checkProviders({ example: { ...provider, endpoints: spelled } }, () => {}).get('example')).toMatchObject({
      endpoints: { token_endpoint: 'https://id.example/token' },
    })
  })

  it('[L18] a callback is shared or its own', () => {
    expect(problems({ callback: 'mine' })).toEqual([expect.stringMatching(/callback: must be one of shared, own/)])
    const { urls } = createEndSession({
      ...good,
      providers: { house: provider, other: { ...provider, clientId: 'other', callback: 'own' } },
    })
    expect(urls.callback).toBe('https://mail.example/auth/callback')
    expect(urls.callbacks).toEqual({
      house: 'https://mail.example/auth/callback',
      other: 'https://mail.example/auth/callback/other',
    })
  })
})
