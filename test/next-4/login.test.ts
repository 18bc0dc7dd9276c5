import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { HttpBrowser } from '../next/browser.ts'
import { copyOf } from '../next/readers.ts'
import { type AuthOptions, getServerSession, getToken } from './next-auth.ts'
import { allSay, everyReader, inRequestOf } from './readers.ts'
import type { Router } from './routers.ts'
import { makeSetting, type Setting, secret } from './setting.ts'

vi.mock('next/headers.js', () => import('../next/next-request.ts'))

const cookieName = 'next-auth.session-token'
let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)
const named = { idTokenClaims: { name: 'Alice', email: 'alice@example.com' } }

describe.each<Router>(['app', 'pages'])("version 4's login, its route on the %s router", (router) => {
  it('[L22 A6] opens a record, and every reader knows the person by it (need 27)', async () => {
    setting = await makeSetting({ router, behaviours: named })
    const browser = setting.browser()
    const { hops, answer } = await browser.login()
    expect(hops).toEqual(['provider', '/api/auth/callback/keycloak', '/inbox'])
    expect(answer.headers.get('location')).toBe(`${setting.origin}/inbox`)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    expect(setting.events.map(({ type }) => type)).toEqual(['session.created'])
    expect(setting.log).toEqual([])
  })

  it('[L22] nothing that a page sends with update() replaces the session, however deep it is', async () => {
    const seen: unknown[] = []
    const jwt: NonNullable<AuthOptions['callbacks']>['jwt'] = ({ token, session }) => {
      if (session) seen.push(session)
      return { name: token.name ?? null, ...session }
    }
    setting = await makeSetting({ router, behaviours: named, config: { callbacks: { jwt } } })
    const browser = setting.browser()
    await browser.login()
    const victim = await setting.endsession.session(asking(browser.cookieHeader()))
    const mallory = setting.browser('mallory')
    await mallory.login('mallory')
    const { csrfToken } = JSON.parse((await mallory.get('/api/auth/csrf')).text)
    const data = { handle: victim?.id, endsession: { handle: victim?.id }, sub: 'alice', signedInAt: 2e9 }
    const sent = await setting.ask(
      new Request(`${setting.origin}/api/auth/session`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', cookie: mallory.cookieHeader() },
        body: JSON.stringify({ csrfToken, data }),
      }),
    )
    expect([sent.status, seen]).toEqual([200, [data]])
    const [, value = ''] = /session-token=([^;]+)/.exec(sent.headers.getSetCookie().join()) ?? []
    expect((await setting.endsession.session(asking(`${cookieName}=${value}`)))?.sub).toBe('mallory')
  })

  it('[A2 S12] is a 503 when the store fails, and opens nothing', async () => {
    let down = false
    setting = await makeSetting({
      router,
      store: (store) => ({
        ...store,
        create: async (...args) => (down ? Promise.reject(new Error('down')) : store.create(...args)),
      }),
    })
    down = true
    const browser = setting.browser()
    const { answer } = await browser.login()
    expect([answer.status, browser.cookies.has(cookieName)]).toEqual([503, false])
  })
})

describe("version 4's cookie", () => {
  it('[A6 A10] holds no token, is small, and opens for nobody but us', async () => {
    setting = await makeSetting({ behaviours: { ...named, fatIdTokenBytes: 6000 } })
    const browser = setting.browser()
    const { answer } = await browser.login()
    const cookie = browser.cookies.get(cookieName) ?? ''
    expect(cookie).toMatch(/^es1\.[\w-]+$/)
    expect(cookie.length).toBeLessThan(700)
    expect([...browser.cookies.keys()].filter((name) => name.includes('session-token'))).toEqual([cookieName])
    expect(answer.headers.getSetCookie().join().length).toBeLessThan(2000)
    const request = { headers: {}, cookies: { [cookieName]: cookie } }
    expect(await getToken({ req: request as never, secret })).toBe(null)
    expect(await getToken({ req: request as never, secret, raw: true })).toBe(cookie)
  })

  it('[A6] loses the tokens that a callback copied into it, and an event says where they were', async () => {
    const callbacks: AuthOptions['callbacks'] = {
      jwt({ token, account }) {
        return account ? { ...token, accessToken: account.access_token, account, role: 'admin' } : token
      },
      session: ({ session, token }) => Object.assign(session, { token }),
    }
    setting = await makeSetting({ behaviours: named, config: { callbacks } })
    const browser = setting.browser()
    await browser.login()
    const removed = setting.events.filter(({ type }) => type === 'token.removed')
    expect(removed.map((event) => /into ([^;]+);/.exec('detail' in event ? event.detail : '')?.[1]).toSorted()).toEqual(
      ['accessToken', 'account.access_token', 'account.id_token', 'account.refresh_token'],
    )
    const shown = JSON.stringify([
      await inRequestOf(browser, () => getServerSession(setting.authOptions)),
      (await browser.get('/api/auth/session')).text,
    ])
    expect(shown).toContain('admin')
    expect(shown).not.toMatch(/eyJ|access-|refresh-/)
    const access = await inRequestOf(browser, () => setting.endsession.accessToken())
    expect(access.ok && !shown.includes(access.token)).toBe(true)
  })

  it('[L22] is each person’s own where a callback answers one object for all', async () => {
    const one = { role: 'reader' }
    setting = await makeSetting({ behaviours: named, config: { callbacks: { jwt: () => one } } })
    const [browser, mallory] = [setting.browser(), setting.browser('mallory')]
    await browser.login()
    await mallory.login('mallory')
    const read = async (who: HttpBrowser) => {
      const lines: string[] = []
      const response = { getHeader() {}, setHeader: (_: string, value: string[]) => void lines.push(...value) }
      const request = { headers: {}, cookies: { [cookieName]: who.cookies.get(cookieName) } }
      await getServerSession(request as never, response as never, setting.authOptions)
      return /session-token=([^;]+)/.exec(lines.join())?.[1]
    }
    const values = await Promise.all([browser, mallory, browser, mallory].map(read))
    const people = values.map(
      async (value) => (await setting.endsession.session(asking(`${cookieName}=${value}`)))?.sub,
    )
    expect(await Promise.all(people)).toEqual(['alice', 'mallory', 'alice', 'mallory'])
  })

  it('[A3] is nobody’s where a callback answers nothing: version 4 alone would serve the session', async () => {
    let answers = true
    const jwt = ({ token }: { token: object }) => (answers ? token : null) as never
    setting = await makeSetting({ behaviours: named, config: { callbacks: { jwt } } })
    const browser = setting.browser()
    await browser.login()
    expect(await inRequestOf(browser, () => getServerSession(setting.authOptions))).toMatchObject({
      user: { name: 'Alice' },
    })
    answers = false
    expect(await inRequestOf(browser, () => getServerSession(setting.authOptions))).toBe(null)
    expect((await browser.get('/api/auth/session')).text).toBe('{}')
  })
})

describe('a login', () => {
  it('[A8] goes to the provider that was chosen, with several of them (need 12)', async () => {
    setting = await makeSetting({ another: true, behaviours: named })
    const browser = setting.browser()
    await browser.login('alice', { provider: 'another' })
    const session = await setting.endsession.session(asking(browser.cookieHeader()))
    expect(session).toMatchObject({ provider: 'another', iss: setting.another.issuer, client: 'other' })
  })

  it('[M10] asks for auth_time, and keeps what the app asks of the provider', async () => {
    setting = await makeSetting()
    const browser = setting.browser()
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post('/api/auth/signin/keycloak?login_hint=alice', { csrfToken, json: 'true' })
    const { searchParams } = new URL(JSON.parse(start.text).url)
    const asked = ['max_age', 'scope', 'prompt', 'login_hint'].map((name) => searchParams.get(name))
    expect(asked).toEqual(['315360000', 'openid email profile', null, 'alice'])
  })

  it('[A3] ends the session that this browser had before', async () => {
    setting = await makeSetting({ behaviours: named })
    const browser = setting.browser()
    await browser.login()
    const before = copyOf(browser as never)
    advance(10)
    await browser.login('bob')
    await setting.settled()
    expect(await everyReader(setting, before)).toEqual(allSay(null))
    expect(setting.events).toContainEqual(expect.objectContaining({ type: 'session.ended', cause: 'replaced' }))
  })

  it('[L2] that nobody has asked for gets no session', async () => {
    setting = await makeSetting()
    const stranger = setting.browser('stranger')
    const answer = await stranger.get('/api/auth/callback/keycloak?code=stolen&state=x.y')
    expect(answer.headers.get('location')).toMatch(/error=OAuthCallback/)
    expect(stranger.cookies.has(cookieName)).toBe(false)
  })
})

it('[A3 A7 L22] a provider without OpenID: a record by the person’s number there, and dead after a logout (need 12)', async () => {
  const user = (sub: string) => ({ id: 583_231, login: sub, name: 'Alice' })
  setting = await makeSetting({
    behaviours: { withoutOpenid: true, responseIss: false, expiresIn: null, user },
    providers: ({ issuer, clientId, clientSecret = '' }) => [
      {
        id: 'forge',
        name: 'Forge',
        type: 'oauth',
        clientId,
        clientSecret,
        authorization: `${issuer}/authorize?scope=user`,
        token: `${issuer}/token`,
        userinfo: `${issuer}/userinfo`,
        profile: ({ id, name }) => ({ id: String(id), name }),
      },
    ],
  })
  const browser = setting.browser()
  const { hops } = await browser.login('alice', { provider: 'forge' })
  expect(hops).toEqual(['provider', '/api/auth/callback/forge', '/inbox'])
  expect(await setting.endsession.session(asking(browser.cookieHeader()))).toMatchObject({
    provider: 'forge',
    sub: '583231',
  })
  const copy = copyOf(browser as never)
  advance(10)
  await browser.post('/api/auth/endsession/logout')
  expect(await everyReader(setting, copy)).toEqual(allSay(null))
  expect(setting.log).toEqual([])
})

const asking = (cookie: string) => new Request(setting.origin, { headers: { cookie } })
