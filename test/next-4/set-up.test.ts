import { memoryStore } from 'endsession'
import { withEndSession } from 'endsession/next-auth-4'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { copyOf } from '../next/readers.ts'
import { encode, getServerSession, Keycloak, NextAuth } from './next-auth.ts'
import { allSay, everyReader, inRequestOf } from './readers.ts'
import { type Router, routers } from './routers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions, secret } from './setting.ts'

vi.mock('next/headers.js', () => import('../next/next-request.ts'))
vi.mock('next-auth/jwt', () => import('./next-auth.ts'))

const cookieName = 'next-auth.session-token'
let setting: Setting | undefined
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting?.close()
  setting = undefined
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
const now = () => Math.floor(Date.now() / 1000)
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)

describe('a login from before endsession', () => {
  /** A browser with the cookie of plain version 4, whose callback had copied the tokens into it; `big`: in chunks. */
  async function fromBefore(given: SettingOptions = {}, { tokens = true, big = false } = {}) {
    const made = await makeSetting({ ...given, options: { adoptUntil: now() + 30 * 86_400, ...given.options } })
    setting = made
    const { issuer, clientId } = made.provider
    const times = { iat: now() - 600, exp: now() - 300 }
    const groups = big ? { groups: 'x'.repeat(6000) } : {}
    const idToken = await made.provider.sign({
      iss: issuer,
      aud: clientId,
      sub: 'alice',
      sid: 'sid-1',
      ...times,
      ...groups,
    })
    const kept = { idToken, accessToken: 'old-access', refreshToken: 'old-refresh', expiresAt: now() + 300 }
    const value = await encode({ token: { name: 'Alice', sub: 'alice', ...(tokens && kept) }, secret })
    const browser = made.browser()
    const parts = big ? (value.match(/.{1,3933}/g) ?? []) : [value]
    for (const [place, part] of parts.entries()) browser.cookies.set(big ? `${cookieName}.${place}` : cookieName, part)
    return { made, browser }
  }

  it.each([false, true])('is taken over at the first read, and its tokens leave the cookie (big: %s)', async (big) => {
    const { made, browser } = await fromBefore({}, { big })
    expect(await inRequestOf(browser, () => getServerSession(made.authOptions))).toMatchObject({
      user: { name: 'Alice' },
    })
    expect((await browser.get('/api/auth/session')).text).not.toContain('old-')
    expect([...browser.cookies].filter(([name]) => name.startsWith(cookieName))).toEqual([
      [cookieName, expect.stringMatching(/^es1\./)],
    ])
    expect(await everyReader(made, browser.cookies)).toMatchObject({ ...allSay('Alice'), 'endsession.session': null })
    expect(made.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
    const access = await inRequestOf(browser, () => made.endsession.accessToken())
    expect(access).toMatchObject({ ok: true, token: 'old-access' })
  })

  it('[L22 A3] once ended, no copy of its old cookie is taken over again', async () => {
    const { made, browser } = await fromBefore()
    const old = copyOf(browser as never)
    await browser.get('/api/auth/session')
    advance(5)
    const left = await browser.post('/api/auth/endsession/logout')
    expect(left.text).toContain('id_token_hint')
    expect(await everyReader(made, old)).toMatchObject({
      'getServerSession(authOptions)': null,
      '/api/auth/session': null,
      'withAuth({ jwt })': null,
    })
    expect(made.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
  })

  it('is over where nothing says until when it may be taken over', async () => {
    const { made, browser } = await fromBefore({ options: { adoptUntil: 1 } })
    expect(await inRequestOf(browser, () => getServerSession(made.authOptions))).toBe(null)
  })

  it('that somebody else has made is nobody’s', async () => {
    const { made, browser } = await fromBefore()
    const theirs = await encode({ token: { sub: 'alice' }, secret: 'another secret of thirty-two bytes!' })
    for (const value of ['x', 'es1.', 'es1.AAAA', theirs]) {
      browser.cookies.set(cookieName, value)
      const session = await inRequestOf(browser, () => getServerSession(made.authOptions))
      expect([value.slice(0, 8), session]).toEqual([value.slice(0, 8), null])
    }
  })
})

describe.each<Router>(['app', 'pages'])('without authentication, the route on the %s router', (router) => {
  it('[L23] everybody is the one fixed identity, for every reader, from the first answer of the route on (need 20)', async () => {
    const made = await makeSetting({ router, options: { auth: 'disabled' } })
    setting = made
    const browser = made.browser()
    expect(JSON.parse((await browser.get('/api/auth/session')).text)).toMatchObject({
      user: { name: 'Unauthenticated' },
    })
    expect(await everyReader(made, browser.cookies)).toMatchObject({
      ...allSay('Unauthenticated'),
      'endsession.session': 'Unauthenticated',
    })
    expect((await browser.get('/api/auth/signin')).text).toContain('disabled')
    const script = await browser.post('/api/auth/signout', { json: 'true' })
    expect(JSON.parse(script.text)).toEqual({ url: `${made.origin}/api/auth/endsession/logout` })
    expect((await browser.post('/api/auth/signout')).text).toContain('disabled')
    const again = await makeSetting({ router })
    expect(await everyReader(again, browser.cookies)).toEqual(allSay(null))
    await again.close()
  })
})

describe('somebody who tries', () => {
  it.each<Router>(['app', 'pages'])('[A11] to lead a person elsewhere leads home (%s router)', async (router) => {
    // This app's own check lets everything through.
    const made = await makeSetting({ router, config: { callbacks: { redirect: ({ url }) => url } } })
    setting = made
    const browser = made.browser()
    for (const returnTo of ['https://evil.example/', '//evil.example', '/\\evil.example', 'javascript:alert(1)']) {
      const query = new URLSearchParams({ provider: 'keycloak', returnTo })
      const again = await browser.get(`/api/auth/endsession/again?${query}`)
      const there = new URL(again.headers.get('location') ?? '')
      expect([again.status, there.origin, there.searchParams.get('prompt')]).toEqual([
        302,
        made.provider.issuer,
        'login',
      ])
      const cookie = decodeURIComponent(browser.cookies.get('next-auth.callback-url') ?? '')
      expect([returnTo, new URL(cookie).origin]).toEqual([returnTo, made.origin])
    }
    expect((await browser.get('/api/auth/endsession/again?provider=constructor')).status).toBe(400)
  })

  it('[A11] with another Host gets the configured origin all the same', async () => {
    const made = await makeSetting()
    setting = made
    vi.stubEnv('NEXTAUTH_URL', undefined)
    vi.stubEnv('AUTH_TRUST_HOST', 'true')
    const browser = made.browser()
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const elsewhere = { host: 'evil.example', 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const start = await browser.post('/api/auth/signin/keycloak', { csrfToken, callbackUrl: '/' }, elsewhere)
    const { searchParams } = new URL(start.headers.get('location') ?? '')
    expect(searchParams.get('redirect_uri')).toBe(`${made.origin}/api/auth/callback/keycloak`)
    expect(start.headers.getSetCookie().join()).not.toContain('evil')
  })

  it.each<Router>(['app', 'pages'])(
    '[L18] with bodies that are too large, or none, ends nothing (%s router)',
    async (router) => {
      const made = await makeSetting({ router, behaviours: { idTokenClaims: { name: 'Alice' } } })
      setting = made
      const browser = made.browser()
      await browser.login()
      expect((await browser.post('/api/auth/signout', { csrfToken: 'x'.repeat(70_000) })).status).toBe(413)
      expect((await browser.post('/api/auth/callback/keycloak', { state: 'x'.repeat(70_000) })).status).toBe(413)
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      // Of two fields with one name, both of us take the same.
      const twice = new URLSearchParams([
        ['csrfToken', 'x'],
        ['csrfToken', csrfToken],
      ])
      const headers = { cookie: browser.cookieHeader() }
      if (router === 'app') {
        const request = new Request(`${made.origin}/api/auth/signout`, { method: 'POST', headers, body: twice })
        expect((await made.ask(request)).headers.get('location')).toMatch(/csrf=true/)
      }
      expect(await everyReader(made, browser.cookies)).toEqual(allSay('Alice'))
    },
  )

  it('[A3] with 100 requests beside a logout gets no session out of any of their answers', async () => {
    const made = await makeSetting({ behaviours: { idTokenClaims: { name: 'Alice' } } })
    setting = made
    const browser = made.browser()
    await browser.login()
    advance(10)
    const cookie = browser.cookieHeader()
    const ask = () => made.ask(new Request(`${made.origin}/api/auth/session`, { headers: { cookie } }))
    const first = await ask()
    const before = Array.from({ length: 50 }, ask)
    const left = browser.post('/api/auth/endsession/logout')
    const answers = await Promise.all([first, ...before, ...Array.from({ length: 50 }, ask)])
    await left
    const renewed = answers.flatMap(
      (one) => /session-token=(es1[^;]+)/.exec(one.headers.getSetCookie().join())?.[1] ?? [],
    )
    expect(renewed.length).toBeGreaterThan(0)
    for (const value of renewed.slice(0, 5))
      expect(await everyReader(made, new Map([[cookieName, value]]))).toEqual(allSay(null))
  })
})

describe('the set-up', () => {
  const options = { clientId: 'app', clientSecret: 'app-secret', issuer: 'https://id.example' }

  it('asks for nothing before the first request, which then says everything that is missing', async () => {
    vi.stubEnv('NEXTAUTH_URL', undefined)
    vi.stubEnv('NEXTAUTH_SECRET', undefined)
    vi.stubEnv('AUTH_SECRET', undefined)
    let asked = 0
    const nothing = {
      clientId: process.env['NO_SUCH_ID'] as string,
      clientSecret: '',
      issuer: process.env['NO_SUCH'] as string,
    }
    const logger = { error() {}, warn() {} }
    const { authOptions, handler } = withEndSession(NextAuth, { providers: [Keycloak(nothing)], logger }, () => {
      asked += 1
      return { baseUrl: process.env['NEXTAUTH_URL'], store: memoryStore() }
    })
    expect([Object.keys(authOptions).includes('providers'), asked]).toEqual([true, 0])
    const all =
      /baseUrl: must be[\s\S]*secret: must have[\s\S]*providers\.keycloak\.issuer: must be[\s\S]*clientId: is missing/
    await expect(routers.app(handler, new Request('http://localhost/api/auth/session'))).rejects.toThrow(all)
    await expect(routers.pages(handler, new Request('http://localhost/api/auth/session'))).rejects.toThrow(all)
    const browser = { cookieHeader: () => `${cookieName}=x` } as Browser
    await expect(inRequestOf(browser, () => getServerSession(authOptions))).rejects.toThrow(all)
  })

  it('is told when NEXTAUTH_URL says something else than baseUrl', async () => {
    const made = await makeSetting({ address: 'https://elsewhere.example' })
    setting = made
    const request = new Request(`${made.origin}/api/auth/csrf`)
    await expect(made.ask(request)).rejects.toThrow(/NEXTAUTH_URL https:\/\/elsewhere\.example\/api\/auth/)
  })

  it('takes the place of the routes from NEXTAUTH_URL, too, where they are elsewhere', async () => {
    vi.stubEnv('NEXTAUTH_URL', 'http://localhost:4999/mail/api/auth')
    vi.stubEnv('NEXTAUTH_SECRET', secret)
    const store = memoryStore()
    const { handler, endsession } = withEndSession(NextAuth, { providers: [Keycloak(options)] }, () => ({
      baseUrl: process.env['NEXTAUTH_URL'],
      store,
      unsafeLossyStore: true,
    }))
    const asked = new Request('http://localhost:4999/mail/api/auth/providers')
    const answer = await handler(asked, { params: { nextauth: ['providers'] } })
    expect(await answer.json()).toMatchObject({
      keycloak: { callbackUrl: 'http://localhost:4999/mail/api/auth/callback/keycloak' },
    })
    expect(endsession.urls.backchannelLogout).toBe('http://localhost:4999/mail/api/auth/endsession/backchannel-logout')
    // The Pages Router leaves the beginning out.
    const page = await handler(new Request('http://localhost:4999/api/auth/endsession/logout'), {
      params: { nextauth: ['endsession', 'logout'] },
    })
    expect(page.status).toBe(200)
    await endsession.close()
  })

  it('is told what does not work: other kinds of providers, an adapter without sessions, names that nobody knows', async () => {
    vi.stubEnv('NEXTAUTH_SECRET', secret)
    const make = (config: object, extras: object = {}) => {
      const given = { providers: [Keycloak(options)], ...config }
      const attached = { baseUrl: 'http://localhost:4998', store: memoryStore(), unsafeLossyStore: true, ...extras }
      const { handler } = withEndSession(NextAuth, given as never, () => attached)
      return routers.app(handler, new Request('http://localhost:4998/api/auth/csrf'))
    }
    const oauth = {
      id: 'forge',
      name: 'Forge',
      type: 'oauth',
      authorization: 'https://forge.example/authorize?scope=user',
    }
    await expect(make({ providers: [oauth] })).rejects.toThrow(/providers\.forge\.clientId: is missing/)
    const credentials = { id: 'credentials', name: 'Password', type: 'credentials' }
    await expect(make({ providers: [credentials] })).rejects.toThrow(/providers\.credentials: is credentials/)
    await expect(make({ session: { strategy: 'database' } })).rejects.toThrow(/session\.strategy/)
    await expect(make({ adapter: {} })).rejects.toThrow(/session\.strategy/)
    await expect(make({}, { providers: { keyclaok: {} } })).rejects.toThrow(/keyclaok: Auth\.js has no such provider/)
  })

  it('finds the issuer where a provider names only its metadata', async () => {
    vi.stubEnv('NEXTAUTH_SECRET', secret)
    vi.stubEnv('NEXTAUTH_URL', 'http://localhost:4997')
    const { issuer: _, ...rest } = options
    const wellKnown = 'https://id.example/.well-known/openid-configuration?appid=1'
    const found = { ...Keycloak(rest as never), wellKnown }
    const { handler, endsession } = withEndSession(NextAuth, { providers: [found] }, () => ({
      baseUrl: 'http://localhost:4997',
      store: memoryStore(),
      unsafeLossyStore: true,
    }))
    expect((await routers.app(handler, new Request('http://localhost:4997/api/auth/csrf'))).status).toBe(200)
    await endsession.close()
  })

  it('[A2] on https: version 4’s cookies are the secure ones, whatever the address inside is', async () => {
    const made = await makeSetting({
      address: 'https://mail.example.com',
      options: { baseUrl: 'https://mail.example.com' },
    })
    setting = made
    const answer = await made.browser().get('/api/auth/csrf')
    expect(answer.headers.getSetCookie().join()).toContain('__Host-next-auth.csrf-token=')
  })
})
