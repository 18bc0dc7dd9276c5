import { memoryStore } from 'endsession'
import { customFetch } from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { next } from './next-request.ts'
import { allSay, copyOf, everyReader } from './readers.ts'
import { openRows, type Rows } from './rows.ts'
import { type Browser, makeSetting, type Setting, type SettingOptions } from './setting.ts'

vi.mock('next/headers.js', () => import('./next-request.ts'))

const cookieName = 'authjs.session-token'
let setting: Setting
let rows: Rows
beforeAll(async () => {
  rows = await openRows()
})
afterAll(() => rows.close())
beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(async () => {
  rows.fails = () => false
  rows.hangs = false
  for (const table of ['sessions', 'accounts', 'users']) await rows.read(`DELETE FROM ${table}`)
  await setting.close()
  vi.useRealTimers()
})
const advance = (seconds: number) => void vi.setSystemTime(Date.now() + seconds * 1000)
const now = () => Math.floor(Date.now() / 1000)

async function made({ config, behaviours, ...given }: SettingOptions = {}): Promise<Setting> {
  setting = await makeSetting({
    ...given,
    config: { ...config, adapter: rows.adapter },
    behaviours: { idTokenClaims: { name: 'Alice' }, ...behaviours },
  })
  return setting
}

async function signedIn(given: SettingOptions = {}): Promise<Browser> {
  await made(given)
  const browser = setting.browser()
  await browser.login()
  advance(10)
  return browser
}

const tokenOf = ({ cookies }: Browser) => cookies.get(cookieName)
const inRows = () => rows.read('SELECT "sessionToken", "userId" FROM sessions ORDER BY id')
const created = () => setting.events.filter(({ type }) => type === 'session.created').length
const leave = (browser: Browser, fields: Record<string, string> = {}) =>
  browser.post('/api/auth/endsession/logout', fields)

/** What Auth.js alone has made: a person, and a session of theirs. */
async function fromBefore(token: string, name = 'Alice'): Promise<Browser> {
  const { createUser, createSession } = rows.adapter
  const user = await createUser?.({ id: '', name, email: `${name}@example.com`, emailVerified: null })
  await createSession?.({
    sessionToken: token,
    userId: user?.id ?? '',
    expires: new Date(Date.now() + 30 * 86_400_000),
  })
  const browser = setting.browser(`${name}’s`)
  browser.cookies.set(cookieName, token)
  return browser
}

describe('a session in Auth.js’s own database', () => {
  it('[L22 A6] has a record beside its row; every reader knows the person, and the cookie is Auth.js’s own token (need 27)', async () => {
    const browser = await signedIn()
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    expect(await inRows()).toMatchObject([{ sessionToken: tokenOf(browser) }])
    expect(created()).toBe(1)
    const access = await browser.within(() => setting.app.endsession.accessToken())
    expect(access.ok).toBe(true)
    expect(JSON.stringify(setting.events)).not.toContain(tokenOf(browser))
    expect(setting.log).toEqual([])
  })

  it.each([
    ['our route', async (browser: Browser) => void (await leave(browser))],
    ['Auth.js’s route', async (browser: Browser) => void (await browser.signOut())],
    [
      'a server action',
      async (browser: Browser) => void (await browser.within(() => setting.app.signOut({ redirect: false }))),
    ],
  ])(
    '[A1 A3 A7] logged out by %s: nobody for every reader, row gone, tokens revoked, login screen next',
    async (_, how) => {
      const browser = await signedIn()
      const copy = copyOf(browser)
      await how(browser)
      await setting.settled()
      expect(await everyReader(setting, copy)).toEqual(allSay(null))
      expect(await inRows()).toEqual([])
      expect(browser.cookies.has(cookieName)).toBe(false)
      expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
      expect(setting.log).toEqual([])
      advance(10)
      expect((await browser.login()).hops[0]).toBe('provider login')
      expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    },
  )

  it('[M8 A3] the provider’s logout token ends it though its row is still there; the next read removes the cookie', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    const token = await setting.provider.logoutToken({ sid: 'sid-1' })
    await browser.post('/api/auth/endsession/backchannel-logout', { logout_token: token })
    expect(await inRows()).toHaveLength(1)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    const read = await browser.get('/api/auth/session')
    expect([read.text, browser.cookies.has(cookieName)]).toEqual(['null', false])
    // What Auth.js writes to the row meanwhile changes nothing.
    await rows.adapter.updateSession?.({
      sessionToken: String(copy.get(cookieName)),
      expires: new Date(Date.now() + 1e9),
    })
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('[A3] whose row somebody deletes is nobody’s, for endsession’s readers too', async () => {
    const browser = await signedIn()
    await rows.read('DELETE FROM sessions')
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
    expect(await browser.within(() => setting.app.endsession.accessToken())).toEqual({ ok: false, why: 'signed_out' })
    // And a logout still does the whole of it.
    const answer = await leave(browser)
    await setting.settled()
    expect(answer.text).toContain('id_token_hint')
    expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
  })

  it('[A2 A13] whose row somebody deletes ends with a logout by the app’s own route as well', async () => {
    const browser = await signedIn()
    await rows.read('DELETE FROM sessions')
    const headers = { cookie: browser.cookieHeader(), origin: setting.origin }
    const { report } = await setting.app.endsession.logout(new Request(setting.origin, { method: 'POST', headers }))
    expect(report.layers.app.outcome).toBe('ended')
    expect(setting.provider.revokedTokens.length).toBeGreaterThan(0)
  })

  it('[A3 S7] that is over by Auth.js’s own reckoning is over here, with its tokens', async () => {
    const browser = await signedIn({
      config: { session: { maxAge: 1000 } },
      options: { session: { idleSeconds: 5000 } },
    })
    advance(1001)
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
    await setting.settled()
    expect([await inRows(), setting.provider.revokedTokens.length > 0]).toEqual([[], true])
    expect(setting.events).toContainEqual(expect.objectContaining({ type: 'session.ended', cause: 'idle' }))
  })
})

describe('a login with sessions in the database', () => {
  it('[A3 L2] in a browser that is signed in gets a new token: the old one is dead, in cookie and row', async () => {
    const browser = await signedIn()
    const before = copyOf(browser)
    await browser.login()
    await setting.settled()
    expect(tokenOf(browser)).not.toBe(before.get(cookieName))
    expect(await everyReader(setting, before)).toEqual(allSay(null))
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
    expect(await inRows()).toMatchObject([{ sessionToken: tokenOf(browser) }])
    expect(setting.events).toContainEqual(expect.objectContaining({ type: 'session.ended', cause: 'replaced' }))
  })

  it('at a second provider links it to the same person, as Auth.js does, and the record is that of the new login', async () => {
    const browser = await signedIn({ another: true })
    await browser.login('alice-there', { provider: 'another' })
    expect(await rows.read('SELECT provider, "userId" FROM accounts ORDER BY id')).toHaveLength(2)
    expect(await rows.read('SELECT id FROM users')).toHaveLength(1)
    const session = await browser.within(() => setting.app.endsession.session())
    expect(session).toMatchObject({ provider: 'another', sub: 'alice-there' })
    expect(await everyReader(setting, browser.cookies)).toMatchObject({ 'auth() in a component': 'Alice' })
  })

  it('[A3] by an ended session links nothing', async () => {
    const browser = await signedIn({ another: true })
    const copy = copyOf(browser)
    await leave(browser, { scope: 'app' })
    for (const [name, value] of copy) browser.cookies.set(name, value)
    advance(10)
    await browser.login('mallory', { provider: 'another' })
    expect(await rows.read('SELECT DISTINCT "userId" FROM accounts')).toHaveLength(2)
  })

  it('[A7 M10 L3] that slips past the login screen leaves no row, and never a loop', async () => {
    const browser = await signedIn()
    await leave(browser)
    advance(10)
    const { hops, answer } = await browser.login('alice', { ignoresPrompt: true })
    expect(hops.filter((hop) => hop === '/api/auth/endsession/again')).toHaveLength(1)
    expect([answer.status, await inRows(), browser.cookies.has(cookieName)]).toEqual([403, [], false])
    expect((await browser.login()).hops.at(-1)).toBe('/inbox')
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay('Alice'))
  })

  it('[A2 S12] is a 503 when our store fails, and leaves no row', async () => {
    let down = false
    await made({
      store: (store) => ({
        ...store,
        create: async (...args) => (down ? Promise.reject(new Error('down')) : store.create(...args)),
      }),
    })
    down = true
    const browser = setting.browser()
    const { answer } = await browser.login()
    expect([answer.status, await inRows(), browser.cookies.has(cookieName)]).toEqual([503, [], false])
  })

  it.each([
    ['nobody was signed in', async () => (await made()).browser(), null],
    ['somebody was', () => signedIn(), 'Alice'],
  ])('[A2] whose row cannot be written is a 503, and changes nothing (%s)', async (_, begin, name) => {
    const browser = await begin()
    const before = created()
    rows.fails = (sql) => /insert into sessions/.test(sql)
    const { answer } = await browser.login()
    await setting.settled()
    expect([answer.status, created() - before]).toEqual([503, 0])
    rows.fails = () => false
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(name))
  })

  it('[A3 S2] that was on its way while this browser logged out opens nothing, though the provider gives no sid', async () => {
    const browser = await signedIn({ behaviours: { omitSid: true } })
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    const start = await browser.post('/api/auth/signin/keycloak', { csrfToken, callbackUrl: '/inbox' })
    const late = setting.browser('browser')
    for (const [name, value] of copyOf(browser)) late.cookies.set(name, value)
    await leave(browser, { scope: 'app' })
    await setting.settled()
    advance(10)
    const { hops } = await late.follow(start, { sub: 'alice' })
    expect(hops.slice(0, 3)).toEqual(['provider', '/api/auth/callback/keycloak', '/api/auth/endsession/again'])
  })
})

it('[A3] 100 requests beside a logout bring nothing back, though answers on their way set the cookie again', async () => {
  const browser = await signedIn()
  const copy = copyOf(browser)
  const cookie = browser.cookieHeader()
  const ask = () =>
    setting.app.handlers.GET(new Request(`${setting.origin}/api/auth/session`, { headers: { cookie } }) as never)
  const renewed = await ask()
  const before = Array.from({ length: 50 }, ask)
  const left = leave(browser)
  const beside = Array.from({ length: 50 }, ask)
  await left
  await Promise.all([...before, ...beside])
  // What such an answer gives the browser again, however late it comes.
  expect(renewed.headers.getSetCookie().join()).toContain(`${cookieName}=${copy.get(cookieName)};`)
  await setting.settled()
  expect([await everyReader(setting, copy), await inRows()]).toEqual([allSay(null), []])
})

it('[A6] the account row holds no token where the provider’s account() says so; the record has them all the same', async () => {
  await made({
    providers: ({ issuer, clientId, clientSecret = '', fetch }) => [
      { ...Keycloak({ issuer, clientId, clientSecret, [customFetch]: fetch }), account: () => ({}) },
    ],
  })
  const browser = setting.browser()
  await browser.login()
  expect(await rows.read('SELECT access_token, refresh_token, id_token FROM accounts')).toEqual([
    { access_token: null, refresh_token: null, id_token: null },
  ])
  expect(await browser.within(() => setting.app.endsession.accessToken())).toMatchObject({ ok: true })
})

it.each([
  ['as text', (time: Date) => time.toISOString(), 'Alice'],
  ['as numbers', (time: Date) => time.getTime(), 'Alice'],
  ['as nothing that is one', () => 'soon', undefined],
])(
  'an adapter may answer times %s: what is none lets nobody in, and no row is deleted for it',
  async (_, write, name) => {
    const { getSessionAndUser, ...others } = rows.adapter
    const adapter: typeof rows.adapter = {
      ...others,
      async getSessionAndUser(token) {
        const row = await getSessionAndUser?.(token)
        return row ? { ...row, session: { ...row.session, expires: write(row.session.expires) as never } } : null
      },
    }
    setting = await makeSetting({ behaviours: { idTokenClaims: { name: 'Alice' } }, config: { adapter } })
    const browser = setting.browser()
    await browser.login()
    expect((await browser.within(() => setting.app.endsession.session()))?.claims.name).toBe(name)
    await browser.get('/api/auth/session')
    await setting.settled()
    expect(await inRows()).toHaveLength(1)
  },
)

describe('a row from before endsession', () => {
  it('is taken over until adoptUntil, each device by itself; once ended it is not taken over again, though the row is there', async () => {
    await made({ options: { adoptUntil: now() + 30 * 86_400 } })
    const laptop = await fromBefore('token-of-the-laptop')
    const phone = setting.browser('phone')
    phone.cookies.set(cookieName, 'token-of-the-phone')
    const [{ userId }] = (await inRows()) as [{ userId: string }]
    await rows.adapter.createSession?.({
      sessionToken: 'token-of-the-phone',
      userId,
      expires: new Date(Date.now() + 1e8),
    })
    expect(await everyReader(setting, laptop.cookies)).toMatchObject({
      ...allSay('Alice'),
      'endsession.session': null,
      'endsession.session(req)': null,
    })
    expect(await phone.auth()).toMatchObject({ user: { name: 'Alice' } })
    expect([created(), setting.events.filter(({ type }) => type === 'adoption.limited').length]).toEqual([2, 2])

    const copy = copyOf(laptop)
    advance(5)
    rows.fails = (sql) => /delete from sessions/.test(sql)
    await leave(laptop, { scope: 'app' })
    await setting.settled()
    rows.fails = () => false
    expect(await inRows()).toHaveLength(2)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
    expect(await phone.auth()).toMatchObject({ user: { name: 'Alice' } })
    expect(created()).toBe(2)
  })

  it('[A3] that is logged out before anybody has read it is not taken over afterwards', async () => {
    await made({ options: { adoptUntil: now() + 30 * 86_400 } })
    const tablet = await fromBefore('token-of-the-tablet')
    const copy = copyOf(tablet)
    rows.fails = (sql) => /delete from sessions/.test(sql)
    await leave(tablet, { scope: 'app' })
    await setting.settled()
    rows.fails = () => false
    expect(await inRows()).toHaveLength(1)
    advance(5)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('[A2 A3] is not said to be over while nobody can tell whether a copy of its cookie would be taken over', async () => {
    await made({ options: { adoptUntil: now() + 86_400 } })
    const tablet = await fromBefore('token-of-the-tablet')
    rows.fails = () => true
    expect((await leave(tablet, { scope: 'app' })).status).toBe(503)
    await setting.settled()
    rows.fails = () => false
    // The cookie is still there: the next try ends it.
    const copy = copyOf(tablet)
    expect(copy.get(cookieName)).toBe('token-of-the-tablet')
    expect((await leave(tablet, { scope: 'app' })).status).toBe(303)
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('[M3 L25] is its owner’s, who is not the person whom the provider calls by the number that they have in the database', async () => {
    await made({ options: { adoptUntil: now() + 86_400 } })
    const bob = await fromBefore('token-of-bob', 'Bob')
    expect(await bob.auth()).toMatchObject({ user: { name: 'Bob' } })
    const [{ userId }] = (await inRows()) as [{ userId: number }]
    const stranger = setting.browser('stranger')
    await stranger.login(String(userId))
    const { session, devices } = setting.app.endsession
    const theirs = await stranger.within(() => session())
    expect(theirs).toMatchObject({ sub: String(userId) })
    expect((await bob.within(() => session()))?.sub).not.toBe(theirs?.sub)
    expect(await devices(theirs as NonNullable<typeof theirs>)).toHaveLength(1)
    advance(5)
    await leave(stranger, { scope: 'everywhere' })
    expect(await bob.auth()).toMatchObject({ user: { name: 'Bob' } })
  })

  it('[A3] is not what a session of ours is, however late adoptUntil is set: what had ended stays over, though its row is there', async () => {
    const store = { ...memoryStore(), close: async () => {} }
    const options = { store, baseUrl: 'http://localhost:3997', session: { absoluteSeconds: 3600, idleSeconds: 3600 } }
    const browser = await signedIn({ options })
    const copy = copyOf(browser)
    const logout_token = await setting.provider.logoutToken({ sid: 'sid-1' })
    await browser.post('/api/auth/endsession/backchannel-logout', { logout_token })
    await setting.close()
    // No mark of it is kept any more.
    advance(10 * 86_400)
    await made({ options: { ...options, adoptUntil: now() + 86_400 } })
    expect(await inRows()).toMatchObject([{ sessionToken: copy.get(cookieName) }])
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('is nobody’s without adoptUntil, and stays in the database', async () => {
    await made()
    const browser = await fromBefore('an-old-token')
    expect(await everyReader(setting, browser.cookies)).toEqual(allSay(null))
    expect(await inRows()).toHaveLength(1)
  })

  it('is not taken over where several providers could have made it, nor when it is over', async () => {
    await made({ another: true, options: { adoptUntil: now() + 86_400 } })
    expect(await (await fromBefore('of-some-provider')).auth()).toBe(null)
    await setting.close()
    await made({ options: { adoptUntil: now() + 90 * 86_400 } })
    const late = await fromBefore('too-old', 'Bob')
    advance(31 * 86_400)
    expect(await late.auth()).toBe(null)
    expect(created()).toBe(0)
  })
})

describe('somebody who tries', () => {
  it.each([
    ['empty', ''],
    ['unknown', 'no-such-token'],
    ['no character', '\0'],
    ['a statement', "'; DROP TABLE sessions; --"],
    ['very long', 'x'.repeat(5000)],
    ['of another alphabet', 'é'],
    ['a word of ours', 'refused'],
  ])('with a made-up cookie is nobody, and nothing breaks (%s)', async (_, token) => {
    await made({ options: { adoptUntil: now() + 86_400 } })
    const browser = setting.browser()
    browser.cookies.set(cookieName, encodeURIComponent(token))
    expect(await browser.auth()).toBe(null)
    expect([(await browser.get('/api/auth/session')).text, setting.log]).toEqual(['null', []])
    expect((await leave(browser)).status).toBe(200)
    expect(created()).toBe(0)
  })

  it.each([
    ['without', undefined],
    ['with', 4e9],
  ])(
    '[A1 A12] while it does not answer at all, a logout comes to its end, %s rows to take over',
    async (_, adoptUntil) => {
      const browser = await signedIn({ options: { logout: { deadlineSeconds: 1 }, ...(adoptUntil && { adoptUntil }) } })
      const copy = copyOf(browser)
      rows.hangs = true
      expect((await leave(browser)).status).toBe(200)
      rows.hangs = false
      expect(await everyReader(setting, copy)).toEqual(allSay(null))
    },
  )

  it('[A1] while it does not answer at all, Auth.js’s own logout waits for it once the session has ended, not before', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
    rows.hangs = true
    const left = browser.post('/api/auth/signout', { csrfToken })
    const told = () => setting.events.some(({ type }) => type === 'session.ended')
    await Promise.race([left, vi.waitFor(() => expect(told()).toBe(true), { timeout: 20_000, interval: 20 })])
    rows.hangs = false
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })

  it('[S12] while Auth.js’s own database fails nobody is "signed out"; a logout does not need it', async () => {
    const browser = await signedIn()
    const copy = copyOf(browser)
    rows.fails = () => true
    await expect(browser.auth()).rejects.toMatchObject({ code: 'ERR_STORE' })
    const script = { 'sec-fetch-mode': 'cors', accept: '*/*' }
    expect((await browser.get('/api/auth/session', script)).status).toBe(503)
    expect((await browser.get('/api/auth/endsession/session', script)).status).toBe(503)
    expect(browser.cookies.has(cookieName)).toBe(true)
    expect((await leave(browser)).status).toBe(200)
    rows.fails = () => false
    next.headers = new Headers()
    expect(await everyReader(setting, copy)).toEqual(allSay(null))
  })
})
