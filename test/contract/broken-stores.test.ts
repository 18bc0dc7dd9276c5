import { storeContract } from 'endsession/testing'
import { describe, expect, it } from 'vitest'
import { type BrokenStore, brokenStores, soundStore } from './broken-stores.ts'

interface Collected {
  readonly title: string
  run(): Promise<void>
}

/** The contract's cases for this store, registered with a runner that only collects. */
function casesFor({ make, clock }: BrokenStore): readonly Collected[] {
  const cases: Collected[] = []
  storeContract(async () => make(), {
    advance: clock.advance,
    describe: (_title, body) => body(),
    it: (title, run) => cases.push({ title, run }),
  })
  return cases
}

function rulesOf(title: string): readonly string[] {
  return /^\[([^\]]+)\]/.exec(title)?.[1]?.split(' ') ?? []
}

async function fails({ run }: Collected): Promise<boolean> {
  return run().then(
    () => false,
    () => true,
  )
}

describe('the contract catches a store that breaks a promise', () => {
  // A case that fails on a sound store too has caught nothing.
  const control = new Map(casesFor(soundStore).map((each) => [each.title, each]))

  it.concurrent.each(brokenStores.map((store) => [store.what, store.rules.join(' '), store] as const))(
    '%s: [%s]',
    async (_what, _rules, store) => {
      const named = casesFor(store).filter(({ title }) => rulesOf(title).some((rule) => store.rules.includes(rule)))
      expect(named, 'cases of these rules').not.toEqual([])
      for (const each of named) {
        if ((await fails(each)) && !(await fails(control.get(each.title) ?? each))) return
      }
      expect.fail(`no case of ${store.rules.join(', ')} failed on it alone`)
    },
  )
})

describe('storeContract', () => {
  it('every case names its rules', () => {
    const cases = casesFor(soundStore)
    expect(cases.length).toBeGreaterThan(70)
    for (const { title } of cases) expect(title).toMatch(/^\[[A-Z]\d+( [A-Z]\d+)*\] \S/)
  })

  it('says what to pass where there is no test runner', () => {
    expect(() => storeContract(async () => expect.fail('made'))).toThrow(/pass `\{ describe, it \}`/)
  })
})
