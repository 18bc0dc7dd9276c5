import { memoryStore, type Store } from 'endsession'
import { createGuard } from 'endsession/guard'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { collectFeed } from '../../../packages/endsession/src/session/collect-feed.ts'
import { type Guarded, guarded, key, type Network, testApp } from './guarded.ts'

/** A generous end of waits, in milliseconds. */
const patience = 30_000

let setting: Guarded
afterEach(() => setting?.close())

const isFeed = (request: Request) => request.url.includes('/auth/feed')
const down: Network = (request, pass) => (isFeed(request) ? Promise.reject(new TypeError('fetch failed')) : pass())
const answering =
  (make: () => Response): Network =>
  (request, pass) =>
    isFeed(request) ? make() : pass()
const lines = (...values: unknown[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
const head = { mode: 'enabled', clients: [['https://id.example', 'app']], now: 1, snapshot: true }
const end = { position: 'e.1', complete: true }
const endAlice = (store: Store) =>
  store.end(
    { by: 'sub', iss: 'https://id.example', client: 'app', sub: 'alice', before: setting.clock.now() },
    'backchannel',
  )
const told = (type: string) => setting.events.filter((event) => event.type === type)

async function expectLost(): Promise<void> {
  const answer = await setting.send(`Bearer ${await setting.token()}`)
  expect(answer).toMatchObject({ status: 503 })
  expect((answer as Response).headers.get('retry-after')).toBe('1')
  expect((answer as Response).headers.get('www-authenticate')).toBeNull()
  expect(await (answer as Response).json()).toEqual({ error: 'feed_lost' })
}

describe('at the start', () => {
  it('knows what ended before, from a snapshot, before it lets anybody through [F3 G2]', async () => {
    const store = memoryStore()
    const earlier = await guarded({ store })
    setting = earlier
    await endAlice(store)
    await earlier.guard.close()
    setting = await guarded({ store, clock: earlier.clock })
    // Not a moment of waiting: the first request waits for the snapshot.
    expect(await setting.check(await setting.token())).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ sub: 'bob' }))).toMatchObject({ ok: true })
    expect(setting.questions[0]?.searchParams.get('after')).toBeNull()
    expect(setting.questions[0]?.searchParams.get('wait')).toBe('0')
  })

  it.for(['refuse', 'allow'] as const)(
    'without a snapshot it is 503, whatever onLost says (%s) [G2]',
    async (onLost) => {
      setting = await guarded({ guard: { onLost }, network: down })
      await expectLost()
      setting.network = (_, pass) => pass()
      await vi.waitFor(
        async () => expect(await setting.check(await setting.token())).toMatchObject({ ok: true }),
        patience,
      )
      expect(setting.events.filter(({ type }) => type.startsWith('feed.')).map(({ type }) => type)).toEqual([
        'feed.lost',
        'feed.back',
      ])
    },
  )

  it('a garbage token, or none, is 401 as ever: nothing has to be known for that [G2]', async () => {
    setting = await guarded({ network: down })
    expect(await setting.send(undefined)).toMatchObject({ status: 401 })
    expect(await setting.send('Bearer a.b.c')).toMatchObject({ status: 401 })
  })
})

describe('the lease', () => {
  it('runs from the time of asking, not of answering [G1 G2]', async () => {
    setting = await guarded()
    setting.network = async (request, pass) => {
      const answer = await pass()
      // The clock goes on while the answer is on its way.
      if (isFeed(request)) setting.clock.advance(0.9)
      return answer
    }
    await setting.app.caughtUp()
    await vi.waitFor(() => expect(setting.questions.length).toBeGreaterThan(4), patience)
    setting.network = down
    await vi.waitFor(() => expect(told('feed.lost')).toHaveLength(1), patience)
    setting.clock.advance(0.2)
    await expectLost()
  })

  it('an answer that comes after it would have run out grants nothing [G1 G2]', async () => {
    setting = await guarded()
    await setting.app.caughtUp()
    setting.network = async (request, pass) => {
      const answer = await pass()
      if (isFeed(request)) setting.clock.advance(1)
      return answer
    }
    const asked = setting.questions.length
    await vi.waitFor(() => expect(setting.questions.length).toBeGreaterThan(asked + 3), patience)
    await expectLost()
  })

  it('who paused longer than it answers 503 until it has caught up, then 401 for what ended meanwhile [G1 G2]', async () => {
    setting = await guarded()
    const token = await setting.token()
    expect(await setting.check(token)).toMatchObject({ ok: true })
    let release = () => {}
    const held = new Promise<void>((resolve) => (release = resolve))
    setting.network = async (request, pass) => {
      if (isFeed(request)) await held
      return pass()
    }
    await endAlice(setting.app.store)
    setting.clock.advance(1)
    await expectLost()
    release()
    await vi.waitFor(async () => expect(await setting.check(token)).toMatchObject({ why: 'ended' }), patience)
    expect(await setting.check(await setting.token({ sub: 'bob' }))).toMatchObject({ ok: true })
  })

  it('is won by no answer that a proxy has kept: what ends is refused, whatever it repeats [G1 G2]', async () => {
    const kept = new Map<string, string>()
    const proxy: Network = async (request, pass) => {
      if (!isFeed(request)) return pass()
      const known = kept.get(request.url)
      if (known !== undefined) return new Response(known)
      const text = await (await pass()).text()
      kept.set(request.url, text)
      return new Response(text)
    }
    setting = await guarded({ network: proxy })
    const token = await setting.token()
    expect(await setting.check(token)).toMatchObject({ ok: true })
    await vi.waitFor(() => expect(setting.questions.length).toBeGreaterThan(4), patience)
    await endAlice(setting.app.store)
    await vi.waitFor(async () => expect(await setting.check(token)).toMatchObject({ why: 'ended' }), patience)
    expect(new Set(setting.questions.map(String)).size).toBe(setting.questions.length)
  })

  it('a lease to win back is asked for without a wait [G2]', async () => {
    setting = await guarded()
    await setting.app.caughtUp()
    setting.network = down
    await vi.waitFor(() => expect(told('feed.lost')).toHaveLength(1), patience)
    setting.clock.advance(2)
    const asked = setting.questions.length
    setting.network = (_, pass) => pass()
    await vi.waitFor(() => expect(told('feed.back')).toHaveLength(1), patience)
    const later = setting.questions.slice(asked).map((url) => url.searchParams.get('wait'))
    expect(later[0]).toBe('0')
    await vi.waitFor(
      async () => expect(await setting.check(await setting.token())).toMatchObject({ ok: true }),
      patience,
    )
  })

  it('onLost allow: goes on with what it knows [G2]', async () => {
    setting = await guarded({ guard: { onLost: 'allow' } })
    const token = await setting.token()
    expect(await setting.check(token)).toMatchObject({ ok: true })
    await endAlice(setting.app.store)
    await setting.app.caughtUp()
    setting.network = down
    setting.clock.advance(100)
    expect(await setting.check(await setting.token({ sub: 'bob' }))).toMatchObject({ ok: true })
    expect(await setting.check(token)).toMatchObject({ why: 'ended' })
  })

  it('of several feeds: the lost one refuses its own tokens, and those that name no client [G2]', async () => {
    const first = await guarded()
    const calendar = testApp(first.provider, { origin: 'https://calendar.example', client: 'calendar' })
    await first.close()
    setting = await guarded({ others: [calendar] })
    const [mine, others, either] = [
      await setting.token(),
      await setting.token({ client_id: 'calendar' }),
      await setting.token({ client_id: undefined }),
    ]
    for (const token of [mine, others, either]) expect(await setting.check(token)).toMatchObject({ ok: true })
    setting.network = (request, pass) =>
      request.url.startsWith(calendar.origin) ? Promise.reject(new TypeError('fetch failed')) : pass()
    await vi.waitFor(() => expect(told('feed.lost')).toHaveLength(1), patience)
    setting.clock.advance(1)
    await vi.waitFor(async () => expect(await setting.check(mine)).toMatchObject({ ok: true }), patience)
    expect(await setting.check(others)).toMatchObject({ why: 'feed_lost', response: { status: 503 } })
    expect(await setting.check(either)).toMatchObject({ why: 'feed_lost' })
  })
})

describe('an answer is good as a whole, or it is none', () => {
  const entry = { tokens: [], sub: 'x', before: 1, cause: 'user', until: 9e9 }
  it.for<[string, () => Response]>([
    ['broken off within a line', () => new Response(lines(head, entry, end).slice(0, -10))],
    ['broken off behind a line', () => new Response(lines(head, entry))],
    ['empty', () => new Response('')],
    ['no body', () => new Response(null)],
    ['garbage', () => new Response('<h1>It works!</h1>')],
    ['garbage in JSON', () => new Response(lines(head, null, end))],
    ['numbers', () => new Response(lines(1, 2, 3))],
    ['a head without clients', () => new Response(lines({ ...head, clients: undefined }, end))],
    ['clients that are none', () => new Response(lines({ ...head, clients: ['app'] }, end))],
    ['a mode that is none', () => new Response(lines({ ...head, mode: 'on' }, end))],
    ['an entry without tokens', () => new Response(lines(head, { ...entry, tokens: undefined }, end))],
    ['an entry whose tokens are none', () => new Response(lines(head, { ...entry, tokens: [7] }, end))],
    ['an entry without an end', () => new Response(lines(head, { ...entry, until: undefined }, end))],
    ['an entry with a before that is none', () => new Response(lines(head, { ...entry, before: 'now' }, end))],
    ['an end without a position', () => new Response(lines(head, { complete: true }))],
    ['more behind the end', () => new Response(lines(head, end, entry))],
    ['an endless line', () => new Response('x'.repeat(2_000_000))],
    ['500', () => new Response(lines(head, end), { status: 500 })],
    ['204', () => new Response(null, { status: 204 })],
    ['404', () => new Response('', { status: 404 })],
    ['429', () => new Response(null, { status: 429 })],
  ])('%s [F2 G2]', async ([, make]) => {
    setting = await guarded({ network: answering(make) })
    await expectLost()
    expect(told('feed.lost')).toHaveLength(1)
    // The control: the same, whole, is taken.
    setting.network = answering(() => new Response(lines(head, entry, end)))
    await vi.waitFor(
      async () => expect(await setting.check(await setting.token())).toMatchObject({ ok: true }),
      patience,
    )
  })

  it('garbage in the middle takes nothing away from what is known [A3 F2]', async () => {
    setting = await guarded()
    await endAlice(setting.app.store)
    await setting.app.caughtUp()
    setting.network = answering(() => new Response(lines(head, { ...entry, tokens: null }, end)))
    await vi.waitFor(() => expect(told('feed.lost')).toHaveLength(1), patience)
    expect(await setting.check(await setting.token())).toMatchObject({ why: 'ended' })
  })

  it('a redirect is not followed: the key stays where it belongs [F6]', async () => {
    const seen: (string | null)[] = []
    setting = await guarded({
      network: async (request, pass) => {
        if (!isFeed(request)) return pass()
        seen.push(request.redirect)
        // As `fetch` does it.
        if (request.redirect === 'error') throw new TypeError('unexpected redirect')
        return new Response(lines(head, end))
      },
    })
    await expectLost()
    expect(seen[0]).toBe('error')
  })

  it('a wrong key is named, and no secret with it [F6]', async () => {
    setting = await guarded({ app: { feed: { keys: { jobs: 'another key of thirty-two bytes or more' } } } })
    await expectLost()
    expect(told('feed.lost')).toEqual([
      { type: 'feed.lost', why: 'The feed does not know this key of the guard jobs.' },
    ])
    expect(JSON.stringify(setting.events)).not.toContain(key)
  })
})

describe('continuity', () => {
  /** The store can be exchanged under the app's feet. */
  function exchangeable(): { store: Store; exchange(): Promise<Store> } {
    let current = memoryStore()
    let limits: Parameters<Store['open']>[0]
    const store = new Proxy(current, {
      get: (_, name: keyof Store) => {
        if (name !== 'open') return current[name]
        return (given: typeof limits) => {
          limits = given
          return current.open(given)
        }
      },
    })
    return {
      store,
      async exchange() {
        current = memoryStore()
        await current.open(limits)
        return current
      },
    }
  }

  it('another epoch is noticed and said; what has ended stays ended [A3 F2]', async () => {
    const { store, exchange } = exchangeable()
    setting = await guarded({ store })
    const token = await setting.token()
    expect(await setting.check(token)).toMatchObject({ ok: true })
    await endAlice(store)
    await setting.app.caughtUp()
    await exchange()
    await vi.waitFor(() => expect(told('feed.lost')).toHaveLength(1), patience)
    expect(told('feed.lost')[0]?.why).toContain('read all marks anew')
    await setting.app.caughtUp()
    expect(await setting.check(token)).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ sub: 'bob' }))).toMatchObject({ ok: true })
    expect(told('feed.back')).toHaveLength(1)
  })

  it('a head below the own position is answered with a snapshot, without a wait too [F2]', async () => {
    const store = memoryStore()
    await store.open({ absoluteSeconds: 1, idleSeconds: 1, endedSeconds: 1, reauthSeconds: 1, accessTokenSeconds: 1 })
    const [epoch] = (await store.head()).split('.')
    for (const wait of [0, 5])
      expect(await collectFeed(store, `${epoch}.7`, wait)).toMatchObject({ snapshot: true, complete: true })
    for (const after of ['', 'nonsense', 'another.0', `${epoch}.-1`])
      expect(await collectFeed(store, after, 0)).toMatchObject({ snapshot: true })
    expect(await collectFeed(store, await store.head(), 0)).toMatchObject({
      snapshot: false,
      entries: [],
      complete: true,
    })
  })

  it('a follower that is behind catches up although it does not wait, also with a slow store [F1 G2]', async () => {
    const fast = memoryStore()
    const limits = {
      absoluteSeconds: 1000,
      idleSeconds: 1000,
      endedSeconds: 1,
      reauthSeconds: 1,
      accessTokenSeconds: 1000,
    }
    await fast.open(limits)
    const start = await fast.head()
    for (let number = 0; number < 5; number++)
      await fast.end({ by: 'sub', iss: 'i', client: 'c', sub: `${number}`, before: 1 }, 'user')
    const slow: Store = {
      ...fast,
      async *feed(after, signal) {
        await new Promise((resolve) => setTimeout(resolve, 20))
        if (!signal.aborted) yield* fast.feed(after, signal)
      },
    }
    const collected = await collectFeed(slow, start, 0)
    expect(collected).toMatchObject({ snapshot: false, complete: true, position: await fast.head() })
    expect(collected.entries).toHaveLength(5)
  })

  it('more than fits into an answer comes with the next ones, and only the last grants a lease [F1 G2]', async () => {
    const store = memoryStore()
    const limits = {
      absoluteSeconds: 1000,
      idleSeconds: 1000,
      endedSeconds: 1,
      reauthSeconds: 1,
      accessTokenSeconds: 1000,
    }
    await store.open(limits)
    const start = await store.head()
    for (let number = 0; number < 1_500; number++)
      await store.end({ by: 'sub', iss: 'i', client: 'c', sub: `${number}`, before: 1 }, 'user')
    const first = await collectFeed(store, start, 5)
    expect([first.entries.length, first.complete]).toEqual([1_000, false])
    const second = await collectFeed(store, first.position, 5)
    expect([second.entries.length, second.complete]).toEqual([500, true])
  })
})

describe('the mode', () => {
  it('an app without authentication, a guard with: 503, and both say so, once [L23]', async () => {
    setting = await guarded({ app: { auth: 'disabled' } })
    const answer = (await setting.send(`Bearer ${await setting.token()}`)) as Response
    expect([answer.status, await answer.json()]).toEqual([503, { error: 'mode_disagreed' }])
    expect(answer.headers.get('retry-after')).toBe('1')
    await vi.waitFor(() => expect(setting.questions.length).toBeGreaterThan(3), patience)
    await setting.send(undefined)
    expect(told('mode.disagreed')).toHaveLength(1)
    expect(setting.app.events.filter(({ type }) => type === 'mode.disagreed')).toHaveLength(1)
    // Not as fast as it answers: a question waits for nothing there.
    const asked = setting.questions.length
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(setting.questions.length - asked).toBeLessThan(20)
  })

  it('an app with authentication, a guard without: 503, and both say so, once [L23]', async () => {
    setting = await guarded({ guard: { auth: 'disabled' } })
    expect(await setting.send(undefined)).toMatchObject({ status: 503 })
    await setting.app.caughtUp()
    expect(told('mode.disagreed')).toHaveLength(1)
    expect(setting.app.events.filter(({ type }) => type === 'mode.disagreed')).toHaveLength(1)
  })

  it('both without: everybody is the same, and no token is looked at [L23]', async () => {
    setting = await guarded({ guard: { auth: 'disabled' }, app: { auth: 'disabled' } })
    for (const authorization of [undefined, 'Bearer x', 'Basic y'])
      expect(await setting.send(authorization)).toBe('passed')
    expect(told('mode.disagreed')).toHaveLength(0)
  })

  it('a guard without that has not heard of the app lets nobody in [L23]', async () => {
    setting = await guarded({ guard: { auth: 'disabled' }, network: down })
    await expectLost()
  })
})

describe('in the same process, from the store', () => {
  it('refuses what ends, and is counted as a follower [F5 G1]', async () => {
    const inner = await guarded()
    setting = inner
    const store = inner.app.store
    const guard = createGuard({
      issuer: inner.provider.issuer,
      audience: 'https://api.example',
      leaseSeconds: 1,
      feed: { store, name: 'inside', clients: ['app'] },
      runtime: { fetch: inner.provider.fetch, now: inner.clock.now },
    })
    const check = async (token: string) =>
      guard.check(new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } }))
    const token = await inner.token()
    expect(await check(token)).toMatchObject({ ok: true })
    await endAlice(store)
    await inner.app.caughtUp(2)
    expect((await store.followers()).map(({ name }) => name.split('/')[0]).sort()).toEqual(['inside', 'jobs'])
    expect(await check(token)).toMatchObject({ why: 'ended' })
    await guard.close()
  })
})

it('a feed that never waits is not asked as fast as it answers [A12]', async () => {
  setting = await guarded({ network: answering(() => new Response(lines({ ...head, snapshot: false }, end))) })
  await vi.waitFor(() => expect(setting.questions.length).toBeGreaterThan(2), patience)
  const asked = setting.questions.length
  await new Promise((resolve) => setTimeout(resolve, 1_000))
  expect(setting.questions.length - asked).toBeLessThan(15)
})

it('close hangs up, and nothing is asked any more [A12]', async () => {
  setting = await guarded()
  await setting.app.caughtUp()
  let held = 0
  setting.network = () => {
    held++
    return new Promise(() => {})
  }
  await vi.waitFor(() => expect(held).toBe(1), patience)
  const began = Date.now()
  await setting.guard.close()
  // Without a hang-up it would be the 20 s that a question is waited for.
  expect(Date.now() - began).toBeLessThan(15_000)
  const asked = setting.questions.length
  await new Promise((resolve) => setTimeout(resolve, 300))
  expect(setting.questions.length).toBe(asked)
  expect(told('feed.lost')).toHaveLength(0)
})

it('options list all their problems at once, and name no key [L18]', () => {
  const make = () =>
    createGuard({
      issuer: 'id.example',
      audience: [],
      feed: [
        { url: 'x', name: 'jobs', key: 'short' },
        { url: 'https://a.example', name: 'a b', key },
      ],
      leaseSeconds: 0,
      onLost: 'alow',
      auth: 'off',
      lease: 5,
    } as never)
  expect(make).toThrowError(
    /lease: there is no such option.*issuer:.*audience:.*leaseSeconds:.*onLost:.*auth:.*feed\[0\]\.url.*feed\[1\]\.name/s,
  )
  const short = () =>
    createGuard({
      issuer: 'https://id.example',
      audience: 'a',
      feed: { url: 'https://a.example', name: 'jobs', key: 'too short' },
    })
  expect(short).toThrowError(/feed\[0\]\.key/)
  expect(short).not.toThrowError(/too short/)
  expect(() =>
    createGuard({ issuer: undefined, audience: 'a', feed: { url: 'https://a.example', name: 'j', key: undefined } }),
  ).toThrowError(/issuer.*key/s)
})
