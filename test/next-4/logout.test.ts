import type { Store } from 'endsession'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { formOf } from '../matrix/leaving.ts'
import { copyOf } from '../next/readers.ts'
import { type AuthOptions, getServerSession, NextAuth } from './next-auth.ts'
import { allSay, everyReader, inRequestOf } from './readers.ts'
import { type Router, routers } from './routers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

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

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  setting = await makeSetting({ ...given, behaviours: { idTokenClaims: { name: 'Alice' }, ...given.behaviours } })
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}

const leave = (browser: Browser, fields: Record<string, string> = {}) =>
  browser.post('/api/auth/endsession/logout', fields)
const lastReport = () => {
  const told = setting.events.findLast(({ type }) => type === 'logout.finished')
  return told && 'report' in told ? told.report.layers : undefined
}
const expired = (headers: Headers) => headers.getSetCookie().filter((line) => line.includes('Max-Age=0'))

/** A store whose methods fail while they are told to. */
function breakable() {
  const broken = new Set<keyof Store>()
  const wrap = (store: Store): Store =>
    new Proxy(store, {
      get: (target, name: keyof Store) =>
        broken.has(name) ? () => Promise.reject(new Error('down')) : target[name].bind(target as never),
    })
  return { store: wrap, broken }
}

describe.each<Router>(['app', 'pages'])('a logout, with the route on the %s router', (router) => {
  it('[A3 A8 L5] ends the session for every reader; a copied cookie is dead, and nothing is logged (needs 1, 3)', async () => {
    const browser = await signedIn({ router })
    const copy = copyOf(browser as never)
    const answer = await leave(browser)
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null])
    expect(answer.text).toContain(`${setting.provider.issuer}/end`)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect([setting.log, lastReport()?.app.reason]).toEqual([[], 'record_ended'])
  })

  it('[A1 A3] by version 4’s own signOut ends it, too, and revokes the tokens (needs 1, 3)', async () => {
    const signedOut: unknown[] = []
    const events = { signOut: (message: unknown) => void signedOut.push(message) }
    const browser = await signedIn({ router, config: { events } })
    const copy = copyOf(browser as never)
    const answer = await browser.signOut()
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { url: `${setting.origin}/bye` }])
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect([browser.cookies.has(cookieName), setting.provider.revokedTokens.length]).toEqual([false, 2])
    expect(signedOut).toEqual([{ token: expect.objectContaining({ name: 'Alice' }) }])
    // It does not claim more than it did: the browser was not sent to the provider.
    expect([lastReport()?.provider.reason, setting.log]).toEqual(['browser_not_sent', []])
  })

  it('[A2 S12] whose store fails is a 503, by either way, and a ticket tries again', async () => {
    const { store, broken } = breakable()
    const browser = await signedIn({ router, store })
    const copy = copyOf(browser as never)
    broken.add('end')
    const failed = await leave(browser)
    expect([failed.status, browser.cookies.has(cookieName)]).toEqual([503, false])
    for (const [name, value] of copy) browser.cookies.set(name, value)
    const script = await browser.signOut()
    const { url } = JSON.parse(script.text)
    expect([script.status, url]).toEqual([503, `${setting.origin}/api/auth/endsession/logout`])
    expect([browser.cookies.has(cookieName), browser.cookies.has('endsession-ticket')]).toEqual([false, true])
    broken.clear()
    await leave(browser, formOf(failed).fields)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('[M8] by the provider’s logout token ends a stateless cookie (need 4)', async () => {
    const browser = await signedIn({ router })
    const logout_token = await setting.provider.logoutToken({ sid: 'sid-1' })
    const told = await setting.browser('provider').post('/api/auth/endsession/backchannel-logout', { logout_token })
    expect(told.status).toBe(200)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
  })

  it('[A5] is no GET’s, nor another site’s, nor anybody’s without the CSRF token', async () => {
    const browser = await signedIn({ router })
    expect((await browser.get('/api/auth/endsession/logout')).status).toBe(200)
    expect((await browser.get('/api/auth/signout')).status).toBe(200)
    const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await browser.post('/api/auth/endsession/logout', {}, cross)).status).toBe(403)
    for (const fields of [{}, { csrfToken: 'x' }, { csrfToken: '' }])
      expect((await browser.post('/api/auth/signout', fields)).headers.get('location')).toMatch(/signout\?csrf=true/)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })
})

describe('after a logout', () => {
  it('[A3] what was on its way sets the cookie again, and it opens nothing; the next read removes it', async () => {
    const seen: unknown[] = []
    const callbacks: AuthOptions['callbacks'] = {
      jwt({ token }) {
        seen.push(token)
        return token
      },
    }
    const browser = await signedIn({ config: { callbacks } })
    // The answer to a script that asked before: version 4 renews its cookie in each.
    const late = await browser.get('/api/auth/session')
    await leave(browser)
    seen.length = 0
    const [, renewed = ''] = /session-token=([^;]+)/.exec(late.headers.getSetCookie().join()) ?? []
    expect(renewed).toMatch(/^es1\./)
    browser.cookies.set(cookieName, renewed)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
    const next = await browser.get('/api/auth/session')
    expect([next.text, expired(next.headers).length]).toEqual(['{}', 1])
    browser.cookies.set(cookieName, renewed)
    const lines: string[] = []
    const response = { getHeader() {}, setHeader: (_: string, value: string[]) => void lines.push(...value) }
    const request = { headers: {}, cookies: { [cookieName]: renewed } }
    expect(await getServerSession(request as never, response as never, setting.authOptions)).toBe(null)
    expect(lines.join()).toContain(`${cookieName}=; Max-Age=0`)
    // The app's own callbacks do not hear of who has ended.
    expect(seen).toEqual([])
  })

  it.each([
    ['our route', async (browser: Browser) => void (await leave(browser))],
    ['version 4’s own', async (browser: Browser) => void (await browser.signOut())],
  ])(
    '[A7] by %s, the next login shows the login screen, once, whatever the app asks for (needs 2, 5)',
    async (_, how) => {
      const browser = await signedIn()
      await how(browser)
      advance(10)
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      const start = await browser.post('/api/auth/signin/keycloak?prompt=none&max_age=1000', { csrfToken })
      const { searchParams } = new URL(start.headers.get('location') ?? '')
      expect([searchParams.get('prompt'), searchParams.get('max_age')]).toEqual(['login', '0'])
      const { hops } = await browser.login()
      expect(hops).toEqual(['provider login', '/api/auth/callback/keycloak', '/inbox'])
      expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
      expect((await browser.login()).hops[0]).toBe('provider')
    },
  )

  it('[A7 M10 L3] a login that slips past the login screen is sent back once, and then meets a page: never a loop', async () => {
    const browser = await signedIn()
    await leave(browser)
    advance(10)
    const { hops, answer } = await browser.login('alice', { ignoresPrompt: true })
    const [there, back] = ['provider login', '/api/auth/callback/keycloak']
    expect(hops).toEqual([there, back, '/api/auth/endsession/again', there, back])
    expect([answer.status, browser.cookies.has(cookieName)]).toEqual([403, false])
    expect(setting.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
  })

  it('[A3 S2] a login that was on its way back opens nothing', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined
    const signIn = async () => (await meanwhile?.()) === undefined
    const browser = await signedIn({ config: { callbacks: { signIn } } })
    const other = setting.browser()
    for (const [name, value] of browser.cookies) other.cookies.set(name, value)
    meanwhile = async () => {
      meanwhile = undefined
      await leave(other, { scope: 'app' })
    }
    advance(10)
    const { hops } = await browser.login()
    expect(hops.slice(0, 3)).toEqual(['provider', '/api/auth/callback/keycloak', '/api/auth/endsession/again'])
  })

  it('[L11] the probe’s answer is caught at version 4’s callback, before it sees it (need 7)', async () => {
    const browser = await signedIn({
      options: { logout: { probe: 'where_it_proves' } },
      profile: { probeProves: true },
    })
    const { fields, to } = formOf(await leave(browser))
    const there = new URL(to)
    there.search = new URLSearchParams(fields).toString()
    const back = setting.provider.endSession(there).redirect as URL
    const landed = await browser.get(back.pathname + back.search)
    const probe = new URL(landed.headers.get('location') ?? '')
    const answered = setting.provider.authorize(probe, { browser: 'browser' })
    expect(answered.pathname).toBe('/api/auth/callback/keycloak')
    const caught = await browser.get(answered.pathname + answered.search)
    const end = new URL(caught.headers.get('location') ?? '')
    await browser.get(end.pathname + end.search)
    const told = setting.events.findLast(({ type }) => type === 'logout.landed')
    expect(told && 'report' in told && told.report.layers.provider.reason).toBe('probe_login_required')
    expect(setting.log).toEqual([])
  })
})

describe('version 4’s cookies', () => {
  it('[A2] all go, chunks and both kinds of names, and none that only looks like one', async () => {
    const browser = await signedIn()
    const theirs = [
      `${cookieName}.0`,
      `__Secure-${cookieName}.12`,
      '__Secure-next-auth.callback-url',
      '__Host-next-auth.csrf-token',
      'next-auth.pkce.code_verifier',
      '__Secure-next-auth.state',
      'next-auth.nonce',
    ]
    const strangers = [`${cookieName}.evil`, 'next-auth.other', 'authjs.session-token', 'theme']
    for (const name of [...theirs, ...strangers]) browser.cookies.set(name, 'x')
    const lines = expired((await leave(browser)).headers).filter((line) => line.includes('next-auth'))
    expect(lines.map((line) => line.split('=', 1)[0])).toEqual(
      expect.arrayContaining([...theirs, cookieName, 'next-auth.csrf-token', 'next-auth.callback-url']),
    )
    expect([...browser.cookies.keys()]).toEqual(expect.arrayContaining(strangers))
    for (const line of lines) {
      expect(line).toMatch(/=; Max-Age=0; Path=\/; HttpOnly(; Secure)?; SameSite=Lax$/)
      expect([line, line.includes('; Secure')]).toEqual([line, line.startsWith('__')])
    }
  })

  it.each(['http://localhost:5999', 'https://mail.example.com'])(
    'of the app’s own naming go with the attributes that it gave them (%s)',
    async (address) => {
      const options = { domain: 'localhost', path: '/', sameSite: 'strict', httpOnly: true } as const
      const cookies = { sessionToken: { name: 'sid', options } }
      const browser = await signedIn({ address, options: { baseUrl: address }, config: { cookies } })
      expect([...browser.cookies.keys()]).toContain('sid')
      const left = await browser.post('/api/auth/endsession/logout', {}, { origin: address })
      expect(left.headers.getSetCookie()).toContain(
        'sid=; Max-Age=0; Path=/; HttpOnly; SameSite=Strict; Domain=localhost',
      )
    },
  )
})

it('[S12] while the store fails nobody is "signed out": readers fail, routes answer 503, and the cookie stays', async () => {
  const { store, broken } = breakable()
  const browser = await signedIn({ store })
  broken.add('get')
  const asked = () => getServerSession(setting.authOptions)
  await expect(inRequestOf(browser, asked)).rejects.toMatchObject({ code: 'ERR_STORE' })
  const lines: string[] = []
  const response = { getHeader() {}, setHeader: (_: string, value: string[]) => void lines.push(...value) }
  const request = { headers: {}, cookies: { [cookieName]: browser.cookies.get(cookieName) } }
  const inPages = getServerSession(request as never, response as never, setting.authOptions)
  await expect(inPages).rejects.toMatchObject({ code: 'ERR_STORE' })
  expect(lines.join()).toContain(`${cookieName}=${browser.cookies.get(cookieName)};`)
  const script = { 'sec-fetch-mode': 'cors', accept: '*/*' }
  const session = await browser.get('/api/auth/session', script)
  expect([session.status, JSON.parse(session.text)]).toEqual([503, { error: 'ERR_STORE' }])
  expect(session.headers.getSetCookie()).toEqual([])
  broken.clear()
  expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  expect(setting.log).toEqual([])
})

it('[L4] who is read by getServerSession or withAuth is there: idle time begins anew; an open tab is no visit', async () => {
  const browser = await signedIn({ options: { session: { idleSeconds: 1000 } } })
  const over = async (ask: () => Promise<unknown>) => {
    for (let minutes = 0; minutes < 4; minutes += 1) {
      advance(300)
      await ask()
      await setting.settled()
    }
    return (
      (await setting.endsession.session(
        new Request(setting.origin, { headers: { cookie: browser.cookieHeader() } }),
      )) === undefined
    )
  }
  expect(await over(() => inRequestOf(browser, () => getServerSession(setting.authOptions)))).toBe(false)
  expect(await over(() => browser.get('/api/auth/session'))).toBe(true)
})

describe('options that are handed to NextAuth itself, in place of the handler', () => {
  it('[A3] log nobody in, and a logout by them ends the record', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser as never)
    const stock = NextAuth(setting.authOptions)
    const ask = (request: Request) => routers.pages(stock, request)
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post('/api/auth/signin/keycloak', { csrfToken })
    const back = setting.provider.authorize(new URL(start.headers.get('location') ?? ''), { browser: 'browser' })
    const headers = { cookie: browser.cookieHeader() }
    const login = await ask(new Request(back, { headers }))
    expect([login.headers.get('location'), login.headers.getSetCookie().join().includes('es1.')]).toEqual([
      `${setting.origin}/api/auth/error?error=Callback`,
      false,
    ])
    const body = new URLSearchParams({ csrfToken })
    await ask(new Request(`${setting.origin}/api/auth/signout`, { method: 'POST', headers, body }))
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })
})
