/** The oracle can see: of stores that each break one promise, the same schedules find a violation. */
import type { Store, StoredSession } from 'endsession'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Break, type BrokenStore, broken, soundStore } from '../contract/broken/broken.ts'
import { brokenStores } from '../contract/broken-stores.ts'
import { anything, loginBesideLogout, loginBesideMessages, oneBrowser, visitBesideLogout } from './plays.ts'
import { seededChoices } from './scheduler.ts'
import { type MakeStores, makeStage, type Stage } from './stage.ts'

vi.mock(import('../../packages/endsession/src/protocol/keys.ts'), async (original) =>
  (await import('./unsigned.ts')).unverified(await original()),
)
vi.mock(import('../../packages/endsession/src/testing/fake-keys.ts'), async (original) =>
  (await import('./unsigned.ts')).unsigned(await original()),
)

let stage: Stage
beforeAll(async () => {
  stage = await makeStage()
})
afterAll(() => stage.close())

/** The same store for both processes, on the stage's clock. */
function on({ make, clock }: BrokenStore): MakeStores {
  return (now) => {
    const store = make()
    const inTime = (call: unknown) =>
      typeof call !== 'function'
        ? call
        : (...given: readonly unknown[]) => {
            clock.advance(Math.max(0, now() - clock.now()))
            return (call as (...given: readonly unknown[]) => unknown)(...given)
          }
    const timed = Object.fromEntries(
      Object.entries(store).map(([name, call]) => [name, inTime(call)]),
    ) as unknown as Store
    return [timed, timed]
  }
}

/** The first violation that schedules find, or nothing. */
async function firstViolation(
  store: BrokenStore,
  most: number,
): Promise<{ seed: number; violation: string } | undefined> {
  for (let seed = 1; seed <= most; seed++) {
    for (const play of [loginBesideLogout, visitBesideLogout, loginBesideMessages, oneBrowser, anything]) {
      const { violations } = await stage.play(on(store), seededChoices(seed), play)
      if (violations[0] !== undefined) return { seed, violation: violations[0] }
    }
  }
  return undefined
}

/** Says that it is done, and does it a few calls later. */
const lazy: Break = (store) => {
  let due: (() => Promise<unknown>)[] = []
  let calls = 0
  const later = async () => {
    if (++calls % 4 > 0) return
    for (const work of due) await work()
    due = []
  }
  return {
    async get(id) {
      await later()
      return store.get(id)
    },
    async end(selector, cause) {
      const held = selector.by === 'id' ? await store.get(selector.id) : undefined
      if (!held) return store.end(selector, cause)
      due.push(() => store.end(selector, cause))
      return {
        records: [{ ...held, cause, endedAt: await store.now(), repeated: false, settled: false }],
        position: await store.head(),
      }
    },
  }
}

/** Answers what it has read a moment ago. */
const cached: Break = (store) => {
  const known = new Map<string, Awaited<ReturnType<Store['get']>>>()
  let calls = 0
  return {
    async get(id) {
      if (++calls % 5 === 0) known.clear()
      if (!known.has(id)) known.set(id, await store.get(id))
      return known.get(id)
    },
  }
}

/** A late message ends the newer sessions, too. */
const hasty: Break = (store) => ({
  end: (selector, cause) =>
    store.end(
      'before' in selector && selector.before ? { ...selector, before: selector.before + 1000 } : selector,
      cause,
    ),
})

/** What a later message says counts, also where it says less. */
const lowering: Break = (store) => {
  const last = new Map<string, number>()
  const opened = new Map<string, StoredSession>()
  return {
    async end(selector, cause) {
      if (selector.by === 'sub' && selector.before !== undefined) last.set(selector.sub, selector.before)
      return store.end(selector, cause)
    },
    async get(id) {
      return opened.get(id) ?? store.get(id)
    },
    async create(session, how) {
      const answer = await store.create(session, how)
      if (answer === 'created' || (last.get(session.sub) ?? Number.POSITIVE_INFINITY) >= session.signedInAt)
        return answer
      const at = await store.now()
      opened.set(session.id, { ...session, openedAt: at, seenAt: at, expiresAt: at + session.liveSeconds, revision: 0 })
      return 'created'
    },
  }
}

const mine: readonly BrokenStore[] = [
  broken('marks are lowered by a later message', 'M3', lowering),
  broken('end answers before it is applied', 'S5', lazy),
  broken('get answers what was', 'S3', cached),
  broken('an end takes newer sessions along', 'M8', hasty),
]
const shared = [
  ...[
    'update creates',
    'update revives in silence',
    'touch revives',
    'create ignores marks',
    'create ignores authBefore',
  ],
  'create ignores startedWith',
  'end is not idempotent in its answer',
]

describe('the schedules', () => {
  it('[A3] find nothing in a sound store', async () => {
    expect(await firstViolation(soundStore, 40)).toBeUndefined()
  }, 120_000)

  for (const store of [
    ...mine,
    ...shared.map((what) => brokenStores.find((store) => store.what === what) as BrokenStore),
  ])
    it(`[A3 A4 A13 S11] find a violation where ${store.what}`, async () => {
      const found = await firstViolation(store, 150)
      expect(found?.violation).toMatch(/^A\d+: /)
    }, 60_000)
})
