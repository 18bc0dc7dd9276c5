import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { makeSetting, type Setting, type SettingOptions, transports } from './setting.ts'

const keys = { jobs: 'the key of jobs, thirty-two bytes or more', mail: 'the key of mail, thirty-two bytes or more' }
const one = 'instance-one'
const two = 'instance-two'
const canaries = { sub: 'canary-of-a-sub', sid: 'canary-of-a-sid' }

describe.each(transports)('the feed, by %s', (transport) => {
  let setting: Setting
  beforeEach(() => start())
  afterEach(() => setting.close())

  async function start(given: SettingOptions = {}): Promise<void> {
    setting = await makeSetting({ transport, ...given, options: { feed: { keys }, ...given.options } })
  }
  async function restart(given: SettingOptions): Promise<void> {
    await setting.close()
    await start(given)
  }

  const send = (query: Record<string, string>, key: string | undefined = keys.jobs, method = 'GET') =>
    setting.send(`/auth/feed?${new URLSearchParams(query)}`, {
      method,
      headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    })

  /** One question, as a guard asks it. */
  async function ask(query: Record<string, string> = {}, key?: string) {
    const response = await send({ instance: one, ...query }, key)
    const text = await response.text()
    const lines = text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
    return {
      status: response.status,
      headers: response.headers,
      text,
      head: lines[0],
      entries: lines.slice(1, -1),
      end: lines.at(-1),
    }
  }
  const endAlice = (sub = 'alice') => setting.endsession.end({ provider: 'example', sub }, 'test')

  describe('asks who comes for a key', () => {
    it.for([undefined, 'wrong', `${keys.jobs}x`, keys.jobs.slice(0, -1), keys.jobs.toUpperCase()])(
      '%s: 401 [F6]',
      async (key) => {
        const response = await setting.send('/auth/feed?instance=instance-one', {
          method: 'GET',
          headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
        })
        expect(response.status).toBe(401)
        expect(response.headers.get('www-authenticate')).toBe('Bearer')
        expect(response.headers.get('cache-control')).toBe('no-store')
        expect(await response.text()).toBe('')
        expect(await setting.store.followers()).toEqual([])
      },
    )

    it('a key under another scheme, or in the query: 401 [F6]', async () => {
      for (const authorization of [`Basic ${keys.jobs}`, keys.jobs, 'Bearer', `Bearer  ${keys.jobs} x`])
        expect(
          (await setting.send('/auth/feed?instance=instance-one', { method: 'GET', headers: { authorization } }))
            .status,
        ).toBe(401)
      expect(
        (
          await setting.send(`/auth/feed?instance=instance-one&key=${encodeURIComponent(keys.jobs)}`, {
            method: 'GET',
            headers: {},
          })
        ).status,
      ).toBe(401)
    })

    it('each guard has a key of its own, and follows under its own name [F6 F5]', async () => {
      await ask({}, keys.jobs)
      await ask({ instance: two }, keys.mail)
      expect((await setting.store.followers()).map(({ name }) => name).sort()).toEqual([`jobs/${one}`, `mail/${two}`])
    })

    it('without guards in the options there is no feed [F6]', async () => {
      await restart({ options: { feed: { keys: {} } } })
      const response = await setting.send('/auth/feed?instance=instance-one', {
        method: 'GET',
        headers: { authorization: `Bearer ${keys.jobs}` },
      })
      expect(await response.text()).not.toContain('"mode"')
    })

    it('answers to GET only [F6]', async () => {
      expect((await send({ instance: one }, keys.jobs, 'POST')).status).toBe(405)
    })
  })

  describe('refuses a question that is none', () => {
    it.for<[string, Record<string, string>]>([
      ['no instance', { instance: '' }],
      ['a lease that is no number', { lease: 'long' }],
      ['an endless lease', { lease: '86400' }],
      ['a short instance', { instance: 'short' }],
      ['an instance with a slash', { instance: 'instance/one' }],
      ['an endless instance', { instance: 'x'.repeat(65) }],
      ['a wait that is no number', { wait: 'long' }],
      ['an endless wait', { wait: 'Infinity' }],
      ['a wait into the past', { wait: '-1' }],
    ])('%s: 400 [F6 L18]', async ([, query]) => {
      const { status } = await send({ instance: one, ...query })
      expect(status).toBe(400)
      expect(await setting.store.followers()).toEqual([])
    })

    it('two instances at once: 400 [F6 L18]', async () => {
      const { status } = await setting.send('/auth/feed?instance=instance-one&instance=instance-two', {
        method: 'GET',
        headers: { authorization: `Bearer ${keys.jobs}` },
      })
      expect(status).toBe(400)
    })
  })

  it("begins with a snapshot: mode, clients, the store's time, all marks, a position [F3]", async () => {
    await endAlice()
    const { status, headers, head, entries, end } = await ask()
    expect(status).toBe(200)
    expect(headers.get('content-type')).toBe('application/x-ndjson')
    expect(headers.get('cache-control')).toBe('no-store')
    expect(head).toEqual({
      mode: 'enabled',
      clients: [[setting.provider.issuer, 'app']],
      now: setting.clock.now(),
      snapshot: true,
    })
    expect(entries).toHaveLength(1)
    expect(end).toEqual({ position: await setting.store.head(), complete: true })
  })

  it('goes on from a position, with what came after it, in order [F1]', async () => {
    const { end } = await ask()
    for (const sub of ['alice', 'bob', 'carol']) await endAlice(sub)
    const next = await ask({ after: end.position })
    expect(next.head.snapshot).toBe(false)
    expect(next.entries.map(({ position }) => Number(position.split('.').at(-1)))).toEqual([1, 2, 3])
    expect(next.end).toEqual({ position: await setting.store.head(), complete: true })
  })

  it('a long poll wakes as soon as something ends [F6]', async () => {
    const { end } = await ask()
    const waiting = ask({ after: end.position, wait: '20' })
    await new Promise((resolve) => setTimeout(resolve, 100))
    await endAlice()
    // Who is not woken hears of nothing.
    expect((await waiting).entries).toHaveLength(1)
  })

  it('a long poll has an end, at a third of a ten-second lease too [F6 A12]', async () => {
    const { end } = await ask()
    const began = Date.now()
    const polled = await ask({ after: end.position, wait: String(1 / 3) })
    expect(polled).toMatchObject({ status: 200, entries: [], end: { position: end.position, complete: true } })
    expect(Date.now() - began).toBeGreaterThan(300)
    // Of its own: not the 25 seconds that nobody waits beyond.
    expect(Date.now() - began).toBeLessThan(20_000)
  })

  it('nobody waits for longer than 25 seconds, whatever is asked for [F6 A12]', async () => {
    const asked: number[] = []
    const timeout = vi.spyOn(AbortSignal, 'timeout').mockImplementation((milliseconds) => {
      asked.push(milliseconds)
      return AbortSignal.abort()
    })
    try {
      const after = await setting.store.head()
      await ask({ after, wait: '999999999' })
      expect(asked).toContain(25_000)
      expect(Math.max(...asked)).toBe(25_000)
    } finally {
      timeout.mockRestore()
    }
  })

  it('64 wait at a time under one name; the next is told to come again, other names are not held up [F6 A12]', async () => {
    const { end } = await ask()
    const waiting = Array.from({ length: 64 }, () => ask({ after: end.position, wait: '20' }))
    await vi.waitFor(async () => {
      const extra = await send({ instance: one, after: end.position })
      expect([extra.status, extra.headers.get('retry-after')]).toEqual([429, '1'])
    }, 10_000)
    expect((await ask({ instance: two }, keys.mail)).status).toBe(200)
    await endAlice()
    for (const { entries } of await Promise.all(waiting)) expect(entries).toHaveLength(1)
    expect((await ask({ after: end.position })).status).toBe(200)
  })

  it('each question confirms the position it asks from [F5]', async () => {
    const { end } = await ask()
    await endAlice()
    const head = await setting.store.head()
    const position = async () => (await setting.store.followers())[0]?.position as string
    expect(setting.store.reached(await position(), head)).toBe(false)
    const next = await ask({ after: end.position })
    // It has been told, and has not said yet that it has applied it.
    expect(setting.store.reached(await position(), head)).toBe(false)
    await ask({ after: next.end.position })
    expect(setting.store.reached(await position(), head)).toBe(true)
  })

  it('who asks for everything is noted first: nothing that ends from now on is confirmed by it [F5 G3]', async () => {
    await endAlice()
    const before = await setting.store.head()
    await ask()
    const [follower] = await setting.store.followers()
    expect(setting.store.reached(follower?.position as string, before)).toBe(true)
    await endAlice('bob')
    expect(setting.store.reached(follower?.position as string, await setting.store.head())).toBe(false)
  })

  it.for(['', 'nonsense', 'other-epoch.1', 'x'.repeat(300), '../../etc'])(
    "a position of nobody's (%s) gets everything [F2]",
    async (after) => {
      await endAlice()
      const { status, head, entries } = await ask({ after, wait: '5' })
      expect([status, head.snapshot, entries.length]).toEqual([200, true, 1])
    },
  )

  it('a position ahead of the head gets everything [F2]', async () => {
    const [epoch] = (await setting.store.head()).split('.')
    expect((await ask({ after: `${epoch}.99`, wait: '5' })).head.snapshot).toBe(true)
  })

  it('holds hashes, and never a sub, a sid or a token [F4 A6]', async () => {
    await restart({ behaviours: { jwtAccessTokens: true } })
    const browser = setting.browser()
    await browser.login(canaries.sub, { sid: canaries.sid })
    const before = await ask()
    await setting.browser('other').login('eve')
    await browser.post('/auth/logout', { scope: 'everywhere' })
    const feed = await ask({ after: before.end.position })
    const snapshot = await ask({ instance: two })
    expect(feed.entries.length).toBeGreaterThan(1)
    for (const { text } of [feed, snapshot]) {
      for (const canary of [canaries.sub, canaries.sid, 'eyJ', browser.cookies.get('endsession') ?? 'none'])
        expect(text).not.toContain(canary)
      expect(text).toMatch(/"sid":"[\w-]{43}"/)
      expect(text).toMatch(/"sub":"[\w-]{43}"/)
    }
  })

  it('a store that fails: 503, and a guard that goes on refusing [S12 G2]', async () => {
    const { end } = await ask()
    setting.store.follow = async () => {
      throw new Error('disk full')
    }
    const response = await send({ instance: one, after: end.position })
    expect(response.status).toBe(503)
    expect(await response.text()).not.toContain('disk full')
  })
})
