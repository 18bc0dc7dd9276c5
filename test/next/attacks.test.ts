import { memoryStore } from 'endsession'
import { withEndSession } from 'endsession/next-auth'
import NextAuth from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { next } from './next-request.ts'
import { allSay, copyOf, everyReader } from './readers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  setting = await makeSetting({ ...given, behaviours: { idTokenClaims: { name: 'Alice' }, ...given.behaviours } })
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}
const header = (cookies: ReadonlyMap<string, string>) =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

describe('somebody who tries', () => {
  it('[A3] with 100 requests beside a logout gets no session out of any of their answers', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    const ask = (path: string) =>
      setting.app.handlers.GET(new Request(setting.origin + path, { headers: { cookie: header(copy) } }) as never)
    const before = Array.from({ length: 50 }, () => ask('/api/auth/session'))
    const left = browser.post('/api/auth/endsession/logout')
    const beside = Array.from({ length: 50 }, () => ask('/api/auth/session'))
    await left
    const answers = await Promise.all([...before, ...beside])
    const renewed = answers.flatMap(
      (answer) => /authjs\.session-token=(es1[^;]+)/.exec(answer.headers.getSetCookie().join())?.[1] ?? [],
    )
    expect(renewed.length).toBeGreaterThan(0)
    for (const value of renewed.slice(0, 5))
      expect(await everyReader(setting, new Map([['authjs.session-token', value]]))).toEqual(allSay(null))
  })

  it('[A3] to write into an ended session gets nothing, and the cookie goes', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    await browser.post('/api/auth/endsession/logout')
    for (const [name, value] of copy) browser.cookies.set(name, value)
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const answer = await browser.post('/api/auth/session', { csrfToken, data: 'x' })
    expect([answer.text, browser.cookies.has('authjs.session-token')]).toEqual(['null', false])
  })

  it('[A11] to lead a person elsewhere after a login or logout leads home', async () => {
    // This app's own check lets everything through.
    const browser = await signedIn({ config: { callbacks: { redirect: ({ url }) => url } } })
    for (const callbackUrl of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const again = await browser.get(
        `/api/auth/endsession/again?${new URLSearchParams({ provider: 'keycloak', returnTo: callbackUrl })}`,
      )
      expect([again.status, new URL(again.headers.get('location') ?? '').origin]).toEqual([
        302,
        setting.provider.issuer,
      ])
      const cookie = decodeURIComponent(browser.cookies.get('authjs.callback-url') ?? '')
      expect([callbackUrl, new URL(cookie).origin]).toEqual([callbackUrl, setting.origin])
    }
    expect((await browser.get('/api/auth/endsession/again?provider=constructor')).status).toBe(400)
    const early = await browser.get('/api/auth/endsession/again?provider=keycloak', { 'sec-purpose': 'prefetch' })
    expect([early.status, early.headers.getSetCookie()]).toEqual([204, []])
  })

  it('[A11] with another Host gets the configured origin all the same', async () => {
    const browser = await signedIn()
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const response = await setting.app.handlers.POST(
      new Request('https://evil.example/api/auth/signin/keycloak', {
        method: 'POST',
        headers: {
          cookie: header(browser.cookies),
          host: 'evil.example',
          'x-forwarded-host': 'evil.example',
          'x-forwarded-proto': 'https',
          'content-type': 'application/x-www-form-urlencoded',
        },
        body: new URLSearchParams({ csrfToken, callbackUrl: 'https://evil.example/' }).toString(),
      }) as never,
    )
    const there = new URL(response.headers.get('location') ?? '')
    expect(there.searchParams.get('redirect_uri')).toBe(`${setting.origin}/api/auth/callback/keycloak`)
    expect(response.headers.getSetCookie().join()).not.toContain('evil')
  })

  it('[L2] to bring a callback that nobody has asked for gets no session', async () => {
    const browser = await signedIn()
    const stranger = setting.browser('stranger')
    const answer = await stranger.get('/api/auth/callback/keycloak?code=stolen&state=x.y')
    expect(answer.headers.get('location')).toMatch(/error=Configuration/)
    expect(stranger.cookies.has('authjs.session-token')).toBe(false)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })

  it('[L18] bodies that are too large or no CSRF token at all end nothing', async () => {
    const browser = await signedIn()
    await browser.get('/api/auth/csrf')
    expect((await browser.post('/api/auth/signout', { csrfToken: 'x'.repeat(70_000) })).status).toBe(413)
    expect((await browser.post('/api/auth/signout', {}, { 'content-type': 'application/json' })).status).toBe(400)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })

  it('[A12] an old login that many requests bring at once is one session', async () => {
    const { encode } = await import('next-auth/jwt')
    setting = await makeSetting({ options: { adoptUntil: Math.floor(Date.now() / 1000) + 1000 } })
    const token = await encode({
      token: { name: 'Alice', sub: 'x' },
      secret: 'a secret of thirty-two bytes or more',
      salt: 'authjs.session-token',
    })
    const browser = setting.browser()
    browser.cookies.set('authjs.session-token', token)
    const request = () =>
      new Request(`${setting.origin}/api/auth/session`, { headers: { cookie: header(browser.cookies) } })
    const all = await Promise.all(Array.from({ length: 40 }, () => setting.app.handlers.GET(request() as never)))
    for (const answer of all) expect(await answer.json()).toMatchObject({ user: { name: 'Alice' } })
    expect(setting.events.filter(({ type }) => type === 'session.created').length).toBe(1)
  })
})

describe('Next.js', () => {
  it('loads a module several times in one process: all copies know one session, and one logout (need 27)', async () => {
    const browser = await signedIn({ options: { store: memoryStore() } })
    const copy = withEndSession(
      NextAuth,
      {
        secret: 'a secret of thirty-two bytes or more',
        trustHost: true,
        providers: [Keycloak({ issuer: setting.provider.issuer, clientId: 'app', clientSecret: 'app-secret' })],
      },
      () => ({
        baseUrl: setting.origin,
        store: memoryStore(),
      }),
    )
    expect(await browser.within(() => copy.auth())).toMatchObject({ user: { name: 'Alice' } })
    await browser.post('/api/auth/endsession/logout')
    expect(await browser.within(() => copy.auth())).toBe(null)
  })

  it('builds without secrets: nothing is asked for before the first request, which then says what is missing', async () => {
    setting = await makeSetting()
    let asked = 0
    const app = withEndSession(NextAuth, { providers: [Keycloak] }, () => {
      asked += 1
      return { baseUrl: process.env['NO_SUCH_URL'], store: memoryStore() }
    })
    expect([Object.keys(app).toSorted(), asked]).toEqual([
      ['auth', 'endsession', 'handlers', 'signIn', 'signOut', 'unstable_update'],
      0,
    ])
    next.headers = new Headers()
    await expect(app.auth()).rejects.toThrow(
      /baseUrl: must be[\s\S]*secret: must have[\s\S]*providers\.keycloak\.issuer: must be[\s\S]*providers\.keycloak\.clientId: is missing/,
    )
  })

  it('is told what does not work: a login by mail, a database without an adapter, names that Auth.js does not know', async () => {
    setting = await makeSetting()
    const make = (config: object, options: object = {}) =>
      withEndSession(NextAuth, { providers: [Keycloak], ...config } as never, () => ({
        baseUrl: setting.origin,
        store: memoryStore(),
        ...options,
      })).auth()
    next.headers = new Headers()
    const mail = { id: 'mail', name: 'Mail', type: 'email' }
    await expect(make({ providers: [mail] })).rejects.toThrow(/providers\.mail: is email, not oidc or oauth/)
    const forge = { id: 'forge', name: 'Forge', type: 'oauth', clientId: 'app' }
    await expect(make({ providers: [forge] })).rejects.toThrow(
      /providers\.forge\.issuer: must be[\s\S]*providers\.forge\.clientSecret: is missing/,
    )
    await expect(make({ session: { strategy: 'database' } })).rejects.toThrow(/session\.strategy: 'database' needs/)
    await expect(make({ adapter: {} })).rejects.toThrow(/session\.strategy: 'database' needs/)
    await expect(make({}, { providers: { keyclaok: {} } })).rejects.toThrow(
      /providers\.keyclaok: Auth\.js has no such provider/,
    )
  })

  it('[A2] on https: Auth.js’s cookies are the secure ones, whatever the address inside is', async () => {
    setting = await makeSetting({ options: { baseUrl: 'https://mail.example.com' } })
    const answer = await setting.browser().get('/api/auth/csrf')
    expect(answer.headers.getSetCookie().join()).toContain('__Host-authjs.csrf-token=')
    const csrf = JSON.parse(answer.text).csrfToken
    expect(csrf).toMatch(/^\w+$/)
  })
})

it('[L23] without authentication everybody is the one fixed identity, for every reader, and the pages say so (need 20)', async () => {
  setting = await makeSetting({ options: { auth: 'disabled' } })
  const browser = setting.browser()
  expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Unauthenticated'))
  expect((await browser.get('/api/auth/signin')).text).toContain('disabled')
  expect((await browser.post('/api/auth/signout')).text).toContain('disabled')
  expect(await browser.within(() => setting.app.endsession.accessToken())).toEqual({ ok: false, why: 'no_token' })
})

describe('without authentication, a server action', () => {
  const act = async (redirectTo: string) => {
    const { signIn, signOut } = setting.app
    const form = new FormData()
    form.set('redirectTo', redirectTo)
    const browser = setting.browser()
    return browser.within(async () => ({
      signIn: await signIn('keycloak', { redirect: false, redirectTo }),
      signInForm: await signIn('keycloak', form).catch(({ digest }) => digest),
      signOut: await signOut({ redirect: false, redirectTo }),
      cookies: [...browser.cookies.keys()],
    }))
  }

  it('[L23] signs nobody in: it goes on to where it wanted to go, and never to the provider', async () => {
    setting = await makeSetting({ options: { auth: 'disabled' } })
    const { signIn, signInForm, signOut, cookies } = await act('/inbox?a=1')
    expect(signIn).toBe(`${setting.origin}/inbox?a=1`)
    expect(signInForm).toContain(`;${setting.origin}/inbox?a=1;`)
    expect(signOut).toMatchObject({ redirect: `${setting.origin}/api/auth/endsession/logout` })
    expect(cookies).toEqual([])
  })

  it('[A11] leads nobody to another site', async () => {
    setting = await makeSetting({ options: { auth: 'disabled' } })
    const { signIn, signInForm } = await act('https://evil.example/')
    expect(signIn).toBe(`${setting.origin}/`)
    expect(signInForm).toContain(`;${setting.origin}/;`)
  })
})
