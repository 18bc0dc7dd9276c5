import type { Store } from 'endsession'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { formOf } from '../matrix/leaving.ts'
import { allSay, copyOf, everyReader } from './readers.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

let setting: Setting
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  await setting.close()
  vi.useRealTimers()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)
const named = { idTokenClaims: { name: 'Alice' } }

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  setting = await makeSetting({ ...given, behaviours: { ...named, ...given.behaviours } })
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}

const leave = (browser: Browser, fields: Record<string, string> = {}) =>
  browser.post('/api/auth/endsession/logout', fields)
const rowOf = (layer: 'app' | 'provider' | 'tokens') => {
  const told = setting.events.findLast(({ type }) => type === 'logout.finished')
  const row = told && 'report' in told ? told.report.layers[layer] : undefined
  return `${row?.outcome} ${row?.reason}`
}
const expiredNames = (headers: Headers) =>
  headers
    .getSetCookie()
    .filter((line) => line.includes('Max-Age=0'))
    .map((line) => line.split('=', 1)[0])

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

describe('a logout by our own route', () => {
  it('[A3 A8 L5] ends the session for every reader of Auth.js; a copied cookie is dead, and nothing is logged (needs 1, 3)', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    const answer = await leave(browser)
    expect([answer.status, answer.headers.get('location')]).toEqual([200, null])
    expect(answer.text).toContain(`${setting.provider.issuer}/end`)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect(setting.log).toEqual([])
    expect(rowOf('app')).toBe('ended record_ended')
  })

  it('[A3] what was on its way sets the cookie again, and it opens nothing; the next read removes it', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    // The answer to a page that was asked for before: Auth.js renews its cookie in each.
    const late = await browser.get('/api/auth/session')
    await leave(browser)
    const [, renewed = ''] = /authjs\.session-token=([^;]+)/.exec(late.headers.getSetCookie().join()) ?? []
    expect(renewed).toMatch(/^es1\./)
    copy.set('authjs.session-token', renewed)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    browser.cookies.set('authjs.session-token', renewed)
    const next = await browser.get('/api/auth/session')
    expect([next.text, expiredNames(next.headers)]).toEqual(['null', ['authjs.session-token']])
  })

  it('[A2] takes every cookie of Auth.js along, chunks and both kinds of names, and none that only looks like one', async () => {
    const browser = await signedIn()
    const theirs = [
      'authjs.session-token.0',
      'authjs.session-token.1',
      '__Secure-authjs.session-token',
      '__Secure-authjs.session-token.12',
      '__Secure-authjs.callback-url',
      '__Host-authjs.csrf-token',
      'authjs.pkce.code_verifier',
      'authjs.state',
      'authjs.nonce',
      '__Secure-authjs.state',
    ]
    const strangers = ['authjs.session-token.evil', 'authjs.other', 'theme']
    for (const name of [...theirs, ...strangers]) browser.cookies.set(name, 'x')
    const answer = await leave(browser)
    const lines = answer.headers.getSetCookie().filter((line) => line.includes('authjs'))
    expect(lines.map((line) => line.split('=', 1)[0])).toEqual(
      expect.arrayContaining([...theirs, 'authjs.session-token', 'authjs.csrf-token', 'authjs.callback-url']),
    )
    expect([...browser.cookies.keys()]).toEqual(expect.arrayContaining(strangers))
    for (const line of lines) {
      expect(line).toMatch(/=; Max-Age=0; Path=\/; HttpOnly(; Secure)?; SameSite=Lax$/)
      expect([line, line.includes('; Secure')]).toEqual([line, line.startsWith('__')])
    }
  })

  it('[A10] stays below 4 KiB of headers, however many cookies of that kind there are', async () => {
    const browser = await signedIn()
    for (let place = 0; place < 60; place++) {
      browser.cookies.set(`__Secure-authjs.session-token.${place}`, 'x')
      browser.cookies.set(`endsession-in-00000${place}-12345678`, 'x')
    }
    const answer = await leave(browser)
    const bytes = [...answer.headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 0)
    expect([answer.status, bytes < 4096]).toEqual([200, true])
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
  })

  it('expires cookies of the app’s own naming with the attributes that it gave them', async () => {
    const browser = await signedIn({
      config: {
        cookies: {
          sessionToken: {
            name: 'sid',
            options: { domain: 'localhost', path: '/', sameSite: 'strict', httpOnly: true, secure: true },
          },
        },
      },
    })
    expect([...browser.cookies.keys()]).toContain('sid')
    const answer = await leave(browser)
    expect(answer.headers.getSetCookie()).toContain(
      'sid=; Max-Age=0; Path=/; HttpOnly; Secure; SameSite=Strict; Domain=localhost',
    )
  })

  it('[A5] by GET ends nothing, whoever asks; nor does a POST from elsewhere', async () => {
    const browser = await signedIn()
    expect((await browser.get('/api/auth/endsession/logout')).status).toBe(200)
    expect((await browser.get('/api/auth/signout')).status).toBe(200)
    const cross = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await browser.post('/api/auth/endsession/logout', {}, cross)).status).toBe(403)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })

  it('[A2 S12] whose store fails is a 503, with a ticket in place of the cookie, and goes on trying', async () => {
    const { store, broken } = breakable()
    const browser = await signedIn({ store })
    const copy = copyOf(browser)
    broken.add('end')
    const failed = await leave(browser)
    expect([failed.status, rowOf('app')]).toEqual([503, 'failed store_failed'])
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
    expect(browser.cookies.has('endsession-ticket')).toBe(true)
    broken.clear()
    await leave(browser, formOf(failed).fields)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })
})

describe('a logout and a login at the same time', () => {
  it('[A3 S2] a login that is on its way back while this browser logs out opens nothing', async () => {
    let meanwhile: (() => Promise<unknown>) | undefined
    const browser = await signedIn({
      config: { callbacks: { signIn: async () => (await meanwhile?.()) === undefined } },
    })
    const other = setting.browser()
    for (const [name, value] of browser.cookies) other.cookies.set(name, value)
    meanwhile = async () => {
      meanwhile = undefined
      await other.post('/api/auth/endsession/logout', { scope: 'app' })
    }
    advance(10)
    const { hops, answer } = await browser.login()
    expect(hops.slice(0, 3)).toEqual(['provider', '/api/auth/callback/keycloak', '/api/auth/endsession/again'])
    // Sent back once, to the login screen, and in from there.
    expect([hops.at(-1), answer.headers.get('location')]).toEqual(['/inbox', `${setting.origin}/inbox`])
    expect(setting.events.filter(({ type }) => type === 'session.created')).toHaveLength(2)
  })
})

describe('Auth.js’s own logout', () => {
  it('[A1 A3] ends the record; a copy of the cookie is dead, and the tokens are revoked (needs 1, 3)', async () => {
    const signedOut: unknown[] = []
    const browser = await signedIn({ config: { events: { signOut: (message) => void signedOut.push(message) } } })
    const access = await browser.within(() => setting.app.endsession.accessToken())
    const copy = copyOf(browser)
    const answer = await browser.signOut()
    expect([answer.status, JSON.parse(answer.text)]).toEqual([200, { url: `${setting.origin}/bye` }])
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
    expect(setting.provider.revokedTokens).toHaveLength(2)
    expect(access.ok).toBe(true)
    expect(signedOut).toEqual([{ token: expect.objectContaining({ name: 'Alice' }) }])
    // It does not claim more than it did: the browser was not sent to the provider.
    expect(rowOf('provider')).toBe('skipped browser_not_sent')
    expect(setting.log).toEqual([])
  })

  it.each(['/api/auth/signout', '/api/auth//signout', '/api/auth/signout/'])(
    '[A3] ends it by whatever address Auth.js takes for its own: %s',
    async (path) => {
      const browser = await signedIn()
      const copy = copyOf(browser)
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      await browser.post(path, { csrfToken })
      expect(browser.cookies.has('authjs.session-token')).toBe(false)
      expect(await everyReader(setting, copy)).toEqual(allSay(null))
    },
  )

  it('[A3] ends it from a server action as well', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    await browser.within(() => setting.app.signOut({ redirect: false }))
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect([...browser.cookies.keys()].filter((name) => name.includes('session-token'))).toEqual([])
    expect(browser.cookies.has('endsession-out')).toBe(true)
  })

  it('[A5] with a wrong CSRF token, or none, ends nothing', async () => {
    const browser = await signedIn()
    for (const fields of [{}, { csrfToken: 'x' }, { csrfToken: '' }])
      expect((await browser.post('/api/auth/signout', fields)).headers.get('location')).toMatch(/error=MissingCSRF/)
    const forged = { 'authjs.csrf-token': 'x|y' }
    const before = copyOf(browser)
    for (const [name, value] of Object.entries(forged)) browser.cookies.set(name, value)
    await browser.post('/api/auth/signout', { csrfToken: 'x' })
    expect(await everyReader(setting, before)).toEqual(allSay('Alice'))
  })

  it('[A2 S12] is a 503 when the store fails, never a removed cookie and a living session', async () => {
    const { store, broken } = breakable()
    const browser = await signedIn({ store })
    const copy = copyOf(browser)
    broken.add('end')
    const failed = await browser.signOut()
    expect([failed.status, JSON.parse(failed.text)]).toEqual([
      503,
      { url: `${setting.origin}/api/auth/endsession/logout` },
    ])
    expect(browser.cookies.has('endsession-ticket')).toBe(true)
    const other = setting.browser('other')
    for (const [name, value] of copy) other.cookies.set(name, value)
    await expect(other.within(() => setting.app.signOut({ redirect: false }))).rejects.toMatchObject({
      code: 'ERR_STORE',
    })
    expect(other.cookies.has('authjs.session-token')).toBe(true)
    broken.clear()
    await leave(browser)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })
})

describe('after a logout', () => {
  it.each([
    ['our route', async (browser: Browser) => void (await leave(browser))],
    ['Auth.js’s route', async (browser: Browser) => void (await browser.signOut())],
    [
      'a server action',
      async (browser: Browser) => void (await browser.within(() => setting.app.signOut({ redirect: false }))),
    ],
  ])('[A7] by %s, the next login shows the login screen, once (needs 2, 5)', async (_, how) => {
    const browser = await signedIn()
    await how(browser)
    advance(10)
    const { hops } = await browser.login()
    expect(hops).toEqual(['provider login', '/api/auth/callback/keycloak', '/inbox'])
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    const again = await browser.login()
    expect(again.hops[0]).toBe('provider')
  })

  it('[A7] a server action’s signIn is interactive as well', async () => {
    const browser = await signedIn()
    await leave(browser)
    const url = await browser.within(() => setting.app.signIn('keycloak', { redirect: false, redirectTo: '/' }))
    expect(new URL(url as string).searchParams.get('prompt')).toBe('login')
    expect(new URL(url as string).searchParams.get('max_age')).toBe('0')
  })

  it.each([
    ['a mark remembers it', {}],
    ['only a cookie does: the provider gives no lasting sid', { omitSid: true }],
  ])(
    '[A7 M10 L3] a login that slips past the login screen is sent back once, and then meets a page: never a loop (%s)',
    async (_, behaviours) => {
      const browser = await signedIn({ behaviours })
      await leave(browser)
      advance(10)
      const { hops, answer } = await browser.login('alice', { ignoresPrompt: true })
      expect(hops).toEqual([
        'provider login',
        '/api/auth/callback/keycloak',
        '/api/auth/endsession/again',
        'provider login',
        '/api/auth/callback/keycloak',
      ])
      expect(answer.status).toBe(403)
      expect(browser.cookies.has('authjs.session-token')).toBe(false)
      expect(setting.events.filter(({ type }) => type === 'session.created')).toHaveLength(1)
      const honest = await browser.login()
      expect(honest.hops.at(-1)).toBe('/inbox')
      expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    },
  )

  it('[A7 M7 M10] everywhere, another browser that the provider still knows has to authenticate too: sent back once (need 15)', async () => {
    const browser = await signedIn()
    const laptop = setting.browser('laptop')
    await laptop.login()
    advance(10)
    await leave(browser, { scope: 'everywhere' })
    expect(await everyReader(setting, laptop.cookies)).toEqual(allSay(null))
    advance(10)
    const { hops } = await laptop.login()
    expect(hops).toEqual([
      'provider',
      '/api/auth/callback/keycloak',
      '/api/auth/endsession/again',
      'provider login',
      '/api/auth/callback/keycloak',
      '/inbox',
    ])
    expect(await everyReader(setting, laptop.cookies)).toEqual(allSay('Alice'))
  })
})

describe('an end that comes from elsewhere', () => {
  it('[M8] a logout token of the provider ends a stateless cookie (need 4)', async () => {
    const browser = await signedIn()
    const token = await setting.provider.logoutToken({ sid: 'sid-1' })
    const told = await setting
      .browser('provider')
      .post('/api/auth/endsession/backchannel-logout', { logout_token: token })
    expect(told.status).toBe(200)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
  })

  it('[L25] so does an administrator', async () => {
    const browser = await signedIn()
    await setting.app.endsession.end({ provider: 'keycloak', sub: 'alice' }, 'left the company')
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
    expect(await browser.within(() => setting.app.endsession.accessToken())).toEqual({ ok: false, why: 'signed_out' })
  })

  it('[L11] a probe’s answer that comes to another provider’s callback says nothing, and nothing is lost by it (need 7)', async () => {
    const browser = await signedIn({
      another: true,
      options: { logout: { probe: 'where_it_proves' } },
      profile: { probeProves: true },
    })
    const { fields, to } = formOf(await leave(browser))
    const there = new URL(to)
    there.search = new URLSearchParams(fields).toString()
    const back = setting.provider.endSession(there).redirect as URL
    const landed = await browser.get(back.pathname + back.search)
    const { search } = setting.provider.authorize(landed.headers.get('location') ?? '', { browser: 'browser' })
    const mixedUp = await browser.get(`/api/auth/callback/another${search}`)
    expect(mixedUp.headers.get('location')).toMatch(/error=/)
    expect(browser.cookies.has('authjs.session-token')).toBe(false)
    const caught = await browser.get(`/api/auth/callback/keycloak${search}`)
    const end = new URL(caught.headers.get('location') ?? '')
    expect(end.pathname).toBe('/api/auth/endsession/logged-out')
    await browser.get(end.pathname + end.search)
    const told = setting.events.findLast(({ type }) => type === 'logout.landed')
    expect(told && 'report' in told && told.report.layers.provider.reason).toBe('probe_login_required')
  })

  it('[L11] the probe’s answer is caught at Auth.js’s callback, before Auth.js sees it (need 7)', async () => {
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
    expect([probe.searchParams.get('prompt'), probe.searchParams.get('redirect_uri')]).toEqual([
      'none',
      `${setting.origin}/api/auth/callback/keycloak`,
    ])
    const answered = setting.provider.authorize(probe, { browser: 'browser' })
    const caught = await browser.get(answered.pathname + answered.search)
    expect(caught.status).toBe(303)
    const end = new URL(caught.headers.get('location') ?? '')
    await browser.get(end.pathname + end.search)
    const told = setting.events.findLast(({ type }) => type === 'logout.landed')
    expect(told && 'report' in told && told.report.layers.provider.reason).toBe('probe_login_required')
    expect(setting.log).toEqual([])
  })
})

it('[S12] while the store fails nobody is "signed out": readers fail, routes answer 503, and the cookie stays', async () => {
  const { store, broken } = breakable()
  const browser = await signedIn({ store })
  broken.add('get')
  await expect(browser.auth()).rejects.toMatchObject({ code: 'ERR_STORE' })
  const script = { 'sec-fetch-mode': 'cors', accept: '*/*' }
  const session = await browser.get('/api/auth/session', script)
  expect([session.status, JSON.parse(session.text), session.headers.getSetCookie()]).toEqual([
    503,
    { error: 'ERR_STORE' },
    [],
  ])
  const handler = setting.app.auth(() => new Response('never'))
  const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
  const { NextRequest } = await import('next/server.js')
  const answer = await handler(new NextRequest(`${setting.origin}/x`, { headers: { cookie } }), {
    params: Promise.resolve({}),
  })
  expect((answer as Response).status).toBe(503)
  broken.clear()
  expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
})
