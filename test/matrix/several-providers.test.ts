import type { Options } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { leave, loginAt } from './leaving.ts'
import { goThere } from './provider-visit.ts'
import {
  type Answer,
  type Browser,
  makeSetting,
  origin,
  type Setting,
  type SettingOptions,
  transports,
} from './setting.ts'

let setting: Setting
afterEach(() => setting.close())

const example = { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret' }
const another = { issuer: 'https://another.example', clientId: 'other', clientSecret: 'other-secret' }

describe.each(transports)('%s', (transport) => {
  async function open(providers: Options['providers'], more: SettingOptions = {}): Promise<Browser> {
    setting = await makeSetting({ transport, another: {}, options: { providers }, ...more })
    return setting.browser()
  }

  /**
   * The mix-up: a login begins at `example`, which is in bad hands, and sends the browser on to `another`, so that the
   * person's code of there comes back as if it were an answer of `example`'s.
   */
  async function mixUp(browser: Browser, redirectUri: string): Promise<Answer> {
    const start = await browser.get('/auth/login?provider=example&returnTo=/')
    const begun = new URL(start.headers.get('location') ?? '').searchParams
    const onward = new URL(`${another.issuer}/authorize`)
    for (const name of ['state', 'nonce', 'code_challenge']) onward.searchParams.set(name, begun.get(name) ?? '')
    onward.searchParams.set('client_id', another.clientId)
    onward.searchParams.set('redirect_uri', redirectUri)
    const back = setting.another.authorize(onward, { sub: 'alice', browser: browser.name })
    return browser.get(back.pathname + back.search)
  }

  const told = () => [setting.provider.count('token'), setting.another.count('token')]

  describe('several providers', () => {
    it('[L2 A8] an answer that names another issuer is refused, and its code goes nowhere (RFC 9207)', async () => {
      const browser = await open({ example, another })
      expect((await mixUp(browser, `${origin}/auth/callback`)).status).toBe(400)
      expect(told()).toEqual([0, 0])
    })

    it("[L2 A8] where a provider names none: what comes to its own callback is no answer of another one's", async () => {
      const silent = { another: { responseIss: false } }
      const browser = await open({ example, another: { ...another, callback: 'own' } }, silent)
      const answer = await mixUp(browser, `${origin}/auth/callback/another`)
      expect(answer.status).toBe(400)
      expect(told()).toEqual([0, 0])
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[L1 L2] with a callback of its own it is logged in at and out of as ever, and only there', async () => {
      const browser = await open({ example, another: { ...another, callback: 'own', profile: { probeProves: true } } })
      expect(setting.endsession.urls.callbacks).toEqual({
        example: `${origin}/auth/callback`,
        another: `${origin}/auth/callback/another`,
      })
      const answer = await loginAt(browser, setting.another, 'another')
      expect(answer.headers.get('location')).toBe(`${origin}/`)
      expect((await browser.get('/')).text).toBe('Hello alice')
      const { there } = await leave(setting, browser)
      expect(there.startsWith(another.issuer)).toBe(true)

      const start = await browser.get('/auth/login?provider=another&returnTo=/')
      const back = setting.another.authorize(start.headers.get('location') ?? '', { browser: browser.name })
      expect(back.pathname).toBe('/auth/callback/another')
      expect((await browser.get(`/auth/callback${back.search}`)).status).toBe(400)
      expect((await browser.get(back.pathname + back.search)).status).toBe(303)
    })

    it('[L2] a callback of nobody is not one', async () => {
      const browser = await open({ example, another: { ...another, callback: 'own' } })
      const start = await browser.get('/auth/login?provider=example&returnTo=/')
      const back = setting.provider.authorize(start.headers.get('location') ?? '', { browser: browser.name })
      for (const path of ['/auth/callback/example', '/auth/callback/another', '/auth/callback/'])
        expect((await browser.get(path + back.search)).headers.get('location') ?? '').not.toBe(`${origin}/`)
      expect(told()).toEqual([0, 0])
    })
  })

  describe('split horizon', () => {
    const serverUrl = 'http://op.internal:4000'
    const inside = {
      ...example,
      serverUrl,
      endpoints: {
        token_endpoint: 'http://tokens.internal/token',
        revocation_endpoint: 'https://id.example/tokens/revoke',
      },
    }
    const metadata = {
      authorization_endpoint: `${serverUrl}/authorize`,
      end_session_endpoint: `${serverUrl}/end-session`,
      jwks_uri: `${serverUrl}/jwks`,
    }

    it('[A8 L1] browsers go to the issuer, this process inside; an endpoint of the options is taken to the letter', async () => {
      const browser = await open({ example: inside }, { behaviours: { metadata } })
      const start = await browser.get('/auth/login?returnTo=/')
      expect(start.headers.get('location')).toMatch(/^https:\/\/id\.example\/authorize\?/)
      expect((await browser.login()).status).toBe(303)
      const leaving = await leave(setting, browser)
      expect(leaving.there).toMatch(/^https:\/\/id\.example\/end-session\?/)
      expect(await goThere(setting, browser, leaving)).toMatchObject({ ended: true })
      const called = new Set(setting.provider.requests.map(({ url }) => url))
      expect([...called]).toEqual([
        `${serverUrl}/.well-known/openid-configuration`,
        'http://tokens.internal/token',
        `${serverUrl}/jwks`,
        'https://id.example/tokens/revoke',
      ])
    })

    it('[A8] tokens in the name of the inner address are refused', async () => {
      const browser = await open({ example: inside }, { behaviours: { idTokenClaims: { iss: serverUrl }, metadata } })
      expect((await browser.login()).status).toBe(400)
      expect((await browser.get('/')).status).toBe(303)
    })

    it('[A8] so is a discovery document in its name', async () => {
      const browser = await open({ example: inside }, { behaviours: { metadata: { ...metadata, issuer: serverUrl } } })
      expect((await browser.get('/auth/login?returnTo=/')).status).toBe(502)
    })
  })
})
