/**
 * Many orders of login, check, logout, back-channel logout, refresh and expiry, on two processes of one store. Every call
 * of the store and of the provider stops for a scheduler, so flows are cut into each other for real. What must hold is
 * judged by facts.ts, from outside. A failure prints its seed and the whole schedule:
 * `INTERLEAVING_SEED=844 npx vitest run test/interleavings` plays it again; `INTERLEAVING_RUNS=20000` looks further.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { memoryStore } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { present } from '../contract/sqlite-drivers.ts'
import { anything, duel, loginBesideLogout, loginBesideMessages, oneBrowser, visitBesideLogout } from './plays.ts'
import { type Choices, seededChoices } from './scheduler.ts'
import { type MakeStores, makeStage, type Outcome, type Play, type Stage } from './stage.ts'

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

const inMemory: MakeStores = (now) => {
  const store = memoryStore({ now })
  return [store, store]
}

const asked = process.env['INTERLEAVING_SEED']
const runs = Number(process.env['INTERLEAVING_RUNS'] ?? 250)
const seeds = (count: number): readonly number[] =>
  asked ? [Number(asked)] : Array.from({ length: count }, (_, at) => at + 1)

function holdsOn({ violations, trace }: Outcome, which: string): void {
  expect(violations, `${which}\n${trace.join('\n')}`).toEqual([])
}

describe('any order, two processes', () => {
  it('[A1 A2 A3 A4 A13 S11] on a shared memory store, hundreds of schedules', async () => {
    for (const seed of seeds(runs))
      for (const play of [anything, oneBrowser])
        holdsOn(await stage.play(inMemory, seededChoices(seed), play), `seed ${seed}`)
  }, 600_000)

  it('[S11] the same seed plays the same schedule', async () => {
    const [once, again] = [
      await stage.play(inMemory, seededChoices(7), anything),
      await stage.play(inMemory, seededChoices(7), anything),
    ]
    const anonymous = ({ trace }: Outcome) => trace.map((line) => line.replace(/(sid-|iat \+)-?\d+/g, '$1'))
    expect(anonymous(again)).toEqual(anonymous(once))
    expect(once.trace.length).toBeGreaterThan(20)
  })

  it.skipIf(present.length === 0)(
    '[A1 A2 A3 A4 A13 S11] on one SQLite file, each process with a connection of its own',
    async () => {
      const folder = mkdtempSync(join(tmpdir(), 'endsession-orders-'))
      for (const seed of seeds(Math.ceil(runs / 15))) {
        const connections = [0, 1].map(() => present[0]?.open(join(folder, `${seed}.db`)))
        const onFile: MakeStores = (now) =>
          [0, 1].map((at) => sqliteStore(connections[at] as never, { now })) as unknown as ReturnType<MakeStores>
        const outcome = await stage.play(onFile, seededChoices(seed), anything)
        for (const connection of connections) connection?.close()
        holdsOn(outcome, `seed ${seed}`)
      }
      rmSync(folder, { recursive: true, force: true })
    },
    600_000,
  )
})

/** Goes through every schedule, one after the other, up to a bound; answers how many there were. */
async function explore(play: Play, most = 500): Promise<{ readonly count: number; readonly complete: boolean }> {
  let path: { choice: number; of: number }[] = []
  for (let count = 1; ; count++) {
    let at = 0
    const choices: Choices = {
      pick(of) {
        const step = path[at] ?? { choice: 0, of }
        path[at++] = step
        return step.choice
      },
    }
    const outcome = await stage.play(inMemory, choices, play, 0)
    holdsOn(outcome, `the schedule ${path.map(({ choice }) => choice).join(' ')}`)
    path = path.slice(0, at)
    while (path.length > 0 && (path.at(-1) as { choice: number }).choice + 1 >= (path.at(-1) as { of: number }).of)
      path.pop()
    const last = path.at(-1)
    if (!last || count === most) return { count, complete: !last }
    last.choice++
  }
}

describe('every order of two', () => {
  const one = duel(
    (jars) => jars.slice(0, 1),
    () => [],
  )
  const both: Readonly<Record<string, Play>> = {
    'a logout and a check': duel(
      (jars) => jars.slice(0, 1),
      (doings, first) => [
        { name: 'logout', act: () => doings.logout(doings.jars[0] as never, 'app', 0) },
        { name: 'check', act: () => doings.check(first, 1) },
      ],
    ),
    'a back-channel logout and a check': duel(
      (jars) => jars.slice(0, 1),
      (doings, first) => [
        { name: 'message', act: () => doings.backchannel('sid', first, 0, 0) },
        { name: 'check', act: () => doings.check(first, 1) },
      ],
    ),
    'a login and a late back-channel logout of its person': duel(
      (jars) => jars.slice(0, 1),
      (doings, first) => [
        { name: 'login', act: () => doings.login(doings.jars[2] as never, 1) },
        { name: 'message', act: () => doings.backchannel('sub', first, 5, 0) },
      ],
    ),
    'a login and a back-channel logout as of now': duel(
      (jars) => jars.slice(0, 1),
      (doings, first) => [
        { name: 'login', act: () => doings.login(doings.jars[1] as never, 1) },
        { name: 'message', act: () => doings.backchannel('sid', first, 0, 0) },
      ],
    ),
    'a visit and a logout': visitBesideLogout,
    'a login and a logout of one browser': loginBesideLogout,
    'a login, a message and a late one': loginBesideMessages,
    'two messages, one of them late': duel(
      (jars) => jars.slice(0, 1),
      (doings, first) => [
        { name: 'message', act: () => doings.backchannel('sub', first, 0, 0) },
        { name: 'late message', act: () => doings.backchannel('sub', first, 70, 1) },
      ],
    ),
  }

  it('[S11] (of one there is one)', async () => expect(await explore(one)).toEqual({ count: 1, complete: true }))

  for (const [what, play] of Object.entries(both))
    it(`[A1 A2 A3 A4 A13 S11] ${what}`, async () => {
      const { count } = await explore(play)
      expect(count).toBeGreaterThan(20)
    }, 120_000)
})
