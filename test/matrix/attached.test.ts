import { createHash } from 'node:crypto'
import { createEndSession, remaining } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { comeBack, formOf, headerBytes, isAlive, leave, rows } from './leaving.ts'
import { type Browser, makeSetting, origin } from './setting.ts'
import { breakable, expireLines, type Hosted, journey, makeHosted, type TinyHostOptions } from './tiny-host.ts'

let setting: Hosted
afterEach(() => setting.close())

async function signedIn(given: TinyHostOptions = {}, sub = 'alice'): Promise<Browser> {
  setting = await makeHosted(given)
  const browser = setting.browser()
  await journey(setting, browser, '/', { sub })
  setting.clock.advance(10)
  return browser
}

const whoami = async (browser: Browser) =>
  JSON.parse((await browser.get('/whoami')).text) as { id: string; sub: string } | null
const expired = (lines: readonly string[]) => lines.filter((line) => line.includes('Max-Age=0'))

describe.each(['how.host', 'options.host'] as const)('a login of the host, named in %s', (by) => {
  it('[L19 A2] of access tokens that have expired it claims nothing: the host may have got newer ones', async () => {
    const browser = await signedIn({ by, behaviours: { expiresIn: 300 } })
    const twin = setting.browser('twin')
    for (const [name, value] of browser.cookies) twin.cookies.set(name, value)
    setting.clock.advance(100)
    expect(rows((await leave(setting, browser, { scope: 'app' })).report).services).toBe('impossible no_guard_follows')
    setting.clock.advance(400)
    const { report } = await leave(setting, twin, { scope: 'app' })
    expect(rows(report).services).toBe('unknown host_may_hold_tokens')
    expect(remaining(report)).toContain('services')
    // The same from the server, which sees no host: the record knows.
    const third = setting.browser('third')
    await journey(setting, third, '/', { sub: 'alice' })
    setting.clock.advance(500)
    const byAdmin = await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'left')
    expect(rows(byAdmin).services).toBe('unknown host_may_hold_tokens')
  })

  it('[L22 L4] opens a record; protect, session and devices know it by the cookie of the host alone (need 27)', async () => {
    setting = await makeHosted({ by })
    const browser = setting.browser()
    const { answer, hops } = await journey(setting, browser, '/inbox?a=1')
    expect(hops).toEqual(['/inbox', '/login', 'provider', '/auth/callback', '/inbox'])
    expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([200, 'Hello alice', 'no-store'])
    expect([...browser.cookies.keys()]).toEqual(['tiny.sid'])
    expect(await whoami(browser)).toMatchObject({ sub: 'alice', provider: 'example', iss: setting.provider.issuer })
    const { devices } = JSON.parse((await browser.get('/auth/devices')).text)
    expect(devices).toEqual([expect.objectContaining({ current: true, browser: 'Unknown browser' })])
    expect((await setting.browser().get('/auth/devices')).status).toBe(401)
  })

  it('[L22 A3 A8 L5] the logout ends it: the cookies of the host go with their attributes, and a copy is dead (needs 1, 3)', async () => {
    const browser = await signedIn({ by })
    const copy = new Map(browser.cookies)
    expect(await isAlive(setting, copy)).toBe(true)
    const { answer, report, there } = await leave(setting, browser)
    const lines = answer.headers.getSetCookie()
    expect(lines.slice(0, 2)).toEqual(expireLines)
    expect(lines.some((line) => line.startsWith('endsession='))).toBe(false)
    expect(rows(report)).toMatchObject({
      browser: 'ended cookies_expired',
      app: 'ended record_ended',
      tokens: 'ended revoked',
    })
    expect(new URL(there).searchParams.get('id_token_hint')).toMatch(/^ey/)
    // What the host remembers opens nothing: its session is still there, and so is the handle in it.
    expect(setting.sessions.get(copy.get('tiny.sid') ?? '')?.handle).toMatch(/^0\./)
    expect(await isAlive(setting, copy)).toBe(false)
    const landed = await comeBack(setting, browser, there)
    expect([landed.answer.status, rows(landed.report).provider]).toEqual([200, 'requested came_back'])
    expect(setting.provider.signedIn()).toBe(false)
  })

  it.each([
    ['app', ['laptop'], ['twin', 'phone']],
    ['provider', ['laptop', 'twin'], ['phone']],
    ['everywhere', ['laptop', 'twin', 'phone'], []],
  ])('[L22 M5 M6 M7 A14] scope %s ends %j and not %j (needs 14, 15)', async (scope, ended, lives) => {
    setting = await makeHosted({ by })
    const all: Record<string, Browser> = {
      laptop: setting.browser('laptop'),
      twin: setting.browser('laptop'),
      phone: setting.browser('phone'),
    }
    for (const browser of Object.values(all)) await journey(setting, browser, '/')
    setting.clock.advance(10)
    const copies = Object.fromEntries(Object.entries(all).map(([name, { cookies }]) => [name, new Map(cookies)]))
    await leave(setting, all['laptop'] as Browser, { scope })
    const alive = async (names: string[]) =>
      Promise.all(names.map((name) => isAlive(setting, copies[name] as Map<string, string>)))
    expect([await alive(ended), await alive(lives)]).toEqual([ended.map(() => false), lives.map(() => true)])
    const back = await journey(setting, all['laptop'] as Browser, '/')
    expect(back.hops.includes('provider login')).toBe(scope !== 'app')
  })

  it('[L22 A13] a second click gets the same plan, hint included (need 6)', async () => {
    const browser = await signedIn({ by })
    const before = new Map(browser.cookies)
    const first = await leave(setting, browser)
    const again = setting.browser()
    for (const [name, value] of before) again.cookies.set(name, value)
    const second = await leave(setting, again)
    expect([second.answer.status, second.there]).toEqual([200, first.there])
    expect(rows(second.report).app).toBe('ended ended_before')
  })

  it('[L22 A2 S12] the store fails: the cookies of the host go, a ticket goes on trying, and opens nothing', async () => {
    const { store, fail, mend } = breakable()
    const browser = await signedIn({ by, store })
    const copy = new Map(browser.cookies)
    fail('end')
    const failed = await leave(setting, browser)
    expect([failed.answer.status, rows(failed.report).app]).toEqual([503, 'failed store_failed'])
    expect(failed.answer.headers.getSetCookie().slice(0, 2)).toEqual(expireLines)
    expect([...browser.cookies.keys()]).toEqual(['endsession-ticket'])
    expect(await whoami(browser)).toBe(null)
    expect(await isAlive(setting, copy)).toBe(true)
    mend('end')
    const { fields } = formOf(failed.answer)
    const { report } = await leave(setting, browser, fields)
    expect(rows(report).app).toBe('ended record_ended')
    expect(await isAlive(setting, copy)).toBe(false)
  })

  it('[L22 S12] a check whose store fails is 503, never the login', async () => {
    const { store, fail } = breakable()
    const browser = await signedIn({ by, store })
    fail('get')
    await expect(browser.get('/')).rejects.toMatchObject({ code: 'ERR_STORE', status: 503 })
    expect((await browser.get('/auth/login')).status).toBe(503)
  })

  it('[L22 M8] back-channel logout ends it', async () => {
    const browser = await signedIn({ by })
    const token = await setting.provider.logoutToken({ sid: 'sid-1' })
    expect((await setting.browser().post('/auth/backchannel-logout', { logout_token: token })).status).toBe(200)
    expect(await whoami(browser)).toBe(null)
    expect((await browser.get('/')).status).toBe(303)
  })

  it('[L4] a script gets 401 and no cookie; what nobody has asked for yet gets nothing', async () => {
    const browser = await signedIn({ by })
    await leave(setting, browser, { scope: 'app' })
    const script = await browser.get('/', { 'sec-fetch-mode': 'cors', accept: '*/*' })
    expect([script.status, script.headers.getSetCookie()]).toEqual([401, []])
    for (const path of ['/', '/auth/login']) {
      const early = await browser.get(path, { 'sec-purpose': 'prefetch' })
      expect([path, early.status, early.headers.getSetCookie()]).toEqual([path, 204, []])
    }
  })

  it('[A11 A10] the way back leads to no other origin, to no route of ours, and fits', async () => {
    setting = await makeHosted({ by })
    const browser = setting.browser()
    for (const path of ['//evil.example/x', '/\\evil.example/x', `/${'x'.repeat(3000)}`]) await browser.get(path)
    for (const wanted of ['//evil.example', 'https://evil.example/', '/auth/logout', `${origin}//evil.example/x`])
      await browser.get(`/auth/login?${new URLSearchParams({ returnTo: wanted })}`)
    const ways = setting.asked.map(({ returnTo }) => new URL(returnTo, origin))
    expect(ways.map((url) => url.origin)).toEqual(ways.map(() => origin))
    expect(ways.filter((url) => url.pathname.startsWith('/auth/'))).toEqual([])
    expect(setting.asked.every(({ returnTo }) => returnTo.startsWith(`${origin}/`))).toBe(true)
    expect(headerBytes(await browser.get(`/${'x'.repeat(3000)}`))).toBeLessThan(4096)
  })
})

describe('[L22] handles', () => {
  it.each([
    ['garbage', 'x'],
    ['empty', ''],
    ['forged', `0.${'A'.repeat(43)}`],
    ['a session id, as logs know it', 'id'],
    ['an object', { toString: () => 'x' } as unknown as string],
    ['null', null as unknown as string],
    ['a list', [`0.${'A'.repeat(43)}`] as unknown as string],
    ['a long one', `0.${'A'.repeat(1_000_000)}`],
  ])('%s: opens nothing, and is no error (need 27)', async (what, handle) => {
    const browser = await signedIn()
    const id = (await whoami(browser))?.id
    const session = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')
    if (session) session.handle = what.startsWith('a session id') ? id : handle
    expect(await whoami(browser)).toBe(null)
    expect((await browser.get('/')).status).toBe(303)
    expect((await leave(setting, browser, { scope: 'app' })).answer.status).toBe(303)
  })

  it('of another app, with another store, another secret: open nothing here', async () => {
    const browser = await signedIn()
    const other = await makeSetting({ options: { secret: 'another secret of thirty-two bytes or more' } })
    const idToken = await setting.provider.sign({
      iss: setting.provider.issuer,
      aud: 'app',
      sub: 'alice',
      iat: 1_800_000_000,
      exp: 1_800_000_600,
    })
    const handle = await other.endsession.open('example', { idToken })
    expect(await setting.endsession.resume(handle)).toBe(undefined)
    // Stores that are shared by mistake: the row does not open, and nobody is told what is in it.
    const shared = createEndSession({
      baseUrl: origin,
      secret: 'another secret of thirty-two bytes or more',
      store: setting.store,
      unsafeLossyStore: true,
      providers: { example: { issuer: setting.provider.issuer, clientId: 'app', clientSecret: 'x' } },
      runtime: { now: setting.clock.now },
    })
    const mine = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')?.handle ?? ''
    await expect(shared.resume(mine)).rejects.toMatchObject({ code: 'ERR_STORE' })
    await other.close()
  })

  it('resume knows who a handle stands for, until it has ended', async () => {
    const browser = await signedIn()
    const handle = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')?.handle ?? ''
    expect(await setting.endsession.resume(handle)).toMatchObject({ sub: 'alice', provider: 'example' })
    for (const wrong of ['', 'refused', 'x', handle.slice(0, -1)])
      expect(await setting.endsession.resume(wrong)).toBe(undefined)
    expect((await browser.post('/leave')).status).toBe(303)
    expect(await setting.endsession.resume(handle)).toBe(undefined)
  })
})

describe('[L22 A7 M10] the login screen after a logout', () => {
  it('scope provider, declined at the provider: the login of the host is asked to be interactive; a good login clears that', async () => {
    const browser = await signedIn()
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    setting.clock.advance(5)
    const { answer, hops } = await journey(setting, browser, '/')
    expect([answer.text, hops]).toEqual(['Hello alice', ['/', '/login', 'provider login', '/auth/callback', '/']])
    expect(setting.asked.at(-1)).toEqual({ interactive: true, returnTo: `${origin}/` })
    expect([...browser.cookies.keys()]).toEqual(['tiny.sid'])
    await browser.get('/auth/login')
    expect(setting.asked.at(-1)?.interactive).toBe(false)
  })

  it('the marker of one provider stays when somebody signs in at another', async () => {
    const browser = await signedIn({ another: {} })
    await leave(setting, browser)
    const marker = [...browser.cookies.keys()].filter((name) => name.includes('fresh'))
    const idToken = await setting.another.sign({
      iss: setting.another.issuer,
      aud: 'other',
      sub: 'alice',
      iat: setting.clock.now(),
      exp: setting.clock.now() + 60,
    })
    setting.sessions.set('other', { sub: 'x', handle: await setting.endsession.open('another', { idToken }) })
    browser.cookies.set('tiny.sid', 'other')
    expect((await browser.get('/')).status).toBe(200)
    expect([...browser.cookies.keys()].filter((name) => name.includes('fresh'))).toEqual(marker)
    expect(marker).toHaveLength(1)
  })

  /** The provider's own session lives on, and it signs in silently whatever it is asked for. */
  const stubborn = { ignoresPrompt: true }

  it.each([
    ['the mark of its sid', {}],
    ['the mark of its sid, markers lost', { loses: true }],
    ['the marker, where there is no sid', { behaviours: { omitSid: true } }],
    [
      'the marker, and a host that takes its own session for a login',
      { behaviours: { omitSid: true }, remembers: true },
    ],
    ['the mark of its sid, and such a host', { remembers: true }],
  ])(
    'a provider that ignores prompt=login: once interactively, then a page with a button, by %s; never a loop',
    async (_, given) => {
      const { loses = false, ...options } = given as TinyHostOptions & { loses?: boolean }
      const browser = await signedIn(options)
      const { there } = await leave(setting, browser)
      await comeBack(setting, browser, there, true)
      if (loses) browser.cookies.clear()
      setting.clock.advance(5)
      const first = await journey(setting, browser, '/', stubborn)
      expect([first.answer.status, first.hops.length < 12]).toEqual([403, true])
      expect(first.hops.filter((hop) => hop === 'provider login').length).toBeGreaterThan(0)
      expect(await whoami(browser)).toBe(null)
      expect((await browser.get('/', { 'sec-fetch-mode': 'cors' })).status).toBe(401)

      const button = /<a class="button" href="([^"]*)"/.exec(first.answer.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
      expect(button).toContain('prompt=login')
      const second = await journey(setting, browser, button, stubborn)
      expect([second.answer.status, second.hops.length < 12]).toEqual([403, true])
      // The person finds the way past the silent login.
      const good = await journey(setting, browser, button)
      expect(good.answer.text).toBe('Hello alice')
      expect([...browser.cookies.keys()]).toEqual(['tiny.sid'])
    },
  )

  it('everywhere from the phone: the laptop is refused silently, and in after the login screen (needs 7, 15)', async () => {
    const laptop = await signedIn()
    const phone = setting.browser('phone')
    await journey(setting, phone, '/')
    await leave(setting, phone, { scope: 'everywhere' })
    setting.clock.advance(5)
    const { answer, hops } = await journey(setting, laptop, '/')
    expect(answer.text).toBe('Hello alice')
    expect(hops.filter((hop) => hop.startsWith('provider'))).toEqual(['provider', 'provider login'])
  })

  it('a silent login by a link of the host\u2019s own is not good enough, whatever its handle says', async () => {
    const browser = await signedIn({ behaviours: { omitSid: true } })
    const { there } = await leave(setting, browser)
    await comeBack(setting, browser, there, true)
    setting.clock.advance(5)
    const { hops } = await journey(setting, browser, '/login?returnTo=/whoami')
    expect([hops.includes('provider login'), await whoami(browser)]).toEqual([false, null])
    expect((await journey(setting, browser, '/')).answer.text).toBe('Hello alice')
  })

  const never = { behaviours: { omitAuthTime: true }, profile: { authTime: 'never' } } as const
  it.each([
    ['never says auth_time, and the host vouches: in', { ...never, vouches: true }, 200],
    ['never says auth_time, and nobody vouches: a page with a button', never, 403],
    [
      'says it when asked, and the host does not ask: an error for the host, though it vouches',
      { behaviours: { omitAuthTime: true }, vouches: true },
      'ERR_LOGIN',
    ],
    [
      'says it when asked, and the host does not ask: a page with a button',
      { behaviours: { omitAuthTime: true } },
      403,
    ],
  ] as const)('a provider that %s', async (_, given, outcome) => {
    const browser = await signedIn(given)
    await leave(setting, browser, { scope: 'everywhere' })
    setting.clock.advance(5)
    const { status } = await journey(setting, browser, '/').then(
      ({ answer }) => answer,
      (error) => ({ status: error.code }),
    )
    expect(status).toBe(outcome)
  })

  it('GET login is interactive as well once a login was refused', async () => {
    const browser = await signedIn()
    const session = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')
    if (session) session.handle = 'refused'
    await browser.get('/auth/login')
    expect(setting.asked.at(-1)?.interactive).toBe(true)
  })
})

describe('[L22] a host that goes on believing in a login that is over', () => {
  it.each([[false], [true]])(
    'is told to forget it: no loop (its login lets known people through: %s)',
    async (remembers) => {
      const browser = await signedIn({ remembers })
      await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'test')
      setting.clock.advance(5)
      const answer = await browser.get('/')
      expect(expired(answer.headers.getSetCookie()).slice(0, 2)).toEqual(expireLines)
      expect((await journey(setting, browser, '/')).answer.text).toBe('Hello alice')
    },
  )

  it('also on GET login; but not while its login is good', async () => {
    const browser = await signedIn({ remembers: true })
    expect((await browser.get('/auth/login')).headers.getSetCookie()).toEqual([])
    await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'test')
    expect((await browser.get('/auth/login')).headers.getSetCookie()).toEqual(expireLines)
  })

  it('and cannot forget it: a page with a button', async () => {
    const browser = await signedIn({ remembers: true })
    setting.host.expire = () => []
    await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'test')
    const { answer, hops } = await journey(setting, browser, '/')
    expect([answer.status, hops.length < 12]).toEqual([403, true])
  })

  it('from before, with no handle at all (as on the day of the change): a page with a button, and that helps', async () => {
    setting = await makeHosted({ remembers: true })
    const browser = setting.browser()
    setting.sessions.set('old', { sub: 'alice' })
    browser.cookies.set('tiny.sid', 'old')
    const { answer, hops } = await journey(setting, browser, '/')
    expect([answer.status, hops.length < 16]).toEqual([403, true])
    expect(answer.text).toContain('You are not signed in')
    const button = /<a class="button" href="([^"]*)"/.exec(answer.text)?.[1]?.replaceAll('&amp;', '&') ?? ''
    expect((await journey(setting, browser, button)).answer.text).toBe('Hello alice')
    expect([...browser.cookies.keys()]).toEqual(['tiny.sid'])
  })

  it('many tabs at once, and nobody signed in: each goes to the login', async () => {
    setting = await makeHosted()
    const browser = setting.browser()
    const tabs = await Promise.all(Array.from({ length: 20 }, () => browser.get('/')))
    expect(new Set(tabs.map(({ status }) => status))).toEqual(new Set([303]))
  })

  it('whose login is our own route: an error for the developer, not a loop', async () => {
    setting = await makeHosted({ loginPath: '/auth/login' })
    await expect(setting.browser().get('/')).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
  })
})

describe('[L22] a second login in the same browser', () => {
  const twice = async (replaces: boolean) => {
    const browser = await signedIn({ replaces })
    const before = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')?.handle ?? ''
    expect((await journey(setting, browser, '/login?returnTo=/')).answer.text).toBe('Hello alice')
    await setting.settled()
    return { browser, before }
  }

  it('takes the place of the first, where the host says so: its handle is dead, in all copies [A3 A5 S2]', async () => {
    const { browser, before } = await twice(true)
    expect(await setting.endsession.resume(before)).toBe(undefined)
    expect(await whoami(browser)).toMatchObject({ sub: 'alice' })
    expect(setting.events.filter(({ type }) => type === 'session.ended')).toEqual([
      expect.objectContaining({ cause: 'replaced' }),
    ])
    expect(setting.provider.revokedTokens).toContainEqual(expect.stringMatching(/^refresh/))
  })

  it('... in the same step: also where no other end works just then', async () => {
    const { store, fail } = breakable()
    const browser = await signedIn({ replaces: true, store })
    const before = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')?.handle ?? ''
    fail('end')
    expect((await journey(setting, browser, '/login?returnTo=/')).answer.text).toBe('Hello alice')
    await setting.settled()
    expect(await setting.endsession.resume(before)).toBe(undefined)
  })

  it('... and leaves it alone where nobody does (the control)', async () => {
    const { before } = await twice(false)
    expect(await setting.endsession.resume(before)).toMatchObject({ sub: 'alice' })
  })

  it('that is refused takes no place; a handle that is none is no error', async () => {
    const browser = await signedIn()
    const before = setting.sessions.get(browser.cookies.get('tiny.sid') ?? '')?.handle ?? ''
    const { issuer } = setting.provider
    const bob = await setting.provider.sign({
      iss: issuer,
      aud: 'app',
      sub: 'bob',
      iat: setting.clock.now(),
      exp: setting.clock.now() + 60,
    })
    expect(await setting.endsession.open('example', { idToken: bob }, { replaces: 'refused' })).toMatch(/^0\./)
    await setting.endsession.end({ provider: 'example', sub: 'bob' }, 'test')
    expect(await setting.endsession.open('example', { idToken: bob }, { replaces: before })).toBe('refused')
    expect(await whoami(browser)).toMatchObject({ sub: 'alice' })
  })
})

describe('[L22] what open takes', () => {
  const claims = () => ({
    iss: setting.provider.issuer,
    aud: 'app',
    sub: 'alice',
    iat: setting.clock.now(),
    exp: setting.clock.now() + 60,
  })
  const open = async (changed: object, more: object = {}) =>
    setting.endsession.open('example', { idToken: await setting.provider.sign({ ...claims(), ...changed }), ...more })

  it.each([
    ['of another provider', { iss: 'https://evil.example' }],
    ['for another client', { aud: 'other' }],
    ['for nobody', { aud: [] }],
    ['from the future', { iat: 4_000_000_000 }],
    ['without a time', { iat: undefined }],
    ['with a time that is none', { iat: '1800000000' }],
    ['of nobody', { sub: '' }],
    ['of a number', { sub: 5 }],
    ['of a session that is over', { session_expiry: 1_700_000_000 }],
    ['with a session_expiry that is none', { session_expiry: 'soon' }],
  ])('no ID token %s: ERR_LOGIN, and no record [A8 M2]', async (_, changed) => {
    setting = await makeHosted()
    await expect(open(changed)).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    expect(setting.events).toEqual([])
    expect(await open({ aud: ['x', 'app'] })).toMatch(/^0\./)
  })

  it('no garbage, no unknown provider', async () => {
    setting = await makeHosted()
    await expect(setting.endsession.open('example', { idToken: 'x' })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    await expect(open({}).then(() => setting.endsession.open('no', { idToken: 'x' }))).rejects.toMatchObject({
      code: 'ERR_REQUEST',
    })
  })

  it('an access token whose end is no number is refused at services all the same [M4 M12]', async () => {
    const browser = await signedIn({ behaviours: { expiresIn: null } })
    await leave(setting, browser)
    const hashes = setting.issued.map((token) => createHash('sha256').update(token).digest('base64url'))
    expect(await setting.store.covers({ iss: 'x', at: 0, token: hashes[0] ?? '' })).toMatchObject({ cause: 'user' })
    expect(hashes).toHaveLength(1)
  })
})

it('[L22 L11] the probe stays off: its callback would be the host\u2019s', async () => {
  const browser = await signedIn({ options: { logout: { probe: 'where_it_proves' } }, profile: { probeProves: true } })
  const { there } = await leave(setting, browser)
  const { answer, report } = await comeBack(setting, browser, there)
  expect([answer.status, rows(report).provider]).toEqual([200, 'requested came_back'])
})
