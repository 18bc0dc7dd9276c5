import { memoryStore } from 'endsession'
import { redisStore } from 'endsession/redis'
import { testClock } from 'endsession/testing'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Entry, Limits, Position, Store } from '../../packages/endsession/src/session/store.ts'
import { idOf, session, signIn, who } from '../../packages/endsession/src/testing/contract/kit.ts'
import { neededRedis, type RedisServer, redisServers } from '../../servers/src/redis.ts'
import { holds } from '../unit/properties/holds.ts'

/** Short times, so that a few steps of the clock meet each of them. */
const limits: Limits = {
  absoluteSeconds: 400,
  idleSeconds: 200,
  endedSeconds: 60,
  reauthSeconds: 900,
  accessTokenSeconds: 30,
}
const causes = ['user', 'everywhere', 'device', 'admin', 'backchannel', 'frontchannel', 'idle', 'absolute'] as const

type Call = (store: Store, now: number) => Promise<unknown>
interface Step {
  /** For whoever reads a failure. */
  readonly says: string
  readonly call?: Call
  /** Before the call. */
  readonly advance?: number
}

/** Whose session it is: an id is one person's, and a token expires once. */
const people = {
  a: { sub: 'alice', sid: 's1' },
  b: { sub: 'alice', sid: 's1' },
  c: { sub: 'alice', sid: undefined },
  d: { sub: 'alice', sid: 's2' },
  e: { sub: 'bob', sid: 's1' },
  f: { sub: 'bob', sid: undefined },
  g: { sub: 'alice', sid: 's1', client: 'other' },
}
const names = Object.keys(people) as (keyof typeof people)[]
const start = 1_800_000_000
const tokens = [
  { hash: 't1', expiresAt: start + 70.5 },
  { hash: 't2', expiresAt: start + 500 },
  { hash: 't3', expiresAt: start + 200_000 },
]

/** One of them more often, so that what happens to a session before counts. */
const name = fc.constantFrom(...names, 'a' as const, 'a' as const, 'a' as const, 'a' as const)
const client = fc.constantFrom('app', 'app', 'app', 'other')
const sub = fc.constantFrom('alice', 'alice', 'bob')
const at = fc.constantFrom(0, 1, 30, 60, 61, 100, 500).map((seconds) => signIn + seconds)
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined })
const someTokens = fc.subarray(tokens, { maxLength: 2 })
const cause = fc.constantFrom(...causes)

function step<T>(word: string, facts: fc.Arbitrary<T>, call: (facts: T) => Call): fc.Arbitrary<Step> {
  return facts.map((given) => ({ says: `${word} ${JSON.stringify(given)}`, call: call(given) }))
}

const logins = fc.record({
  ...{ name, signedInAt: at },
  toldAt: maybe(at),
  authTime: maybe(at),
  interactive: fc.constantFrom(true, undefined),
  replaces: maybe(name),
  startedWith: maybe(fc.oneof(name, fc.array(name, { maxLength: 2 }))),
  liveSeconds: fc.constantFrom(5.25, 50, 390, 1000),
  endsBy: fc.constantFrom('absolute' as const, 'session_expiry' as const),
  tokens: someTokens,
})

const login = step('create', logins, ({ name, interactive, replaces, startedWith, ...given }) => {
  return (store) =>
    store.create(session(name, { ...people[name], ...given }), {
      ...(interactive && { interactive }),
      ...(replaces !== undefined && { replaces: idOf(replaces) }),
      ...(startedWith !== undefined && { startedWith: [startedWith].flat().map(idOf) }),
    })
})

const selectors = fc.oneof(
  fc.record({ by: fc.constant('id' as const), id: name.map(idOf) }),
  fc.record({ by: fc.constant('id' as const), id: name.map(idOf), sid: fc.constant(true as const) }),
  fc.record(
    {
      ...{ by: fc.constant('sid' as const), iss: fc.constant(who.iss), client, sid: fc.constantFrom('s1', 's2') },
      ...{ sub, before: at, slackSeconds: fc.constantFrom(0, 60) },
    },
    { requiredKeys: ['by', 'iss', 'client', 'sid'] },
  ),
  fc.record(
    { by: fc.constant('sub' as const), iss: fc.constant(who.iss), client, sub, before: at },
    { requiredKeys: ['by', 'iss', 'client', 'sub'] },
  ),
)

const steps: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: login },
  {
    weight: 5,
    arbitrary: step(
      'end',
      fc.tuple(selectors, cause),
      ([selector, why]) =>
        (store) =>
          ending(store, selector, why),
    ),
  },
  step('end tokens', fc.tuple(name, someTokens), ([late, tokens]) => (store, now) => {
    // An entry that is over when it is written may be gone at once, and then a reader is told of the loss.
    const alive = tokens.filter(({ expiresAt }) => expiresAt > now)
    return ending(store, { by: 'tokens', id: idOf(late), tokens: alive }, 'user')
  }),
  {
    weight: 3,
    arbitrary: fc
      .constantFrom(0.3, 1, 7.5, 61, 201, 1000, 86_401)
      .map((advance): Step => ({ says: `advance ${advance}`, advance })),
  },
  step('touch', name, (one) => (store) => store.touch(idOf(one))),
  step(
    'update',
    fc.tuple(name, fc.nat(2), maybe(fc.constantFrom(10, 300, 1000)), maybe(fc.constant('session_expiry' as const))),
    ([one, revision, liveSeconds, endsBy]) =>
      (store) =>
        store.update(idOf(one), revision, {
          ...(liveSeconds && { liveSeconds, sealed: new Uint8Array([revision, 1]) }),
          ...(endsBy && { endsBy, tokens: tokens.slice(1) }),
        }),
  ),
  step('settle', name, (one) => (store) => store.settle(idOf(one))),
  step(
    'claim',
    fc.tuple(name, fc.constantFrom(0.5, 100)),
    ([key, seconds]) =>
      (store) =>
        store.claim(key, seconds),
  ),
  step('follow', name, (one) => async (store) => store.follow(one, 'somewhere')),
)

async function ending(store: Store, selector: Parameters<Store['end']>[0], why: (typeof causes)[number]) {
  const { records, position } = await store.end(selector, why)
  return { records: sorted(records), number: numberOf(position) }
}

/** All that can be asked of a store, in one answer. */
async function everything(store: Store, before: Position) {
  const head = await store.head()
  const subjects = ['app', 'other'].flatMap((client) => [
    ...['alice', 'bob'].map((sub) => ({ iss: who.iss, client, sub })),
    ...['s1', 's2'].map((sid) => ({ iss: who.iss, client, sid })),
  ])
  const [sessions, lists, covers, tokenMarks, { expired, unsettled }, followers, marks, entries] = await Promise.all([
    all(names, (each) => store.get(idOf(each))),
    all(subjects, async (each) => sorted(await store.list(each))),
    all(subjects, (each) => store.covers({ ...each, at: signIn + 60 })),
    all(tokens, ({ hash }) => store.covers({ ...who, at: signIn, token: hash })),
    store.pending(100),
    store.followers(),
    store.snapshot().then(({ entries }) => gathered(entries, Number.POSITIVE_INFINITY)),
    entriesSince(store, before, numberOf(head) - numberOf(before)),
  ])
  return {
    ...{ head: numberOf(head), sessions, lists, covers, tokenMarks },
    ...{ expired: sorted(expired), unsettled: sorted(unsettled), followers: sorted(followers) },
    ...{ snapshot: sorted(marks.map(unplaced)), entries: sorted(entries) },
  }
}

async function entriesSince(store: Store, after: Position, count: number) {
  if (count === 0) return []
  const found = await gathered(store.feed(after, AbortSignal.timeout(30_000)), count)
  return found.map((entry) => ('lost' in entry ? entry : unplaced(entry)))
}

async function gathered<T>(entries: AsyncIterable<T>, most: number): Promise<T[]> {
  const found: T[] = []
  for await (const entry of entries) {
    found.push(entry)
    if (found.length >= most) break
  }
  return found
}

const unplaced = ({ position: _, ...entry }: Entry) => entry
const numberOf = (position: Position) => Number(position.split('.').at(-1))
const sorted = <T extends object>(values: readonly T[]) => [...values].sort((a, b) => (key(a) < key(b) ? -1 : 1))
const key = (value: object) => JSON.stringify(Object.entries(value).sort())
const all = <T, U>(values: readonly T[], ask: (value: T) => Promise<U>) => Promise.all(values.map(ask))

describe('the rules in Lua, and those in TypeScript', neededRedis, () => {
  const servers = redisServers()
  let server: RedisServer
  beforeAll(async () => {
    server = await servers.start({ appendonly: 'no' })
  })
  afterAll(() => servers.clear())

  it('[S1 S2 S3 S4 S5 S6 S7 S8 S9 S10 F1 F3 F5] are the same: same calls, same answers as the memory store\u2019s', async () => {
    const connection = server.connect()
    let stores = 0
    await holds(
      fc.asyncProperty(fc.array(steps, { minLength: 10, maxLength: 60, size: 'max' }), async (plays) => {
        const clock = testClock(start)
        const pair = [memoryStore(clock), redisStore(connection, { ...clock, prefix: `same-${++stores}` })] as const
        for (const store of pair) await store.open(limits)
        const said: string[] = []
        for (const play of plays) {
          said.push(play.says)
          const before = await Promise.all(pair.map((store) => store.head()))
          clock.advance(play.advance ?? 0)
          const answers = await all(pair, async (store) => play.call?.(store, clock.now()))
          expect(answers[1], said.join('\n')).toEqual(answers[0])
          const [here, there] = await Promise.all(
            pair.map((store, index) => everything(store, before[index] as string)),
          )
          expect(there, said.join('\n')).toEqual(here)
        }
        for (const store of pair) await store.close()
      }),
      150,
    )
  })
})
