import { createEndSession, EndSessionError, memoryStore, type Options } from 'endsession'
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
  it.each([
    [{ issuer: 'https://github.com/login/oauth' }],
    [{ issuer: 'https://github.com' }],
    [{ issuer: undefined, profile: { name: 'github' } }],
    [{ issuer: 'https://github.example.com', profile: { name: 'github' } }],
  ])('[L18] GitHub issues no ID tokens: %j is told what to do instead', (over) => {
    expect(problems(over)).toEqual([
      expect.stringMatching(
        /^- providers\.example\.issuer: GitHub issues no ID tokens.*Put an OpenID provider between/,
      ),
    ])
  })

  it('[L18] who only looks like GitHub is not sent away, nor is a provider that has been given another profile', () => {
    expect(problems({ issuer: 'https://github.com.id.example' })).toEqual([])
    expect(problems({ issuer: 'https://github.com/x', profile: { name: 'generic' } })).toEqual([])
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
