import { createServer } from 'node:http'
import { createEndSession, type EndSession, memoryStore, type Options, type Report, remaining } from 'endsession'
import { createGuard, type Guard, type GuardEvent, type GuardOptions } from 'endsession/guard'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { fails, faultyStore } from './faulty-store.ts'
import { type Answer, makeSetting, origin, type Setting, type SettingOptions, transports } from './setting.ts'

const key = 'a key of this test that has more than 32 bytes'
const everybody = { id: 'unauthenticated', sub: 'unauthenticated', claims: { name: 'Unauthenticated' } }

/** Un-auth: what an environment without anything leaves of the options. */
const open = { auth: 'disabled', secret: undefined, providers: {}, feed: { keys: { api: key } } } as const

/** What stands in front of a store that fails at everything, and is asked nothing. */
function brokenStore(): { readonly store: ReturnType<typeof memoryStore>; readonly calls: string[] } {
  const faulty = faultyStore(memoryStore())
  const calls: string[] = []
  faulty.tell = (call) => void calls.push(call)
  for (const name of Object.keys(memoryStore()) as (keyof typeof faulty.before)[])
    if (name !== 'close') Object.assign(faulty.before, { [name]: fails })
  return { store: faulty.store, calls }
}

function expectNothingEnded(report: Report): void {
  expect(Object.values(report.layers).map(({ outcome, reason }) => `${outcome} ${reason}`)).toEqual(
    Array(7).fill('impossible auth_disabled'),
  )
  expect(remaining(report)).toHaveLength(7)
}

describe.each(transports)('[L23] un-auth, through the %s', (transport) => {
  let setting: Setting
  let calls: string[]
  afterEach(() => setting.close())

  async function makeOpen(given: SettingOptions = {}): Promise<void> {
    const broken = brokenStore()
    calls = broken.calls
    setting = await makeSetting({ transport, ...given, options: { ...open, store: broken.store, ...given.options } })
  }

  it('everybody is one and the same, with any cookie or none; no page is for a cache', async () => {
    await makeOpen()
    const browser = setting.browser()
    for (const cookie of [undefined, `endsession=0.${'A'.repeat(43)}`]) {
      const answer = await browser.get('/', cookie === undefined ? {} : { cookie })
      expect([answer.status, answer.text, answer.headers.get('cache-control')]).toEqual([
        200,
        'Hello unauthenticated',
        'no-store',
      ])
    }
    expect(browser.cookies.size).toBe(0)
    expect(calls).toEqual([])
  })

  it('login and logout say so: 200, no cookie, no session, nothing asked of a store that fails (flaw 10 of the first system)', async () => {
    await makeOpen()
    const browser = setting.browser()
    const answers: Answer[] = []
    for (const path of [
      'login',
      'login?returnTo=/x',
      'callback?code=x&state=y',
      'logout',
      'logged-out?state=x',
      'devices',
    ])
      answers.push(await browser.get(`/auth/${path}`))
    answers.push(
      await browser.post('/auth/logout', { scope: 'everywhere' }),
      await browser.post('/auth/devices', { end: 'others' }),
    )
    for (const answer of answers) {
      expect([answer.status, answer.headers.get('location'), answer.headers.getSetCookie()]).toEqual([200, null, []])
      expect(answer.text).toContain('Authentication is disabled: everybody is in, and nobody can be logged out.')
      expect(answer.text).not.toMatch(/signed out|logged out of|You are/i)
      expect(answer.headers.get('cache-control')).toBe('no-store')
    }
    expect([browser.cookies.size, calls, setting.events]).toEqual([0, [], []])
  })

  it('devices: a script reads that there are none, and that nothing ended', async () => {
    await makeOpen()
    const script = { 'sec-fetch-mode': 'cors' }
    const browser = setting.browser()
    expect(JSON.parse((await browser.get('/auth/devices', script)).text)).toEqual({ devices: [] })
    expectNothingEnded(JSON.parse((await browser.post('/auth/devices', { end: 'others' }, script)).text).report)
  })

  it('the feed says so, to who has a key; what is not ours is left to the app', async () => {
    await makeOpen()
    expect((await setting.send('/auth/feed?auth=enabled', { method: 'GET', headers: {} })).status).toBe(401)
    const wrong = { authorization: 'Bearer another key of this test that has more than 32 bytes' }
    expect((await setting.send('/auth/feed', { method: 'GET', headers: wrong })).status).toBe(401)
    expect(setting.events).toEqual([])
    const answer = await setting.send('/auth/feed?instance=abcdefgh&auth=disabled', {
      method: 'GET',
      headers: { authorization: `Bearer ${key}` },
    })
    const lines = (await answer.text())
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(lines).toEqual([
      { mode: 'disabled', clients: [], now: setting.clock.now(), snapshot: true },
      { position: 'disabled', complete: true },
    ])
    expect(setting.events).toEqual([])
    for (const path of ['/auth/backchannel-logout', '/auth/nothing', '/authlogin'])
      expect((await setting.browser().get(path)).text).toBe('Hello unauthenticated')
  })
})

describe('[L23] un-auth', () => {
  const make = (options: Partial<Options> = {}) =>
    createEndSession({ baseUrl: origin, store: brokenStore().store, ...open, ...options })

  it('every end says that nothing ended, and is none; every question has the same answer', async () => {
    const events: unknown[] = []
    const endsession = make({ onEvent: (event) => void events.push(event) })
    const session = await endsession.session(new Request(origin))
    expect(session).toMatchObject(everybody)
    expect(await endsession.resume('0.anything')).toMatchObject(everybody)
    const { report, response } = await endsession.logout(new Request(`${origin}/own`, { method: 'POST' }), {
      scope: 'app',
    })
    expect([response.status, response.headers.getSetCookie()]).toEqual([200, []])
    const who = session as NonNullable<typeof session>
    const reports = [report, await endsession.end({ id: 'x' }, 'r'), await endsession.endDevice(who, 'others')]
    reports.push(
      await endsession.end({ provider: 'example', sub: 'alice' }, 'r'),
      await endsession.endDevice(who, { id: 'x' }),
    )
    for (const one of reports) expectNothingEnded(one)
    expect(await endsession.devices(who)).toEqual([])
    expect(await endsession.accessToken(who)).toEqual({ ok: false, why: 'no_token' })
    const ended = vi.fn()
    endsession.onEnded(who, ended)()
    await expect(endsession.open('example', { idToken: 'x' })).rejects.toMatchObject({ code: 'ERR_REQUEST' })
    expect(await endsession.adopt('example', { sub: 'alice' })).toBe(undefined)
    expect([ended.mock.calls, events]).toEqual([[], []])
    await endsession.ready()
    expect(() => Object.assign(who.claims, { name: 'Mallory' })).toThrow()
  })

  it('an attached host is not asked either', async () => {
    const host = { handle: fails, expire: fails, login: fails }
    const endsession = make({ host })
    expect(await endsession.session(new Request(origin), { host })).toMatchObject(everybody)
    expect((await endsession.protect(new Request(origin), () => new Response('in'), { host })).status).toBe(200)
    expect((await endsession.handle(new Request(`${origin}/auth/login`), { host }))?.status).toBe(200)
  })

  it('is never there by mistake: any other word, or none, wants its secret and its providers', () => {
    for (const auth of ['enabled', undefined])
      expect(() => make({ auth } as Partial<Options>)).toThrow(/secret: [\s\S]*providers: /)
    for (const auth of ['Disabled', 'off', 'false', '', null, true])
      expect(() => make({ auth } as unknown as Partial<Options>)).toThrow(
        /auth: must be one of enabled, disabled|secret: /,
      )
    expect(() => make({ feed: { keys: { api: 'short' } } })).toThrow(/feed.keys.api/)
  })
})

describe('[L23 G2] a guard and an app', () => {
  const closing: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of closing.splice(0).toReversed()) await close()
  })

  interface Pair {
    readonly guard: Guard
    readonly endsession: EndSession
    readonly appEvents: { type: string; detail?: string }[]
    readonly guardEvents: GuardEvent[]
    readonly questions: () => number
    check(token?: string): Promise<{ status: number; retry: string | null; text: string }>
  }

  /** Real sockets: the app's feed on a port of its own. */
  async function pair(
    app: 'enabled' | 'disabled',
    guardAuth: GuardOptions['auth'],
    path = '/auth/feed',
  ): Promise<Pair> {
    const appEvents: Pair['appEvents'] = []
    const guardEvents: GuardEvent[] = []
    let questions = 0
    const options =
      app === 'disabled'
        ? open
        : {
            auth: app,
            secret: 'a secret of thirty-two bytes or more',
            feed: open.feed,
            unsafeLossyStore: true,
            providers: { example: { issuer: 'https://id.example', clientId: 'app' } },
          }
    const endsession = createEndSession({
      baseUrl: origin,
      store: memoryStore(),
      ...options,
      onEvent: (event) => void appEvents.push(event),
    })
    const server = createServer(async (request, response) => {
      questions += 1
      const answer = await endsession.handle(
        new Request(origin + request.url, { headers: request.headers as Record<string, string> }),
      )
      response.writeHead(answer?.status ?? 404, Object.fromEntries(answer?.headers ?? [])).end(await answer?.text())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}${path}`
    const guard = createGuard({
      issuer: 'https://id.example',
      audience: 'api',
      feed: { url, name: 'api', key },
      leaseSeconds: 1,
      ...(guardAuth && { auth: guardAuth }),
      onEvent: (event) => void guardEvents.push(event),
    })
    closing.push(
      async () => endsession.close(),
      () => {
        server.closeAllConnections()
        return new Promise((resolve) => void server.close(() => resolve()))
      },
      () => guard.close(),
    )
    return {
      guard,
      endsession,
      appEvents,
      guardEvents,
      questions: () => questions,
      async check(token) {
        const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
        const checked = await guard.check(new Request('http://api.example/', { headers }))
        if (checked.ok) return { status: 200, retry: null, text: checked.claims.sub }
        return {
          status: checked.response.status,
          retry: checked.response.headers.get('retry-after'),
          text: await checked.response.text(),
        }
      },
    }
  }

  it.each([
    ['disabled', 'enabled'],
    ['disabled', undefined],
    ['enabled', 'disabled'],
  ] as const)('app %s, guard %s: 503 to everything, and both say why', async (app, guardAuth) => {
    const { check, appEvents, guardEvents } = await pair(app, guardAuth)
    for (const token of [undefined, 'garbage', 'a.b.c'])
      expect(await check(token)).toEqual({ status: 503, retry: '1', text: '{"error":"mode_disagreed"}' })
    expect(appEvents).toContainEqual({ type: 'mode.disagreed', detail: expect.stringMatching(/disabled/) })
    expect(guardEvents).toContainEqual({ type: 'mode.disagreed', why: expect.stringMatching(/auth/) })
    expect(guardEvents.filter(({ type }) => type === 'mode.disagreed')).toHaveLength(1)
    expect(JSON.stringify([appEvents, guardEvents])).not.toContain(key)
  })

  it('both disabled: everybody passes as the same fixed identity, and the app is not asked all the time', async () => {
    const { check, appEvents, questions } = await pair('disabled', 'disabled')
    for (const token of [undefined, 'garbage', 'a.b.c'])
      expect(await check(token)).toMatchObject({ status: 200, text: 'unauthenticated' })
    const asked = questions()
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(questions() - asked).toBeLessThan(8)
    expect(appEvents).toEqual([])
  })

  it('both enabled: no token is 401, and nobody has disagreed', async () => {
    const { check, appEvents } = await pair('enabled', 'enabled')
    expect((await check()).status).toBe(401)
    expect(appEvents).toEqual([])
  })

  it('the guard is disabled and its app has never answered: 503, since it may think otherwise', async () => {
    const { check } = await pair('enabled', 'disabled', '/nowhere')
    expect((await check('a.b.c')).status).toBe(503)
  })

  it('who has been told waits before the next answer', async () => {
    const { endsession } = await pair('disabled', 'disabled', '/nowhere')
    const ask = (query: string) =>
      endsession.handle(
        new Request(`${origin}/auth/feed?instance=abcdefgh&auth=disabled&${query}`, {
          headers: { authorization: `Bearer ${key}` },
        }),
      )
    const started = performance.now()
    await ask('wait=25')
    expect(performance.now() - started).toBeLessThan(20_000)
    const again = performance.now()
    await ask('wait=0.3&after=disabled')
    expect(performance.now() - again).toBeGreaterThan(290)
  })
})
