import type { Report } from 'endsession'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type Browser, makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

const keys = { jobs: 'the key of jobs, thirty-two bytes or more' }
const one = 'instance-one'
const two = 'instance-two'

describe.each(transports)('the report says of the services, by %s', (transport) => {
  let setting: Setting
  const stops: (() => Promise<void>)[] = []
  beforeEach(() => start())
  afterEach(async () => {
    for (const stop of stops.splice(0)) await stop()
    await setting.close()
  })

  async function start(given: SettingOptions = {}): Promise<void> {
    setting = await makeSetting({ transport, ...given, options: { feed: { keys }, ...given.options } })
  }
  async function restart(given: SettingOptions): Promise<void> {
    await setting.close()
    await start(given)
  }

  /** One question, as a guard asks it. */
  async function ask(query: Record<string, string> = {}) {
    const headers = { authorization: `Bearer ${keys.jobs}` }
    const question = new URLSearchParams({ instance: one, ...query })
    const response = await setting.send(`/auth/feed?${question}`, { method: 'GET', headers })
    const lines = (await response.text()).split('\n').filter(Boolean)
    return { end: JSON.parse(lines.at(-1) as string) }
  }
  const endAlice = (sub = 'alice') => setting.endsession.end({ provider: 'example', sub }, 'test')

  /** Where a guard is waited for that does answer: longer than it ever takes. */
  const patient = { feed: { keys: { jobs: keys.jobs } }, logout: { deadlineSeconds: 30 } }
  let reports: Report[]
  const row = () => reports.at(-1)?.layers.services

  async function loggedIn(given: SettingOptions = {}): Promise<Browser> {
    reports = []
    await restart({
      behaviours: { jwtAccessTokens: true, ...given.behaviours },
      options: {
        feed: { keys: { jobs: keys.jobs } },
        logout: { deadlineSeconds: 1 },
        onEvent: (event) => void (event.type.startsWith('logout.') && 'report' in event && reports.push(event.report)),
        ...given.options,
      },
      ...(given.store && { store: given.store }),
    })
    const browser = setting.browser()
    await browser.login()
    return browser
  }
  /** A guard instance, by its questions: follows until it is told to stop. */
  function follow(instance: string) {
    let follows = true
    const running = (async () => {
      let position: string | undefined
      while (follows) {
        const { end } = await ask({ instance, wait: '0.2', ...(position && { after: position }) })
        position = end.position
      }
    })()
    const stop = async () => {
      follows = false
      await running.catch(() => {})
    }
    stops.push(stop)
    return stop
  }
  const asksAgain = (instance: string) =>
    vi.waitFor(async () => {
      const found = (await setting.store.followers()).find(({ name }) => name.includes(instance))
      expect(found?.confirmedAt).toBe(setting.clock.now())
    }, 30_000)
  const isThere = (count: number) =>
    vi.waitFor(async () => expect(await setting.store.followers()).toHaveLength(count), 30_000)

  it('impossible: no guard is registered [G3]', async () => {
    const browser = await loggedIn({ options: { feed: { keys: {} } } })
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'impossible', reason: 'no_guard_follows', until: expect.any(Number) })
  })

  it('ended: the guard has confirmed [G3]', async () => {
    const browser = await loggedIn({ options: patient })
    const stop = follow(one)
    await isThere(1)
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'ended', reason: 'guard_confirmed' })
    expect(row()).not.toHaveProperty('until')
    await stop()
  })

  it('requested: a guard is registered and has never been seen; nobody waits for it [G3]', async () => {
    const browser = await loggedIn({ options: patient })
    const began = Date.now()
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent', until: expect.any(Number) })
    expect(Date.now() - began).toBeLessThan(25_000)
  })

  it('requested: one of two instances is silent [G3]', async () => {
    // Not so short that the other one could be late.
    const browser = await loggedIn({ options: { logout: { deadlineSeconds: 5 } } })
    const [stop, stopTwo] = [follow(one), follow(two)]
    await isThere(2)
    await stopTwo()
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
    expect(row()?.parts?.map(({ outcome }) => outcome)).toEqual(['requested', 'ended'])
    await stop()
  })

  it('ended: an instance that is gone refuses everything once its lease has run out; one that may go on does not [G2 G3]', async () => {
    const rowAfter = async (seconds: number, lease?: string, options = {}) => {
      const browser = await loggedIn({ options })
      await ask({ instance: two, ...(lease && { lease }) })
      const stop = follow(one)
      await isThere(2)
      setting.clock.advance(seconds)
      await asksAgain(one)
      await browser.post('/auth/logout')
      await stop()
      return row()
    }
    // The lease, and a minute for two clocks.
    expect(await rowAfter(69, '10')).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
    expect(await rowAfter(71, '10', patient)).toMatchObject({ outcome: 'ended', reason: 'guard_confirmed' })
    expect(await rowAfter(71)).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
  })

  it('requested: the only instance is gone, and nobody has taken its place [G3]', async () => {
    const browser = await loggedIn()
    await ask({ instance: one, lease: '10' })
    setting.clock.advance(71)
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
  })

  it('requested: an instance that has just asked for everything, and has not confirmed that it has it [G3]', async () => {
    const browser = await loggedIn()
    const stop = follow(one)
    await isThere(1)
    await ask({ instance: two })
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
    await stop()
  })

  it("ended: no access token works any more, a minute and the clocks' difference past its end [G3]", async () => {
    const browser = await loggedIn({ behaviours: { expiresIn: 300 } })
    setting.clock.advance(301)
    await browser.post('/auth/logout', { scope: 'app' })
    // A service may take it a minute longer, by a clock that is a minute behind.
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
    const other = await loggedIn({ behaviours: { expiresIn: 300 } })
    setting.clock.advance(420)
    await other.post('/auth/logout', { scope: 'app' })
    expect(row()).toMatchObject({ outcome: 'ended', reason: 'access_tokens_expired' })
  })

  it('ended, without a guard too, where no access token was handed out [G3]', async () => {
    await loggedIn()
    await setting.store.create({
      id: '0.none',
      iss: setting.provider.issuer,
      client: 'app',
      sub: 'nobody',
      signedInAt: setting.clock.now(),
      sealed: new Uint8Array(1),
      tokens: [],
      liveSeconds: 100,
      endsBy: 'absolute',
    })
    const report = await endAlice('nobody')
    expect(report.layers.services).toMatchObject({ outcome: 'ended', reason: 'no_access_token' })
  })

  it('the landing asks again: what was requested has ended by then [G3 L12]', async () => {
    const browser = await loggedIn()
    const { end } = await ask()
    const answer = await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
    const late = await ask({ after: end.position })
    await ask({ after: late.end.position })
    const url = new URL(
      /<noscript><meta http-equiv="refresh" content="0;url=([^"]*)">/
        .exec(answer.text)?.[1]
        ?.replaceAll('&amp;', '&') ?? '',
    )
    const back = setting.provider.endSession(url).redirect as URL
    await browser.get(back.pathname + back.search)
    expect(reports).toHaveLength(2)
    expect(row()).toMatchObject({ outcome: 'ended', reason: 'guard_confirmed' })
  })

  it('a store that does not say who follows counts as silence, and holds nobody up [G3 S12]', async () => {
    const browser = await loggedIn({ options: { logout: { deadlineSeconds: 1 } } })
    setting.store.followers = () => new Promise(() => {})
    await browser.post('/auth/logout')
    expect(row()).toMatchObject({ outcome: 'requested', reason: 'guard_silent' })
  })
})
