import { getToken } from 'next-auth/jwt'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { allSay, copyOf, everyReader } from './readers.ts'
import { makeSetting, type Setting } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
  vi.unstubAllEnvs()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)
const named = { idTokenClaims: { name: 'Alice', email: 'alice@example.com' } }

describe("Auth.js's login", () => {
  it('[L22 A6] opens a record, and every reader of Auth.js knows the person by it (need 27)', async () => {
    setting = await makeSetting({ behaviours: named })
    const browser = setting.browser()
    const { hops, answer } = await browser.login()
    expect(hops).toEqual(['provider', '/api/auth/callback/keycloak', '/inbox'])
    expect(answer.headers.get('location')).toBe(`${setting.origin}/inbox`)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    expect(setting.events.map(({ type }) => type)).toEqual(['session.created'])
    expect(setting.log).toEqual([])
  })

  it('[S12 L8] whose cookie the browser does not get, since the store fails right behind it, leaves no record and no tokens', async () => {
    let [isMade, fails] = [false, false]
    setting = await makeSetting({
      behaviours: named,
      store: (store) => ({
        ...store,
        async create(...args) {
          isMade = true
          return store.create(...args)
        },
        get: async (id) => (isMade && fails ? Promise.reject(new Error('down')) : store.get(id)),
      }),
    })
    const browser = setting.browser()
    fails = true
    const { answer } = await browser.login()
    fails = false
    await setting.settled()
    expect([answer.status, browser.cookies.has('authjs.session-token')]).toEqual([503, false])
    expect(setting.events.map(({ type }) => type)).toContain('session.ended')
    expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
  })

  it('[A6 A10] leaves no token in the cookie: it is small, and ours to open', async () => {
    setting = await makeSetting({ behaviours: { ...named, fatIdTokenBytes: 6000 } })
    const browser = setting.browser()
    const { answer } = await browser.login()
    const cookie = browser.cookies.get('authjs.session-token') ?? ''
    expect(cookie).toMatch(/^es1\.[\w-]+$/)
    expect(cookie.length).toBeLessThan(700)
    expect([...browser.cookies.keys()].filter((name) => name.includes('session-token'))).toHaveLength(1)
    expect(answer.headers.getSetCookie().join().length).toBeLessThan(2000)
    expect(
      await getToken({
        req: { headers: { cookie: `authjs.session-token=${cookie}` } } as never,
        secret: 'a secret of thirty-two bytes or more',
      }),
    ).toBe(null)
  })

  it('[A6] takes tokens out again that a callback copied, wherever it put them, and says where', async () => {
    const seen: unknown[] = []
    setting = await makeSetting({
      behaviours: named,
      config: {
        callbacks: {
          jwt({ token, account }) {
            if (account)
              Object.assign(token, {
                idToken: account.id_token,
                api: { header: [`Bearer ${account.access_token}`] },
                account,
                by: { [String(account.access_token)]: { again: account.access_token } },
                role: 'admin',
              })
            seen.push(token)
            return token
          },
          session({ session, token }) {
            return Object.assign(session, { token })
          },
        },
      },
    })
    const browser = setting.browser()
    await browser.login()
    const removed = setting.events.filter(({ type }) => type === 'token.removed')
    expect(removed.map((event) => /into ([^;]+);/.exec('detail' in event ? event.detail : '')?.[1])).toEqual([
      'idToken',
      'api.header[0]',
      'account.access_token',
      'account.id_token',
      'account.refresh_token',
      'a name in by',
    ])
    const shown = JSON.stringify([await browser.auth(), (await browser.get('/api/auth/session')).text, seen.at(-1)])
    expect(shown).toContain('admin')
    expect(shown).not.toMatch(/eyJ|access-|refresh-|"0\.[\w-]{43}"/)
    const access = await browser.within(() => setting.app.endsession.accessToken())
    expect(access.ok && shown.includes(access.token)).toBe(false)
    expect(access.ok).toBe(true)
    expect(JSON.stringify(setting.events)).not.toMatch(/eyJ/)
  })

  it('[L22] keeps the session when a callback returns an object of its own, and nothing that a page sends replaces it', async () => {
    setting = await makeSetting({
      behaviours: named,
      config: {
        callbacks: {
          jwt: ({ token, session }) => ({ name: token.name ?? null, ...session }),
        },
      },
    })
    const browser = setting.browser()
    await browser.login()
    const mallory = setting.browser('mallory')
    await mallory.login('mallory')
    const { csrfToken } = JSON.parse((await mallory.get('/api/auth/csrf')).text)
    const victim = await setting.app.endsession.session(asRequest(browser.cookies))
    const data = {
      handle: victim?.id,
      endsession: { handle: victim?.id },
      sub: 'alice',
      signedInAt: 2e9,
      'Symbol(endsession.ended)': true,
    }
    const json = { 'content-type': 'application/json' }
    const sent = await setting.app.handlers.POST(
      new Request(`${setting.origin}/api/auth/session`, {
        method: 'POST',
        headers: { ...json, cookie: header(mallory.cookies) },
        body: JSON.stringify({ csrfToken, data }),
      }) as never,
    )
    expect(sent.status).toBe(200)
    const [, value = ''] = /authjs\.session-token=([^;]+)/.exec(sent.headers.getSetCookie().join()) ?? []
    const forged = new Map([['authjs.session-token', value]])
    expect((await setting.app.endsession.session(asRequest(forged)))?.sub).toBe('mallory')
  })

  it('[A8] goes to the provider that was chosen, with several of them, and reads them out of the environment (need 12)', async () => {
    vi.stubEnv('AUTH_SECRET', 'a secret of thirty-two bytes or more')
    vi.stubEnv('AUTH_KEYCLOAK_ID', 'app')
    vi.stubEnv('AUTH_KEYCLOAK_SECRET', 'app-secret')
    vi.stubEnv('AUTH_KEYCLOAK_ISSUER', 'https://id.example')
    vi.stubEnv('AUTH_ANOTHER_ID', 'other')
    vi.stubEnv('AUTH_ANOTHER_SECRET', 'other-secret')
    vi.stubEnv('AUTH_ANOTHER_ISSUER', 'https://another.example')
    setting = await makeSetting({ another: true, fromEnvironment: true, behaviours: named })
    const browser = setting.browser()
    await browser.login('alice', { provider: 'another' })
    const session = await setting.app.endsession.session(asRequest(browser.cookies))
    expect(session).toMatchObject({ provider: 'another', iss: 'https://another.example', client: 'other' })
    const second = setting.browser('second')
    await second.login()
    expect(await setting.app.endsession.session(asRequest(second.cookies))).toMatchObject({ provider: 'keycloak' })
  })

  it('[M10] asks for auth_time at every login', async () => {
    setting = await makeSetting()
    const browser = setting.browser()
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post('/api/auth/signin/keycloak', { csrfToken })
    const url = new URL(start.headers.get('location') ?? '')
    expect(url.searchParams.get('max_age')).toBe('315360000')
    expect(url.searchParams.get('scope')).toBe('openid profile email')
    expect(url.searchParams.has('prompt')).toBe(false)
  })

  it('[A3] ends the session that this browser had before', async () => {
    setting = await makeSetting({ behaviours: named })
    const browser = setting.browser()
    await browser.login()
    const before = copyOf(browser)
    advance(10)
    await browser.login('bob')
    await setting.settled()
    expect(await everyReader(setting, before)).toEqual(allSay(null))
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    expect(setting.events).toContainEqual(expect.objectContaining({ type: 'session.ended', cause: 'replaced' }))
  })

  it('[A3 L10] that breaks off once its record was opened leaves none behind, and none of its tokens', async () => {
    let breaks = false
    const fail = () => {
      if (breaks) throw new Error('in the app')
    }
    setting = await makeSetting({
      behaviours: named,
      config: { events: { signIn: fail }, logger: { error: fail, warn: () => {} } },
    })
    const browser = setting.browser()
    breaks = true
    await expect(browser.login()).rejects.toThrow('in the app')
    await setting.settled()
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
    expect(setting.events.map(({ type }) => type)).toEqual(['session.created', 'session.ended'])
    expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
    breaks = false
    expect((await browser.login()).hops.at(-1)).toBe('/inbox')
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })

  it('[A2 S12] is a 503 when the store fails, and opens nothing', async () => {
    let down = false
    setting = await makeSetting({
      store: (store) => ({
        ...store,
        create: async (...args) => (down ? Promise.reject(new Error('down')) : store.create(...args)),
      }),
    })
    down = true
    const browser = setting.browser()
    const { answer } = await browser.login()
    expect(answer.status).toBe(503)
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
  })
})

const header = (cookies: ReadonlyMap<string, string>) =>
  [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
const asRequest = (cookies: ReadonlyMap<string, string>) =>
  new Request(setting.origin, { headers: { cookie: header(cookies) } })
