/** The oracle can see: of stores that each break one promise, the same schedules find a violation. */
import type { Store } from 'endsession'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Break, type BrokenStore, broken, ghosts, soundStore } from '../contract/broken/broken.ts'
import { brokenStores } from '../contract/broken-stores.ts'
import { anything } from './plays.ts'
import { seededChoices } from './scheduler.ts'
import { type MakeStores, makeStage, type Stage } from './stage.ts'

vi.mock(import('../../packages/endsession/src/protocol/keys.ts'), async (original) => (await import('./unsigned.ts')).unverified(await original()))
vi.mock(import('../../packages/endsession/src/testing/fake-keys.ts'), async (original) => (await import('./unsigned.ts')).unsigned(await original()))

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
    const timed = Object.fromEntries(Object.entries(store).map(([name, call]) => [name, inTime(call)])) as unknown as Store
    return [timed, timed]
  }
}

/** The first violation that schedules find, or nothing. */
async function firstViolation(store: BrokenStore, most: number): Promise<{ seed: number; violation: string } | undefined> {
  for (let seed = 1; seed <= most; seed++) {
    const { violations } = await stage.play(on(store), seededChoices(seed), anything)
    if (violations[0] !== undefined) return { seed, violation: violations[0] }
  }
  return undefined
}

describe('the schedules', () => {
  it('[A3] find nothing in a sound store', async () => {
    expect(await firstViolation(soundStore, 100)).toBeUndefined()
  }, 120_000)

  for (const store of brokenStores)
    it(`${store.what}`, async () => {
      const t = Date.now()
      const found = await firstViolation(store, 300)
      console.log(store.what.padEnd(60), found?.seed, found?.violation.slice(0, 90), Date.now() - t)
    }, 600_000)
})
