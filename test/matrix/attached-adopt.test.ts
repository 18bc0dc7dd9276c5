import { createEndSession, type EndSession, memoryStore, type Options, type Tokens } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { afterEach, describe, expect, it } from 'vitest'
import { present } from '../contract/sqlite-drivers.ts'
import { isAlive, leave, rows } from './leaving.ts'
import { type Browser, origin } from './setting.ts'
import { expireLines, type Hosted, journey, makeHosted, type TinyHostOptions } from './tiny-host.ts'

let setting: Hosted
afterEach(() => setting.close())

const start = 1_800_000_000
const day = 86_400
const secret = 'a secret of thirty-two bytes or more'
const limits = { absoluteSeconds: 600, idleSeconds: 600, accessTokenSeconds: 60 }

/** Adoption goes on far longer than a session lives, and than marks are kept otherwise. */
const adoptUntil = start + 30 * day
type Named = [name: string, store: NonNullable<TinyHostOptions['store']>]
const stores: Named[] = [
  ['memory', ({ now }) => memoryStore({ now })],
  ...present.slice(0, 1).map(({ name, open }): Named => [name, ({ now }) => sqliteStore(open(':memory:'), { now })]),
]

async function makeOld(given: TinyHostOptions = {}, options: Partial<Options> = {}): Promise<void> {
  setting = await makeHosted({
    adopts: true,
    ...given,
    options: { adoptUntil, session: limits, logout: { endedSeconds: 60 }, ...options },
  })
}

/** The ID token of a login from before: an hour old. */
function idTokenOf(claims: Record<string, unknown> = {}): Promise<string> {
  const { issuer } = setting.provider
  const usual = {
    iss: issuer,
    aud: 'app',
    sub: 'alice',
    sid: 'old',
    iat: start - 3600,
    exp: start,
    auth_time: start - 3600,
    nonce: 'n',
  }
  return setting.provider.sign({ ...usual, ...claims })
}

/** A browser that the host has known since before, and any number of copies of its cookie. */
function oldBrowser(tokens: Tokens | undefined, name = 'old', sub = 'alice'): Browser {
  setting.sessions.set(name, { sub, ...(tokens && { tokens }) })
  const browser = setting.browser(name)
  browser.cookies.set('tiny.sid', name)
  return browser
}

async function isIn(browser: Browser): Promise<boolean> {
  return (await browser.get('/whoami')).text !== 'null'
}

/** The host starts anew, and knows of no handle that it has had. */
function forgetHandles(): void {
  for (const session of setting.sessions.values()) delete session.handle
}

/** Another process of the same app. */
function anotherProcess(options: Partial<Options> = {}): EndSession {
  const { issuer, clientId, clientSecret } = setting.provider
  return createEndSession({
    baseUrl: origin,
    secret,
    store: setting.store,
    unsafeLossyStore: true,
    adoptUntil,
    session: limits,
    providers: { example: { issuer, clientId, clientSecret } },
    runtime: { now: setting.clock.now },
    ...options,
  })
}

describe.each(stores)('[L22] adoption of a login from before, %s (need 27)', (_, store) => {
  it('makes a record out of it: the page comes, nothing else is set', async () => {
    await makeOld({ store })
    const browser = oldBrowser({ idToken: await idTokenOf() })
    const answer = await browser.get('/')
    expect([answer.status, answer.text, answer.headers.getSetCookie()]).toEqual([200, 'Hello alice', []])
    expect(setting.events.map(({ type }) => type)).toEqual(['session.created'])
  })

  it.each([
    ['scope app', (browser: Browser) => leave(setting, browser, { scope: 'app' })],
    ['scope provider', (browser: Browser) => leave(setting, browser)],
    [
      'back-channel logout by sid',
      async () => {
        const token = await setting.provider.logoutToken({ sid: 'old' })
        expect((await setting.browser().post('/auth/backchannel-logout', { logout_token: token })).status).toBe(200)
      },
    ],
    ['an admin', () => setting.endsession.end({ provider: 'example', sub: 'alice' }, 'test')],
    ['its time', async () => setting.clock.advance(601)],
    [
      'its time, and the sweeper',
      async () => {
        setting.clock.advance(601)
        const [session] = (await setting.store.pending(9)).expired
        await setting.store.end({ by: 'id', id: session?.id ?? '' }, 'absolute')
      },
    ],
  ] as [string, (browser: Browser) => Promise<unknown>][])(
    'ended by %s it is never adopted again, in no copy, on no process, until adoption is over [A3 M13]',
    async (_how, end) => {
      await makeOld({ store })
      const tokens = { idToken: await idTokenOf() }
      const browser = oldBrowser(tokens)
      const copy = new Map(browser.cookies)
      expect(await isIn(browser)).toBe(true)
      await end(browser)
      const process = anotherProcess()
      // Beyond what marks and records are kept for otherwise, up to the last second of adoption.
      for (const later of [0, 61, 1000, 2 * day, adoptUntil - setting.clock.now() - 2 * day - 3000]) {
        setting.clock.advance(later)
        forgetHandles()
        expect([later, await isAlive(setting, copy)]).toEqual([later, false])
        expect(await process.adopt('example', { sub: 'alice', tokens })).toBe(undefined)
      }
      expect(setting.clock.now()).toBeLessThan(adoptUntil)
    },
  )

  it.each([
    ['by sid', { sid: 'old' }],
    ['by sub', { sub: 'alice' }],
  ])(
    'what the provider has ended %s before it was ever adopted is not adopted, however late [A3 M8 M13]',
    async (_how, who) => {
      await makeOld({ store })
      const token = await setting.provider.logoutToken(who)
      await setting.browser().post('/auth/backchannel-logout', { logout_token: token })
      const tokens = [{ idToken: await idTokenOf() }, ...('sub' in who ? [undefined] : [])]
      for (const later of [1, 1000, 2 * day, 20 * day]) {
        setting.clock.advance(later)
        for (const one of tokens)
          expect([later, one === undefined, await isIn(oldBrowser(one))]).toEqual([later, one === undefined, false])
      }
      expect(
        await isIn(oldBrowser({ idToken: await idTokenOf({ sid: 'new', iat: start + 5, auth_time: start + 5 }) })),
      ).toBe(true)
    },
  )
})

describe.each(stores)('[L22] an end from an adopted login, %s', (_, store) => {
  const sixDays = { iat: start - 6 * day, auth_time: start - 6 * day }
  const yesterday = { iat: start - day, auth_time: start - day }
  const marked = (at: number) => setting.store.covers({ iss: setting.provider.issuer, client: 'app', sub: 'alice', at })

  it.each([
    ['everywhere', (browser: Browser) => leave(setting, browser, { scope: 'everywhere' })],
    ['by sub', () => setting.endsession.end({ provider: 'example', sub: 'alice' }, 'stolen laptop')],
  ] as [string, (browser: Browser) => Promise<unknown>][])(
    '%s, reaches up to now: the stolen laptop, whose older cookie nobody has seen yet, stays out [M9 M7 A7] (need 15)',
    async (_how, end) => {
      await makeOld({ store })
      const phone = oldBrowser({ idToken: await idTokenOf({ sid: 'phone', ...sixDays }) }, 'phone')
      const laptop = oldBrowser({ idToken: await idTokenOf({ sid: 'laptop', ...yesterday }) }, 'laptop')
      expect(await isIn(phone)).toBe(true)
      setting.clock.advance(60)
      await end(phone)
      setting.clock.advance(60)
      expect([await isIn(phone), await isIn(laptop)]).toEqual([false, false])
      expect(await marked(start + 60)).toMatchObject({ before: start + 60, authBefore: start + 60 })
      expect(await marked(start + 61)).toBe(undefined)
      const careless = await journey(setting, laptop, '/', { ignoresPrompt: true, authTime: start - day })
      expect(careless.answer.status).toBe(403)
      const { answer, hops } = await journey(setting, laptop, '/')
      expect(hops).toContain('provider login')
      expect(answer.text).toBe('Hello alice')
    },
  )

  it.each([
    ['the marker', {}],
    ['the mark of its sid', { sid: 'laptop' }],
  ])(
    'asks for the login screen: who authenticated after that login, but before the end, gets in by no other way (%s) [M9 M10 A7]',
    async (_how, sid) => {
      await makeOld({ store })
      const browser = oldBrowser({ idToken: await idTokenOf({ sid: undefined, ...sid, ...sixDays }) })
      expect(await isIn(browser)).toBe(true)
      setting.clock.advance(60)
      await leave(setting, browser)
      if ('sid' in sid) browser.cookies.clear()
      setting.clock.advance(60)
      const careless = { ignoresPrompt: true, authTime: start - day, ...sid }
      expect((await journey(setting, browser, '/', careless)).answer.status).toBe(403)
      expect(await isIn(browser)).toBe(false)
    },
  )
})

describe('[L22] adoption', () => {
  it.each([
    ['without adoptUntil', {}],
    ['after adoptUntil', { adoptUntil: start - 1 }],
  ])('%s there is none', async (_, options) => {
    setting = await makeHosted({ adopts: true, options })
    const tokens = { idToken: await idTokenOf() }
    expect(await setting.endsession.adopt('example', { sub: 'alice', tokens })).toBe(undefined)
    expect(await setting.endsession.adopt('example', { sub: 'alice' })).toBe(undefined)
    expect(setting.events).toEqual([])
    const page = await oldBrowser(tokens).get('/')
    expect(page.headers.get('location')).toMatch(/^\/login/)
  })

  it('of the same login: the same handle, in all copies, on two processes, at the same time', async () => {
    await makeOld()
    const login = { sub: 'alice', tokens: { idToken: await idTokenOf() } }
    const process = anotherProcess()
    const both = [setting.endsession, process, setting.endsession, process]
    const handles = await Promise.all(both.map((one) => one.adopt('example', login)))
    expect(new Set(handles).size).toBe(1)
    expect(handles[0]).toMatch(/^0\.[\w-]{43}$/)
    const { iss, client } = { iss: setting.provider.issuer, client: 'app' }
    expect(await setting.store.list({ iss, client, sub: 'alice' })).toHaveLength(1)
    const other = await setting.endsession.adopt('example', {
      ...login,
      tokens: { idToken: await idTokenOf({ nonce: 'm' }) },
    })
    expect(other).not.toBe(handles[0])
  })

  it('without an ID token: one per person, known to nobody without the secret, and an event says what that costs', async () => {
    await makeOld()
    const handle = await setting.endsession.adopt('example', { sub: 'alice' })
    expect(await anotherProcess().adopt('example', { sub: 'alice', tokens: { idToken: '' } })).toBe(handle)
    expect(await setting.endsession.adopt('example', { sub: 'bob' })).not.toBe(handle)
    expect(
      await anotherProcess({ secret: 'another secret of thirty-two bytes or more' }).adopt('example', { sub: 'carl' }),
    ).not.toBe(await setting.endsession.adopt('example', { sub: 'carl' }))
    expect(setting.events.filter(({ type }) => type === 'adoption.limited')).toHaveLength(3)
    expect(JSON.stringify(setting.events)).not.toMatch(/alice|bob|carl/)
    expect(await setting.endsession.resume(handle ?? '')).toMatchObject({ sub: 'alice', claims: { sub: 'alice' } })
    const { report, there } = await leave(setting, oldBrowser(undefined), { scope: 'provider' })
    expect(rows(report)).toMatchObject({ app: 'ended record_ended', services: 'unknown host_may_hold_tokens' })
    expect(new URL(there).searchParams.has('id_token_hint')).toBe(false)
    expect(await setting.endsession.adopt('example', { sub: 'alice' })).toBe(undefined)
  })

  it('without an ID token: a new secret in front brings nothing back that has ended, while the oldest one is there [A3]', async () => {
    await makeOld()
    const browser = oldBrowser(undefined)
    expect(await isIn(browser)).toBe(true)
    await leave(setting, browser, { scope: 'app' })
    const rotated = anotherProcess({ secret: ['another secret of thirty-two bytes or more', secret] })
    expect(await rotated.adopt('example', { sub: 'alice' })).toBe(undefined)
    const bob = await setting.endsession.adopt('example', { sub: 'bob' })
    expect(await rotated.adopt('example', { sub: 'bob' })).toBe(bob)
    expect(await rotated.resume(bob ?? '')).toMatchObject({ sub: 'bob' })
  })

  it('of the ID token of another person, provider or client is refused, also when that login is adopted already [A8]', async () => {
    await makeOld()
    const tokens = { idToken: await idTokenOf() }
    for (const sub of ['mallory', ''])
      await expect(setting.endsession.adopt('example', { sub, tokens })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    expect(await setting.endsession.adopt('example', { sub: 'alice', tokens })).toMatch(/^0\./)
    await expect(setting.endsession.adopt('example', { sub: 'mallory', tokens })).rejects.toMatchObject({
      code: 'ERR_LOGIN',
    })
    for (const claims of [{ iss: 'https://evil.example' }, { aud: 'other' }, { iat: start + 3600 }])
      await expect(
        setting.endsession.adopt('example', { sub: 'alice', tokens: { idToken: await idTokenOf(claims) } }),
      ).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    await expect(setting.endsession.adopt('no', { sub: 'alice' })).rejects.toMatchObject({ code: 'ERR_REQUEST' })
  })

  it('of nobody is refused, with an ID token or without', async () => {
    await makeOld()
    for (const sub of ['', undefined, 5] as string[])
      await expect(setting.endsession.adopt('example', { sub })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    expect(setting.events).toEqual([])
  })

  it('gives it absoluteSeconds from then on, whatever its ID token\u2019s age [M1]', async () => {
    await makeOld({}, { session: { ...limits, idleSeconds: 6000 } })
    const browser = oldBrowser({ idToken: await idTokenOf() })
    setting.clock.advance(1000)
    expect(await isIn(browser)).toBe(true)
    setting.clock.advance(599)
    expect(await isIn(browser)).toBe(true)
    setting.clock.advance(2)
    expect(await isIn(browser)).toBe(false)
  })

  it('gives it no more than the provider does (session_expiry) [M1]', async () => {
    await makeOld()
    const browser = oldBrowser({ idToken: await idTokenOf({ session_expiry: start + 100 }) })
    expect(await isIn(oldBrowser({ idToken: await idTokenOf({ session_expiry: start - 1 }) }, 'over'))).toBe(false)
    expect(await isIn(browser)).toBe(true)
    setting.clock.advance(101)
    expect(await isIn(browser)).toBe(false)
  })

  it('asks for the login screen where a mark does, and where this browser has logged out since [M10]', async () => {
    await makeOld()
    const first = oldBrowser({ idToken: await idTokenOf() }, 'first')
    const second = oldBrowser({ idToken: await idTokenOf({ nonce: 'another login, same provider session' }) }, 'second')
    expect(await isIn(first)).toBe(true)
    await leave(setting, first)
    expect(await isIn(second)).toBe(false)
    expect((await second.get('/')).headers.get('location')).toMatch(/^\/login/)
  })

  it('reports the access token of the old login, and nothing that is none [L19]', async () => {
    await makeOld()
    const without = oldBrowser({ idToken: await idTokenOf() }, 'without')
    const token = { accessToken: 'opaque', accessTokenExpiresAt: start + 300, refreshToken: 'refresh' }
    const holder = oldBrowser({ idToken: await idTokenOf({ sid: 'b' }), ...token }, 'holder')
    await isIn(without)
    await isIn(holder)
    expect(rows((await leave(setting, without)).report)).toMatchObject({
      services: 'unknown host_may_hold_tokens',
      tokens: 'unknown host_may_hold_tokens',
    })
    const { report } = await leave(setting, holder)
    expect(report.layers.services).toMatchObject({ reason: 'no_guard_follows' })
    expect(report.layers.services.until).toBeLessThan(start + 600)
    expect(setting.provider.revokedTokens).toContain('refresh')
  })

  it('an ID token that the host has renewed meanwhile makes another login: each of them ends by itself, or by its sid', async () => {
    await makeOld()
    const before = oldBrowser({ idToken: await idTokenOf() }, 'before')
    const after = oldBrowser({ idToken: await idTokenOf({ iat: start - 60 }) }, 'after')
    expect([await isIn(before), await isIn(after)]).toEqual([true, true])
    await leave(setting, before, { scope: 'app' })
    expect([await isIn(before), await isIn(after)]).toEqual([false, true])
    const third = oldBrowser({ idToken: await idTokenOf({ iat: start - 30 }) }, 'third')
    const other = oldBrowser({ idToken: await idTokenOf({ iat: start - 30, sid: 'other' }) }, 'other')
    expect([await isIn(third), await isIn(other)]).toEqual([true, true])
    await leave(setting, after)
    expect([await isIn(after), await isIn(third), await isIn(other)]).toEqual([false, false, true])
  })

  it('after a logout the login goes on as any other', async () => {
    await makeOld()
    const browser = oldBrowser({ idToken: await idTokenOf() })
    await isIn(browser)
    const { answer } = await leave(setting, browser)
    expect(answer.headers.getSetCookie().slice(0, 2)).toEqual(expireLines)
    setting.clock.advance(5)
    expect((await journey(setting, browser, '/')).answer.text).toBe('Hello alice')
  })
})
