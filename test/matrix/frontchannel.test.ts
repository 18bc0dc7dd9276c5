import { memoryStore } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { type FaultyStore, fails, faultyStore } from './faulty-store.ts'
import { isAlive, loginAt } from './leaving.ts'
import { causesOf, sessionOf } from './second-process.ts'
import { type Answer, type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

/** As the provider's page asks, from another site, in an iframe: with no cookie of ours. */
const iframe = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site', cookie: '' }
/** As a provider on a sibling domain asks: the session's own cookie comes along. */
const sibling = { 'sec-fetch-dest': 'iframe', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-site' }
const none = undefined as unknown as string

describe.each(transports)('front-channel logout, through the %s', (transport) => {
  let setting: Setting
  let faulty: FaultyStore
  let browser: Browser
  afterEach(() => setting?.close())

  /** A provider whose `sid` nobody can guess, unless it is said otherwise. */
  async function make(given: SettingOptions = {}): Promise<void> {
    setting = await makeSetting({
      transport,
      store: (clock) => {
        faulty = faultyStore(memoryStore({ now: clock.now }))
        return faulty.store
      },
      ...given,
      options: { frontchannel: true, ...given.options },
      profile: { sidUnguessable: true, ...given.profile },
    })
    browser = setting.browser()
  }
  async function signedIn(given: SettingOptions = {}): Promise<void> {
    await make(given)
    await browser.login()
  }
  const guessable = (given: SettingOptions = {}) => signedIn({ ...given, profile: { sidUnguessable: false } })
  const path = (query: Record<string, string> = {}) =>
    `/auth/frontchannel-logout?${new URLSearchParams({ iss: setting.provider.issuer, sid: 'sid-1', ...query })}`
  const visit = (query: Record<string, string> = {}, headers: Record<string, string> = iframe) =>
    browser.get(path(query), headers)
  const alive = (who = browser) => isAlive(setting, who.cookies)
  const shape = ({ status, headers, text }: Answer) => [
    status,
    headers.get('content-security-policy'),
    headers.get('cache-control'),
    headers.get('x-frame-options'),
    headers.getSetCookie(),
    text,
  ]

  it('[L21] is off unless switched on', async () => {
    await signedIn({ options: { frontchannel: false } })
    expect(
      await setting.endsession.handle(new Request(`http://localhost:3000${path()}`, { headers: iframe })),
    ).toBeUndefined()
    expect((await visit()).text).not.toContain('<title>Logout</title>')
    expect(await alive()).toBe(true)
  })

  it("[L21 M4 M5] ends the sessions of that sid, without any cookie; nobody else's", async () => {
    await signedIn()
    const [twin, bob] = [setting.browser('browser'), setting.browser('bob')]
    await twin.login()
    await bob.login('bob')
    const own = await sessionOf(setting, browser)
    expect((await visit()).status).toBe(200)
    expect([await alive(), await alive(twin), await alive(bob)]).toEqual([false, false, true])
    expect(causesOf(setting.events)).toEqual(['frontchannel', 'frontchannel'])
    expect(setting.events).toContainEqual({ type: 'session.ended', session: own.id, cause: 'frontchannel' })
  })

  it('[L21 M5 M11] writes no mark that could reach another: a login with that sid afterwards is fine', async () => {
    await signedIn()
    const { iss, client } = await sessionOf(setting, browser)
    const before = await setting.store.snapshot()
    await visit()
    await visit({ sid: 'sid-77' })
    const kinds: string[] = []
    for await (const entry of (await setting.store.snapshot()).entries)
      kinds.push(...Object.keys(entry).filter((key) => key === 'sid' || key === 'sub'))
    expect([kinds, before.position]).toEqual([[], expect.any(String)])
    expect(
      await setting.store.covers({ iss, client, sid: 'sid-1', sub: 'alice', at: setting.clock.now() }),
    ).toBeUndefined()
    const answer = await browser.login()
    expect([answer.headers.get('location'), await alive()]).toEqual(['http://localhost:3000/', true])
    await setting.browser('another').login('alice', { sid: 'sid-77' })
    expect((await setting.store.list({ iss, client, sid: 'sid-77' })).length).toBe(1)
  })

  it('[L21] its own browser is told to forget its cookies', async () => {
    await signedIn()
    const answer = await visit({}, sibling)
    expect(answer.headers.getSetCookie().join()).toMatch(/^endsession=;.*Max-Age=0/)
    expect([browser.cookies.has('endsession'), causesOf(setting.events)]).toEqual([false, ['frontchannel']])
  })

  describe('a sid that strangers can guess', () => {
    it("[L21 A5] needs the session's own cookie", async () => {
      await guessable()
      const shown = shape(await visit())
      expect(await alive()).toBe(true)
      const bob = setting.browser('bob')
      await bob.login('bob')
      await bob.get(path(), sibling)
      expect([await alive(), await alive(bob)]).toEqual([true, true])
      const copy = new Map(browser.cookies)
      const [status, ...page] = shape(await visit({}, sibling))
      expect([status, page[0], page[4]]).toEqual([shown[0], shown[1], shown[5]])
      expect(await isAlive(setting, copy)).toBe(false)
    })

    it('[L21 A5] is not believed of another site, whatever cookie comes along', async () => {
      await guessable()
      await visit({}, { ...sibling, 'sec-fetch-site': 'cross-site' })
      expect(await alive()).toBe(true)
    })

    it('[L21] ends that session alone, and only with its own sid', async () => {
      await guessable()
      const twin = setting.browser('browser')
      await twin.login()
      await visit({ sid: 'sid-2' }, sibling)
      expect(await alive()).toBe(true)
      const copy = new Map(browser.cookies)
      await visit({}, sibling)
      expect([await isAlive(setting, copy), await alive(twin)]).toEqual([false, true])
    })
  })

  describe('who may ask', () => {
    it.each(['document', 'image', 'script', 'empty', 'frame', 'embed', 'object', 'fencedframe', ''])(
      '[L21 A5] Sec-Fetch-Dest %j may not',
      async (dest) => {
        await signedIn()
        const answer = await visit({}, { ...iframe, 'sec-fetch-dest': dest })
        expect([answer.status, await alive()]).toEqual([403, true])
        expect(answer.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
      },
    )

    it('[L21] a browser that does not say may', async () => {
      await signedIn()
      await visit({}, { ...iframe, 'sec-fetch-dest': none, 'sec-fetch-site': none, 'sec-fetch-mode': none })
      expect(await alive()).toBe(false)
    })

    it.each(['HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS'])('[L21 A5 L18] %s is refused', async (method) => {
      await signedIn()
      const answer = await setting.send(path(), { method, headers: { 'sec-fetch-dest': 'iframe' } })
      expect([answer.status, answer.headers.get('allow'), answer.headers.get('cache-control'), await alive()]).toEqual([
        405,
        'GET',
        'no-store',
        true,
      ])
    })
  })

  const bad: [what: string, query: string][] = [
    ['nothing', ''],
    ['no sid', '?iss=https%3A%2F%2Fid.example'],
    ['no iss', '?sid=sid-1'],
    ['an empty sid', '?iss=https%3A%2F%2Fid.example&sid='],
    ['another iss', '?iss=https%3A%2F%2Fevil.example&sid=sid-1'],
    ['iss with a slash', '?iss=https%3A%2F%2Fid.example%2F&sid=sid-1'],
    ['two sids', '?iss=https%3A%2F%2Fid.example&sid=sid-1&sid=sid-2'],
    ['two issuers', '?iss=https%3A%2F%2Fevil.example&iss=https%3A%2F%2Fid.example&sid=sid-1'],
    ['a huge sid', `?iss=https%3A%2F%2Fid.example&sid=${'x'.repeat(1025)}`],
  ]
  it.each(bad)('[L21 L18 A12] %s: 400, and nothing ends', async (_, query) => {
    await signedIn()
    const answer = await browser.get(`/auth/frontchannel-logout${query}`, iframe)
    expect([answer.status, await alive(), causesOf(setting.events)]).toEqual([400, true, []])
    expect(answer.headers.get('cache-control')).toBe('no-store')
    expect(answer.headers.get('content-security-policy') ?? "frame-ancestors 'none'").toContain(
      "frame-ancestors 'none'",
    )
    expect(answer.text).not.toContain('evil')
  })

  it("[L21 L17] only the provider's own origin may frame it, no cache keeps it, and no script runs", async () => {
    await signedIn({ behaviours: { issuer: 'https://id.example/realms/one' } })
    const { headers } = await visit()
    expect(headers.get('content-security-policy')).toBe("default-src 'none'; frame-ancestors https://id.example")
    expect([headers.get('cache-control'), headers.get('x-frame-options')]).toEqual(['no-store', null])
  })

  it('[L21 A6] the answer is the same, whether or not something ended', async () => {
    await signedIn()
    const answers = [
      await visit(),
      await visit(),
      await visit({ sid: 'sid-99' }),
      await visit({ sid: '\u0000"\'<script>' }),
    ]
    for (const answer of answers) expect(shape(answer)).toEqual(shape(answers[0] as Answer))
    expect(shape(answers[0] as Answer)).toEqual([
      200,
      expect.any(String),
      'no-store',
      null,
      [],
      '<!doctype html><title>Logout</title>',
    ])
    expect(causesOf(setting.events)).toEqual(['frontchannel'])
  })

  it('[L21 A12 L10] the tokens are revoked after the answer, however slow the provider is', async () => {
    await signedIn()
    setting.provider.behaviours.slowSeconds = 0.3
    const answer = await visit()
    expect([answer.status, setting.provider.revokedTokens]).toEqual([200, []])
    await setting.settled()
    expect(setting.provider.revokedTokens).toEqual(expect.arrayContaining([expect.stringMatching(/^refresh/)]))
  })

  it('[L21 A12] 32 visits at the same time, and no more: the others may come again', async () => {
    await signedIn()
    let open = (): void => {}
    const opened = new Promise<void>((resolve) => (open = resolve))
    faulty.before.list = () => opened
    const statuses: number[] = []
    const visits = Array.from({ length: 40 }, async (_, at) => {
      statuses.push((await visit({ sid: `sid-${at + 100}` })).status)
    })
    await vi.waitFor(() => expect(statuses).toEqual(Array(8).fill(429)), 30_000)
    open()
    await Promise.all(visits)
    expect(statuses.slice(8)).toEqual(Array(32).fill(200))
    expect((await visit()).status).toBe(200)
    expect(await alive()).toBe(false)
  })

  it('[L21 S12] a store that fails is 503, takes no place for good, and claims nothing', async () => {
    await signedIn()
    faulty.before.end = fails
    for (let visits = 0; visits < 40; visits++) expect((await visit()).status).toBe(503)
    delete faulty.before.end
    expect([await alive(), causesOf(setting.events)]).toEqual([true, []])
    expect((await visit()).status).toBe(200)
    expect(await alive()).toBe(false)
  })

  it('[L21 A8] one issuer with two clients here: the sid is looked for in both', async () => {
    const issuer = 'https://id.example'
    const profile = { revocationReach: 'token', sidUnguessable: true } as const
    await make({
      behaviours: { clients: { app: 'app-secret', admin: 'admin-secret' } },
      options: {
        providers: {
          admin: { issuer, clientId: 'admin', clientSecret: 'admin-secret', profile },
          example: { issuer, clientId: 'app', clientSecret: 'app-secret', profile },
        },
      },
    })
    await loginAt(browser, setting.provider, 'example')
    expect(await alive()).toBe(true)
    await visit()
    expect(await alive()).toBe(false)
  })
})
