import { type Event, memoryStore, type Report, type Who } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { isAlive, leave, rows } from './leaving.ts'
import { causesOf, secondProcess, sessionOf } from './second-process.ts'
import { type Answer, type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

const firefox = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
const safari =
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1'
const elsewhere = {
  browser: 'impossible no_browser',
  peers: 'impossible no_browser',
  provider: 'impossible no_browser',
  upstream: 'impossible no_browser',
}
const ended = {
  ...elsewhere,
  app: 'ended record_ended',
  tokens: 'ended revoked',
  services: 'impossible no_guard_follows',
}
const nobody = {
  ...elsewhere,
  app: 'ended nobody_found',
  tokens: 'unknown tokens_unknown',
  services: 'unknown tokens_unknown',
}
const script = { 'sec-fetch-mode': 'cors', accept: 'application/json' }

describe.each(transports)('through the %s', (transport) => {
  let setting: Setting
  let faulty: FaultyStore
  afterEach(async () => {
    vi.useRealTimers()
    await setting?.close()
  })

  interface People {
    readonly laptop: Browser
    readonly phone: Browser
    readonly bob: Browser
    /** The laptop's provider session, in a jar of its own. */
    readonly twin: Browser
  }
  async function people(given: SettingOptions = {}): Promise<People> {
    setting = await makeSetting({
      transport,
      store: (clock) => {
        faulty = faultyStore(memoryStore({ now: clock.now }))
        return faulty.store
      },
      ...given,
      profile: { revocationCoversAccessToken: true, ...given.profile },
    })
    const [laptop, phone, bob] = ['laptop', 'phone', 'bob'].map((name) => setting.browser(name)) as [
      Browser,
      Browser,
      Browser,
    ]
    await signIn(laptop, {}, firefox)
    setting.clock.advance(5)
    await signIn(phone, {}, safari)
    setting.clock.advance(5)
    await signIn(bob, { sub: 'bob' })
    const twin = setting.browser('laptop')
    await signIn(twin)
    setting.clock.advance(10)
    return { laptop, phone, bob, twin }
  }
  async function signIn(browser: Browser, how: Record<string, unknown> = {}, userAgent = ''): Promise<Answer> {
    const start = await browser.get('/auth/login?returnTo=/')
    const back = setting.provider.authorize(start.headers.get('location') ?? '', { browser: browser.name, ...how })
    return browser.get(back.pathname + back.search, { 'user-agent': userAgent })
  }
  const session = (browser: Browser) => sessionOf(setting, browser)
  const alive = async (browsers: Partial<People>) => {
    const found: string[] = []
    for (const [name, { cookies }] of Object.entries(browsers)) if (await isAlive(setting, cookies)) found.push(name)
    return found
  }
  const revoked = () => setting.provider.revokedTokens.length

  describe('the list (need 15)', () => {
    it("[L25] holds this person's own live sessions, this one first, the others as they were seen", async () => {
      const { laptop, phone, twin, bob } = await people()
      setting.clock.advance(20_000)
      await phone.get('/')
      await setting.settled()
      const found = await setting.endsession.devices(await session(laptop))
      expect(found.map(({ browser, current }) => [browser, current])).toEqual([
        ['Firefox on Windows', true],
        ['Safari on iPhone', false],
        ['Unknown browser', false],
      ])
      expect(found.map(({ id }) => id)).toEqual([
        (await session(laptop)).id,
        (await session(phone)).id,
        (await session(twin)).id,
      ])
      expect(found[1]).toEqual({
        id: expect.anything(),
        current: false,
        signedInAt: (await session(phone)).signedInAt,
        seenAt: setting.clock.now(),
        browser: 'Safari on iPhone',
      })
      expect((await setting.endsession.devices(await session(bob))).length).toBe(1)
      await leave(setting, twin, { scope: 'app' })
      expect((await setting.endsession.devices(await session(laptop))).length).toBe(2)
    })

    it('[L25] a row that does not open has no name, and hides no other', async () => {
      const { laptop, phone } = await people()
      const { id } = await session(phone)
      const list = faulty.store.list
      Object.assign(faulty.store, {
        list: async (who: never) =>
          (await list(who)).map((one) => (one.id === id ? { ...one, sealed: new Uint8Array(40) } : one)),
      })
      const found = await setting.endsession.devices(await session(laptop))
      expect(found.map(({ browser }) => browser).toSorted()).toEqual([
        'Firefox on Windows',
        'Unknown browser',
        'Unknown browser',
      ])
      expect(rows(await setting.endsession.endDevice(await session(laptop), { id }))).toMatchObject({
        app: 'ended record_ended',
      })
    })

    it("[L25 S12] a store that answers with somebody else's is not believed: no list, and no end", async () => {
      const { laptop, bob } = await people()
      const [own, bobs] = [await session(laptop), await session(bob)]
      const list = faulty.store.list
      Object.assign(faulty.store, { list: async () => list({ iss: bobs.iss, client: bobs.client, sub: 'bob' }) })
      await expect(setting.endsession.devices(own)).rejects.toMatchObject({ code: 'ERR_STORE' })
      await expect(setting.endsession.endDevice(own, { id: bobs.id })).rejects.toMatchObject({ code: 'ERR_STORE' })
      expect(await alive({ bob })).toEqual(['bob'])
    })

    it('[L25 A6] GET devices is the same as JSON, for no cache, and 401 without a session', async () => {
      const { laptop } = await people()
      const answer = await laptop.get('/auth/devices', script)
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(JSON.parse(answer.text)).toEqual({ devices: await setting.endsession.devices(await session(laptop)) })
      expect(answer.text).not.toMatch(/(access|refresh)-\d|sid-|eyJ/)
      const nobodys = await setting.browser('nobody').get('/auth/devices', script)
      expect([nobodys.status, nobodys.text, nobodys.headers.get('cache-control')]).toEqual([
        401,
        '{"error":"signed_out"}',
        'no-store',
      ])
    })
  })

  describe('one device (need 15)', () => {
    it('[L25 M4 M6 A14 A7] ends, and no other; it meets the login screen before it is back', async () => {
      const all = await people()
      const { laptop, phone } = all
      const { id } = await session(phone)
      const report = await setting.endsession.endDevice(await session(laptop), { id })
      expect(rows(report)).toEqual(ended)
      expect([report.scope, await alive({ ...all })]).toEqual(['provider', ['laptop', 'bob', 'twin']])
      expect(setting.events.at(-1)).toEqual({ type: 'session.ended', session: id, cause: 'device' })
      expect([revoked(), setting.provider.signedIn('phone')]).toEqual([1, true])

      setting.clock.advance(5)
      const again = new URL((await signIn(phone)).headers.get('location') ?? '')
      expect([again.searchParams.get('prompt'), await alive({ phone })]).toEqual(['login', []])
      const back = setting.provider.authorize(again, { browser: 'phone' })
      await phone.get(back.pathname + back.search)
      expect(await alive({ phone })).toEqual(['phone'])
    })

    it('[L25 M6] without a sid: the next login of that person needs the login screen; this one lives on', async () => {
      const all = await people({ behaviours: { omitSid: true } })
      const { laptop, phone } = all
      await setting.endsession.endDevice(await session(laptop), { id: (await session(phone)).id })
      expect(await alive({ ...all })).toEqual(['laptop', 'bob', 'twin'])
      setting.clock.advance(5)
      const answer = await signIn(phone)
      expect(new URL(answer.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
      const { location } = Object.fromEntries((await signIn(all.bob)).headers)
      expect(location).toBe('http://localhost:3000/')
    })

    it("[L25 A14] that has the same provider session as this one ends alone: its sid is this one's too", async () => {
      const all = await people()
      const { laptop, twin } = all
      const report = await setting.endsession.endDevice(await session(laptop), { id: (await session(twin)).id })
      expect([rows(report), await alive({ ...all })]).toEqual([ended, ['laptop', 'phone', 'bob']])
      setting.clock.advance(5)
      await signIn(laptop)
      expect(await alive({ laptop })).toEqual(['laptop'])
    })

    it.each([
      ['the same provider session', {}],
      ['no sid that would tell', { behaviours: { omitSid: true } }],
    ])(
      '[A14 L10 L25] ... and where revoking reaches the grant, %s leaves its tokens alone, and says so',
      async (_, given) => {
        const { laptop, twin } = await people({ ...given, profile: { revocationReach: 'grant' } })
        const { id } = await session(twin)
        const report = await setting.endsession.endDevice(await session(laptop), { id })
        expect([rows(report)['tokens'], revoked()]).toEqual(['skipped revocation_reaches_farther', 0])
        const everywhere = await setting.endsession.endDevice(await session(laptop), 'others')
        expect([rows(everywhere)['app'], await alive({ laptop })]).toEqual(['ended record_ended', ['laptop']])
      },
    )

    it('[L25] this one itself', async () => {
      const { laptop, phone, twin } = await people()
      const own = await session(laptop)
      expect(rows(await setting.endsession.endDevice(own, { id: own.id }))).toEqual(ended)
      expect(await alive({ laptop, twin, phone })).toEqual(['phone'])
      await expect(setting.endsession.endDevice(own, 'others')).rejects.toMatchObject({
        code: 'ERR_REQUEST',
        status: 401,
      })
      expect(await alive({ phone })).toEqual(['phone'])
    })

    it("[L25 A2 A14] somebody else's id ends nothing, and the report does not call it ended", async () => {
      const all = await people()
      const told = setting.events.length
      const report = await setting.endsession.endDevice(await session(all.laptop), { id: (await session(all.bob)).id })
      const left = 'skipped somebody_elses'
      expect(rows(report)).toEqual({ ...elsewhere, app: left, tokens: left, services: left })
      expect([await alive({ ...all }), setting.events.length, revoked()]).toEqual([
        ['laptop', 'phone', 'bob', 'twin'],
        told,
        0,
      ])
    })

    it.each([
      ['has ended meanwhile', true],
      ['there never was', false],
    ])('[L25 A2 A13] one that %s: over, and nobody can tell of its tokens', async (_, was) => {
      const all = await people()
      const { id } = was ? await session(all.phone) : { id: `0.${'A'.repeat(43)}` }
      if (was) await leave(setting, all.phone, { scope: 'app' })
      const before = await alive({ ...all })
      expect(rows(await setting.endsession.endDevice(await session(all.laptop), { id }))).toEqual(nobody)
      expect(await alive({ ...all })).toEqual(before)
    })

    it('[L25 A13] one that another tab ends in the same moment is over all the same, and told once', async () => {
      const { laptop, phone } = await people()
      const [own, { id }] = [await session(laptop), await session(phone)]
      const other = secondProcess(setting)
      const reports = await Promise.all([
        setting.endsession.endDevice(own, { id }),
        other.endsession.endDevice(own, { id }),
      ])
      for (const { layers } of reports) expect(layers.app.outcome).toBe('ended')
      expect([...causesOf(setting.events), ...causesOf(other.events)]).toEqual(['device'])
    })
  })

  describe('all others (need 15)', () => {
    it("[L25 M4 A14] end: the phone, and who shares this one's provider session; not this one, nor other people", async () => {
      const all = await people()
      const second = setting.browser('phone')
      await signIn(second)
      const report = await setting.endsession.endDevice(await session(all.laptop), 'others')
      expect([report.scope, rows(report)]).toEqual(['everywhere', ended])
      expect(report.layers.app.parts).toEqual([{ what: 'session', outcome: 'ended', reason: 'record_ended' }])
      expect(await alive({ ...all, twin: second })).toEqual(['laptop', 'bob'])
      expect([causesOf(setting.events), revoked()]).toEqual([['device', 'device', 'device'], 3])
      expect(rows(await setting.endsession.endDevice(await session(all.laptop), 'others'))).toEqual(nobody)
    })

    it('[L25 A12] thirty of them, and no warning of Node', async () => {
      const { laptop } = await people()
      for (let number = 0; number < 30; number++) await signIn(setting.browser(`phone ${number}`))
      const warnings: string[] = []
      const note = ({ message }: Error) => void warnings.push(message)
      process.on('warning', note)
      await setting.endsession.endDevice(await session(laptop), 'others')
      await new Promise((resolve) => setTimeout(resolve, 10))
      process.off('warning', note)
      expect([revoked(), warnings]).toEqual([32, []])
    })

    it('[L25 S12 A2] a store that fails midway: ERR_STORE, and what had ended is told', async () => {
      const all = await people()
      let ends = 0
      faulty.before.end = () => (++ends === 2 ? fails() : undefined)
      await expect(setting.endsession.endDevice(await session(all.laptop), 'others')).rejects.toMatchObject({
        code: 'ERR_STORE',
      })
      expect([causesOf(setting.events), (await alive({ ...all })).length]).toEqual([['device'], 3])
    })
  })

  describe('POST devices', () => {
    const foreign: [what: string, headers: Record<string, string | undefined>][] = [
      ['from another site', { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }],
      ['from a sibling', { 'sec-fetch-site': 'same-site', origin: 'http://other.localhost:3000' }],
      ['typed', { 'sec-fetch-site': 'none', origin: undefined }],
      ['from nobody', { 'sec-fetch-site': undefined, origin: undefined }],
      ['with another origin alone', { 'sec-fetch-site': undefined, origin: 'https://evil.example' }],
      ['with origin null alone', { 'sec-fetch-site': undefined, origin: 'null' }],
      ['with headers that disagree', { origin: 'https://evil.example' }],
    ]
    it.each(foreign)('[L25 A5 L18] %s: 403, and nothing ends', async (_, headers) => {
      const all = await people()
      const answer = await all.laptop.post('/auth/devices', { end: 'others' }, headers as Record<string, string>)
      expect([answer.status, await alive({ ...all })]).toEqual([403, ['laptop', 'phone', 'bob', 'twin']])
    })

    it('[L25 A5] our own Origin alone is good', async () => {
      const { laptop, phone } = await people()
      const headers = { 'sec-fetch-site': undefined } as unknown as Record<string, string>
      expect((await laptop.post('/auth/devices', { end: (await session(phone)).id }, headers)).status).toBe(303)
      expect(await alive({ phone })).toEqual([])
    })

    const bodies: [what: string, body: string, type: string, status: number][] = [
      ['nothing', '', 'application/x-www-form-urlencoded', 400],
      ['two ends', 'end=others&end=others', 'application/x-www-form-urlencoded', 400],
      ['an empty end', 'end=', 'application/x-www-form-urlencoded', 400],
      ['JSON', '{"end":"others"}', 'application/json', 415],
      ['too much', `end=${'x'.repeat(70_000)}`, 'application/x-www-form-urlencoded', 413],
    ]
    it.each(bodies)('[L25 L18] %s is refused, and nothing ends', async (_, body, type, status) => {
      const all = await people()
      const cookie = [...all.laptop.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
      const headers = {
        cookie,
        'sec-fetch-site': 'same-origin',
        'sec-fetch-mode': 'cors',
        'content-type': type,
        'content-length': String(body.length),
      }
      const answer = await setting.send('/auth/devices', { method: 'POST', headers, body })
      expect([answer.status, await alive({ ...all })]).toEqual([status, ['laptop', 'phone', 'bob', 'twin']])
    })

    it.each(['garbage', '0', '../logout', '\u0000', 'x'.repeat(60_000)])(
      '[L25 L18] end=%j ends nothing',
      async (end) => {
        const all = await people()
        const answer = await all.laptop.post('/auth/devices', { end }, script)
        expect(rows((JSON.parse(answer.text) as { report: Report }).report)).toEqual(nobody)
        expect(await alive({ ...all })).toEqual(['laptop', 'phone', 'bob', 'twin'])
      },
    )

    it('[L25] a script gets the report, and 401 without a session', async () => {
      const { laptop, phone } = await people()
      const answer = await laptop.post('/auth/devices', { end: (await session(phone)).id }, script)
      expect([answer.status, answer.headers.get('cache-control')]).toEqual([200, 'no-store'])
      expect(rows((JSON.parse(answer.text) as { report: Report }).report)).toEqual(ended)
      expect((await setting.browser('nobody').post('/auth/devices', { end: 'others' }, script)).status).toBe(401)
      expect(await alive({ laptop })).toEqual(['laptop'])
    })

    it.each([
      ['/account?tab=devices', 'http://localhost:3000/account?tab=devices'],
      ['https://evil.example/', 'http://localhost:3000/'],
      ['//evil.example', 'http://localhost:3000/'],
      ['javascript:alert(1)', 'http://localhost:3000/'],
      ['', 'http://localhost:3000/'],
    ])('[L25 A11] a form comes back: returnTo=%s leads to %s', async (returnTo, location) => {
      const { laptop, phone } = await people()
      const answer = await laptop.post('/auth/devices', { end: 'others', returnTo })
      expect([answer.status, answer.headers.get('location'), await alive({ phone })]).toEqual([303, location, []])
    })
  })

  describe('an admin', () => {
    it("[L25 M6 M7] ends a person's sessions by sub, one provider session's by sid, or one by id (need 25)", async () => {
      const who: [(all: People) => Promise<Who>, string[]][] = [
        [async () => ({ provider: 'example', sub: 'alice' }), ['bob']],
        [async () => ({ provider: 'example', sid: 'sid-1' }), ['phone', 'bob']],
        [async ({ phone }) => ({ id: (await session(phone)).id }), ['laptop', 'bob', 'twin']],
      ]
      for (const [whom, left] of who) {
        const all = await people()
        const report = await setting.endsession.end(await whom(all), 'password changed')
        expect([rows(report), await alive({ ...all })]).toEqual([ended, left])
        const told = setting.events.filter((event) => event.type === 'session.ended')
        for (const event of told) expect(event).toMatchObject({ cause: 'admin', reason: 'password changed' })
        expect(told).toHaveLength(4 - left.length)
        await setting.close()
      }
      await people()
    })

    it.each([
      ['by sub', { sub: 'alice' }],
      ['by sid', { sid: 'sid-1' }],
    ])('[A7 M6 M7] %s: the next login meets the login screen', async (_, who) => {
      const { laptop } = await people()
      await setting.endsession.end({ provider: 'example', ...who } as Who, 'stolen')
      setting.clock.advance(5)
      const answer = await signIn(laptop)
      expect(new URL(answer.headers.get('location') ?? '').searchParams.get('prompt')).toBe('login')
    })

    it('[A13 A2 A4] twice: over before, its tokens are asked for again, and told once', async () => {
      await people({ behaviours: { noRevocation: true } })
      const first = await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'one')
      const second = await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'two')
      expect(rows(first)).toMatchObject({ app: 'ended record_ended', tokens: 'impossible no_revocation_endpoint' })
      expect(rows(second)).toMatchObject({ app: 'ended ended_before', tokens: 'impossible no_revocation_endpoint' })
      expect(causesOf(setting.events)).toEqual(['admin', 'admin', 'admin'])
    })

    it('[A2 L19] a provider that does not confirm is `failed`, and left for the sweeper', async () => {
      await people()
      setting.provider.behaviours.revocationStatus = 503
      expect(rows(await setting.endsession.end({ provider: 'example', sub: 'alice' }, 'x'))).toMatchObject({
        tokens: 'failed revocation_failed',
      })
      expect((await setting.store.pending(10)).unsettled).toHaveLength(3)
    })

    it('[A2] who was long over, or never there: nothing found, and nothing said of tokens', async () => {
      await people()
      expect(rows(await setting.endsession.end({ provider: 'example', sub: 'carol' }, 'x'))).toEqual(nobody)
      expect(rows(await setting.endsession.end({ provider: 'example', sid: 'sid-99' }, 'x'))).toEqual(nobody)
      expect(rows(await setting.endsession.end({ id: '0.x' }, 'x'))).toEqual(nobody)
    })

    const wrong: [what: string, who: object, reason: string][] = [
      ['an unknown provider', { provider: 'other', sub: 'alice' }, 'x'],
      ['a provider by a name of objects', { provider: 'constructor', sub: 'alice' }, 'x'],
      ['undefined, out of a database', { provider: 'example', sub: undefined }, 'x'],
      ['an empty sub', { provider: 'example', sub: '' }, 'x'],
      ['no sid', { provider: 'example' }, 'x'],
      ['no id', { id: undefined }, 'x'],
      ['a reason of 201 characters', { provider: 'example', sub: 'alice' }, 'x'.repeat(201)],
    ]
    it.each(wrong)('[L25 L18 A2] %s: ERR_REQUEST, nothing ends, nothing is claimed', async (_, who, reason) => {
      const all = await people()
      await expect(setting.endsession.end(who as Who, reason)).rejects.toMatchObject({ code: 'ERR_REQUEST' })
      expect(await alive({ ...all })).toEqual(['laptop', 'phone', 'bob', 'twin'])
    })

    it('[L25] a reason of 200 characters is told', async () => {
      await people()
      await setting.endsession.end({ provider: 'example', sub: 'bob' }, 'y'.repeat(200))
      expect(setting.events.at(-1)).toMatchObject({ reason: 'y'.repeat(200) })
    })

    it('[G3 L19] services: requested while a guard is silent, ended once it has confirmed', async () => {
      await people({ options: { feed: { keys: { api: 'k'.repeat(32) } }, logout: { deadlineSeconds: 30 } } })
      expect(rows(await setting.endsession.end({ provider: 'example', sub: 'bob' }, 'x'))).toMatchObject({
        services: 'requested guard_silent',
      })
      await setting.store.follow('api/1', await setting.store.head())
      const ending = setting.endsession.end({ provider: 'example', sub: 'alice' }, 'x')
      setTimeout(async () => setting.store.follow('api/1', await setting.store.head()), 100)
      expect(rows(await ending)).toMatchObject({ services: 'ended guard_confirmed' })
    })
  })

  describe('every end carries its cause (need 25)', () => {
    const sweep = async (seconds: number) => {
      setting.clock.advance(seconds)
      await vi.advanceTimersByTimeAsync(31_000)
      await setting.settled()
    }
    const refuse: NonNullable<SettingOptions['wire']> = async (pass, _, body) =>
      body.has('refresh_token') ? Response.json({ error: 'invalid_grant' }, { status: 400 }) : pass()

    const causes: [
      cause: string,
      end: (all: People) => unknown,
      given?: SettingOptions,
      how?: Record<string, unknown>,
    ][] = [
      ['user', ({ phone }) => leave(setting, phone)],
      ['everywhere', ({ phone }) => leave(setting, phone, { scope: 'everywhere' })],
      [
        'device',
        async ({ laptop, phone }) =>
          setting.endsession.endDevice(await session(laptop), { id: (await session(phone)).id }),
      ],
      ['admin', () => setting.endsession.end({ provider: 'example', sub: 'alice' }, 'x')],
      [
        'backchannel',
        async () =>
          setting
            .browser('op')
            .post('/auth/backchannel-logout', { logout_token: await setting.provider.logoutToken() }),
      ],
      [
        'frontchannel',
        () =>
          setting
            .browser('op')
            .get(`/auth/frontchannel-logout?iss=${encodeURIComponent(setting.provider.issuer)}&sid=sid-5`),
        { options: { frontchannel: true }, profile: { sidUnguessable: true } },
      ],
      ['idle', () => sweep(86_400)],
      ['absolute', () => sweep(1000), { options: { session: { absoluteSeconds: 900 } } }],
      ['session_expiry', () => sweep(700), { behaviours: { idTokenClaims: { session_expiry: 1_800_000_600 } } }],
      [
        'refresh_refused',
        async ({ phone }) => {
          const own = await session(phone)
          setting.clock.advance(3600)
          await setting.endsession.accessToken(own)
        },
        { wire: refuse },
      ],
      [
        'replaced',
        async ({ phone }) => {
          await signIn(phone)
          await setting.settled()
        },
      ],
    ]
    it.each(causes)('[L25] %s', async (cause, end, given = {}) => {
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
      const all = await people(given)
      const { id } = await session(all.phone)
      await end(all)
      const told = setting.events.filter((event: Event) => event.type === 'session.ended' && event.session === id)
      expect(told).toEqual([expect.objectContaining({ type: 'session.ended', session: id, cause })])
      expect(await setting.store.get(id)).toBeUndefined()
    })
  })
})
