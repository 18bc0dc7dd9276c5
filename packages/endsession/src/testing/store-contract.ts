import { sleep } from '../runtime.ts'
import type { Limits, Store } from '../session/store.ts'
import { endingCases } from './contract/ending.ts'
import { expiringCases, longCases } from './contract/expiring.ts'
import { feedCases } from './contract/feed.ts'
import { type Case, type Kit, limits, ok } from './contract/kit.ts'
import { markCases } from './contract/marks.ts'
import { racingCases } from './contract/racing.ts'
import { repeatingCases } from './contract/repeating.ts'
import { sessionCases } from './contract/sessions.ts'

export type Describe = (title: string, body: () => void) => unknown
export type It = (title: string, body: () => Promise<void>) => unknown

export interface StoreContractOptions {
  /**
   * A second handle on the same data, as another process would hold it; not opened. The racing cases use it.
   * @default the same handle
   */
  readonly another?: (store: Store) => Promise<Store>
  /**
   * Moves the store's clock forward, where it can be moved: no case waits, and those run that take days.
   * @default the cases wait, about 4 seconds in all
   */
  readonly advance?: (seconds: number) => void | Promise<void>
  /** Of the test runner. @default the global one */
  readonly describe?: Describe
  /** As `describe`. */
  readonly it?: It
}

const groups: Readonly<Record<string, readonly Case[]>> = {
  sessions: sessionCases,
  ending: [...endingCases, ...repeatingCases],
  marks: markCases,
  feed: feedCases,
  racing: racingCases,
  time: expiringCases,
}

/**
 * Registers what every store promises with the test runner in use; titles name the rules of docs/rules.md. `make`
 * answers a fresh, empty store that is not open; the contract opens and closes it. What a store lives in is the
 * caller's to remove. It does NOT test power loss, nor a store that is killed.
 *
 * Each case takes at most a few seconds; none needs a clean machine. Throws if there is no `describe` and `it`.
 */
export function storeContract(make: () => Promise<Store>, options: StoreContractOptions = {}): void {
  const runner = globalThis as { describe?: Describe; it?: It }
  const { describe = runner.describe, it = runner.it } = options
  if (!describe || !it) {
    throw new Error(
      'storeContract finds no test runner: pass `{ describe, it }` of yours, e.g. from node:test or vitest.',
    )
  }
  describe('the store contract', () => {
    for (const [group, cases] of Object.entries(options.advance ? { ...groups, days: longCases } : groups)) {
      describe(group, () => {
        for (const { title, run } of cases) it(title, () => runCase(run, make, options))
      })
    }
  })
}

async function runCase(run: Case['run'], make: () => Promise<Store>, options: StoreContractOptions): Promise<void> {
  const stores = new Map<Store, Limits>()
  async function opened(store: Store, given: Limits): Promise<Store> {
    stores.set(store, given)
    const { durability } = await store.open(given)
    ok(['process', 'second', 'disk'].includes(durability), 'open answers the durability')
    return store
  }
  const kit: Kit = {
    open: async (given = {}) => opened(await make(), { ...limits, ...given }),
    another: async (store) =>
      options.another ? opened(await options.another(store), stores.get(store) ?? limits) : store,
    // A little more than asked for: timers may be early, clocks coarse.
    pass: async (seconds) => (options.advance ? options.advance(seconds) : sleep(seconds + 0.01)),
  }
  try {
    await run(kit)
  } finally {
    for (const store of stores.keys()) await store.close()
  }
}
