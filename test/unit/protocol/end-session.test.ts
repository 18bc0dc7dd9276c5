import { describe, expect, it } from 'vitest'
import { profileFor } from '../../../packages/endsession/src/profiles/index.ts'
import type { Profile } from '../../../packages/endsession/src/profiles/profile.ts'
import { type EndSessionRequest, planEndSession } from '../../../packages/endsession/src/protocol/end-session.ts'

const endpoint = 'https://id.example/end?tenant=a'
const request: EndSessionRequest = {
  idToken: 'header.payload.signature',
  idTokenExpired: false,
  claims: { login_hint: 'O.abc', email: '' },
  redirectUri: 'https://app.example/auth/logged-out',
  state: 's-1',
}

function plan(
  profile: Partial<Profile> = {},
  over: Partial<EndSessionRequest> = {},
  at: string | undefined = endpoint,
) {
  const config = {
    issuer: 'https://id.example',
    clientId: 'app',
    scope: 'openid',
    profile: profileFor('https://id.example', profile),
  }
  return planEndSession(at, config, { ...request, ...over })
}
const query = (...of: Parameters<typeof plan>) => Object.fromEntries(plan(...of)!.url.searchParams)

describe('planEndSession', () => {
  it("[A9] sends hint, client, redirect and state, and keeps the endpoint's own query", () => {
    expect(plan()).toMatchObject({ method: 'GET', gaveWay: false, hint: 'sent', fields: {} })
    expect(query()).toEqual({
      tenant: 'a',
      id_token_hint: request.idToken,
      client_id: 'app',
      post_logout_redirect_uri: request.redirectUri,
      state: 's-1',
    })
  })

  it('plans nothing without an endpoint, or with one that is no place for a browser', () => {
    for (const at of ['', 'nonsense', 'javascript:alert(1)', 'http://id.example/end'])
      expect(plan({}, {}, at)).toBeUndefined()
    const config = { issuer: 'http://localhost:4000', clientId: 'app', scope: 'openid', profile: profileFor('') }
    expect(planEndSession(undefined, config, request)).toBeUndefined()
    expect(planEndSession('http://localhost:4000/end', config, request)?.url.pathname).toBe('/end')
  })

  it("the profile's endpoint goes before discovery's", () => {
    expect(plan({ endSessionUrl: 'https://login.example/logout' })?.url.host).toBe('login.example')
    const config = {
      issuer: 'https://id.example',
      clientId: 'app',
      scope: '',
      profile: profileFor('', { endSessionUrl: 'https://login.example/x' }),
    }
    expect(planEndSession(undefined, config, request)?.url.pathname).toBe('/x')
  })

  it("the profile's may be a path of the issuer's, and never leads to another host; discovery's may not", () => {
    expect(plan({ endSessionUrl: '/v2/logout' })?.url.href).toMatch(/^https:\/\/id\.example\/v2\/logout\?/)
    expect(plan({}, {}, '/v2/logout')).toBeUndefined()
  })

  it('[A9 L7] where the hint is required, nothing that would be an error without it goes along without it', () => {
    const sent = { client_id: 'app', tenant: 'a' }
    expect(query({ idTokenHint: 'required' }, { idToken: undefined })).toEqual(sent)
    expect(query({ idTokenHint: 'required', urlLimitBytes: 50 })).toEqual(sent)
    expect(query({ idTokenHint: 'required', expiredHint: 'refused' }, { idTokenExpired: true })).toEqual(sent)
    expect(query({ idTokenHint: 'required' })).toMatchObject({ id_token_hint: request.idToken, state: 's-1' })
  })

  it('[A9] empty parameters are never sent', () => {
    const sent = query(
      { extraParameters: { federated: '', a: '1' }, logoutHintClaim: 'email' },
      { idToken: '', state: '' },
    )
    expect(sent).toEqual({ tenant: 'a', client_id: 'app', post_logout_redirect_uri: request.redirectUri, a: '1' })
  })

  it('[A9] an expired hint goes along unless the profile says that it is refused', () => {
    expect(plan({}, { idTokenExpired: true })?.hint).toBe('sent')
    expect(plan({ expiredHint: 'accepted' }, { idTokenExpired: true })?.hint).toBe('sent')
    expect(plan({ expiredHint: 'refused' }, { idTokenExpired: true })?.hint).toBe('expired')
    expect(query({ expiredHint: 'refused' }, { idTokenExpired: true })).not.toHaveProperty('id_token_hint')
    expect(plan({ expiredHint: 'refused' })?.hint).toBe('sent')
  })

  for (const idTokenHint of ['forbidden', 'ignored'] as const) {
    it(`[A6] a hint that is ${idTokenHint} stays here, and the client is named instead`, () => {
      expect(plan({ idTokenHint })?.hint).toBe('unwanted')
      expect(query({ idTokenHint, sendClientId: false })).toMatchObject({ client_id: 'app' })
      expect(query({ idTokenHint })).not.toHaveProperty('id_token_hint')
    })
  }

  it('[L7] without an ID token it is the client alone', () => {
    expect(plan({}, { idToken: undefined })?.hint).toBe('missing')
    expect(query({ sendClientId: false }, { idToken: undefined })).toMatchObject({ client_id: 'app' })
    expect(query({ sendClientId: false })).not.toHaveProperty('client_id')
  })

  it("says things the provider's way", () => {
    const sent = query({
      redirectParameter: 'returnTo',
      echoesState: false,
      extraParameters: { federated: 'true' },
      logoutHintClaim: 'login_hint',
    })
    expect(sent).toMatchObject({ returnTo: request.redirectUri, federated: 'true', logout_hint: 'O.abc' })
    expect(sent).not.toHaveProperty('post_logout_redirect_uri')
    expect(sent).not.toHaveProperty('state')
    expect(query({ redirectParameter: 'none' })).not.toHaveProperty('post_logout_redirect_uri')
  })

  const fat = { idToken: `h.${'x'.repeat(8000)}.s` }
  it('[L6] a hint that is too long gives way to client and logout_hint', () => {
    expect(plan({ logoutHintClaim: 'login_hint', sendClientId: false }, fat)).toMatchObject({
      method: 'GET',
      gaveWay: true,
      hint: 'gave_way',
    })
    const sent = query({ logoutHintClaim: 'login_hint', sendClientId: false }, fat)
    expect(sent).toMatchObject({ client_id: 'app', logout_hint: 'O.abc', state: 's-1' })
    expect(sent).not.toHaveProperty('id_token_hint')
  })

  it('[L6] the limit is the whole URL, to the byte', () => {
    const length = plan()!.url.href.length
    expect(plan({ urlLimitBytes: length })).toMatchObject({ gaveWay: false, hint: 'sent' })
    expect(plan({ urlLimitBytes: length - 1 })).toMatchObject({ gaveWay: true })
    expect(plan({ urlLimitBytes: 10 }, { idToken: undefined })).toMatchObject({ gaveWay: false, hint: 'missing' })
  })

  it('[L6] where the provider takes a POST, a long hint goes in its body; a short one never', () => {
    const posted = plan({ acceptsPost: true }, fat)!
    expect(posted).toMatchObject({ method: 'POST', gaveWay: false, hint: 'sent' })
    expect(posted.url.href).toBe(endpoint)
    expect(posted.fields).toMatchObject({ id_token_hint: fat.idToken, client_id: 'app', state: 's-1' })
    expect(plan({ acceptsPost: true })?.method).toBe('GET')
  })
})
