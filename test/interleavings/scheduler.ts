import { AsyncLocalStorage } from 'node:async_hooks'
import type { Store } from 'endsession'

/** Where decisions come from: a seed, or a list that a search goes through. */
export interface Choices {
  /** A number below `count`. */
  pick(count: number): number
}

/** The same seed makes the same decisions (mulberry32). */
export function seededChoices(seed: number): Choices {
  let state = seed >>> 0
  return {
    pick(count) {
      state = (state + 0x6d2b79f5) >>> 0
      let bits = Math.imul(state ^ (state >>> 15), state | 1)
      bits ^= bits + Math.imul(bits ^ (bits >>> 7), bits | 61)
      return ((bits ^ (bits >>> 14)) >>> 0) % count
    },
  }
}

/** One who acts: an operation with all that it does after its answer. */
export interface Actor {
  readonly name: string
  /** Calls that wait for their turn. */
  waiting: number
  /** The operation itself, and works put off until after the response. */
  unfinished: number
}

export interface Scheduler {
  /** Waits until it is chosen. Outside of `run` at once. */
  turn(what: string): Promise<void>
  /** Runs the actors, one step at a time; each decision which step comes next is a choice. */
  run(actors: readonly { readonly name: string; readonly act: () => Promise<void> }[]): Promise<void>
  /** A work that goes on after the answer of who acts now. */
  putOff(work: Promise<unknown>): void
  /** A call that has its turn and is not back yet. */
  during<T>(call: () => Promise<T>): Promise<T>
  readonly trace: readonly string[]
  note(line: string): void
}

/** One for all runs: each storage makes every promise dearer. */
const acting = new AsyncLocalStorage<Actor>()

const patienceMilliseconds = 5_000

/**
 * Everybody stops at each turn; once all have stopped, one is chosen and goes on. So what happens is what was chosen, and
 * a schedule can be played again.
 */
export function createScheduler(choices: Choices): Scheduler {
  const waiting: { readonly label: string; readonly actor: Actor; go(): void }[] = []
  const trace: string[] = []
  let actors: Actor[] = []
  let calls = 0
  let running = false

  const isQuiet = () => calls === 0 && actors.every((actor) => actor.waiting > 0 || actor.unfinished === 0)

  /** Until all have stopped. What a flow does besides, its answer included, comes to its end first. */
  async function quiet(): Promise<void> {
    const end = Date.now() + patienceMilliseconds
    for (let round = 0; round < 2 || !isQuiet(); round++) {
      await new Promise((resolve) => setImmediate(resolve))
      if (round % 256 === 255 && Date.now() > end) throw new Error(`nobody moves:\n${trace.join('\n')}`)
    }
  }

  return {
    trace,
    note: (line) => void trace.push(`   ${line}`),
    turn(what) {
      const actor = acting.getStore()
      if (!running || !actor) return Promise.resolve()
      actor.waiting++
      return new Promise((resolve) => {
        waiting.push({ label: `${actor.name}: ${what}`, actor, go: resolve })
      })
    },
    async run(given) {
      running = true
      actors = given.map(({ name }) => ({ name, waiting: 0, unfinished: 1 }))
      const works = given.map(({ act }, place) => {
        const actor = actors[place] as Actor
        return acting.run(actor, async () => {
          await this.turn('begins')
          await act().finally(() => actor.unfinished--)
        })
      })
      const failed = Promise.all(works).then(
        () => undefined,
        (error: unknown) => error,
      )
      for (;;) {
        await quiet()
        if (waiting.length === 0) break
        const [next] = waiting.splice(waiting.length === 1 ? 0 : choices.pick(waiting.length), 1)
        if (!next) break
        trace.push(next.label)
        next.actor.waiting--
        next.go()
      }
      const error = await failed
      running = false
      if (error) throw error
    },
    putOff(work) {
      const actor = acting.getStore()
      if (!actor) return void work.catch(() => {})
      actor.unfinished++
      work.catch(() => {}).finally(() => actor.unfinished--)
    },
    async during(call) {
      calls++
      try {
        return await call()
      } finally {
        calls--
      }
    },
  }
}

/** Where an answer may be overtaken, too, on its way back. */
const overtaken: readonly string[] = ['end', 'create', 'get', 'update'] satisfies readonly (keyof Store)[]

/** The store behind `inner()`, every call of which waits for its turn. */
export function scheduledStore(
  inner: () => Store,
  scheduler: () => Scheduler,
  before: (method: string) => void = () => {},
): Store {
  const call =
    (method: keyof Store) =>
    async (...given: readonly unknown[]): Promise<unknown> => {
      const { turn, during } = scheduler()
      await turn(method)
      before(method)
      const answer = await during(() =>
        (inner()[method] as (...given: readonly unknown[]) => Promise<unknown>)(...given),
      )
      if (overtaken.includes(method)) await turn(`${method} answered`)
      return answer
    }
  const methods = [
    'create',
    'get',
    'touch',
    'update',
    'end',
    'settle',
    'pending',
    'covers',
    'list',
    'claim',
    'followers',
  ] as const
  return {
    ...(Object.fromEntries(methods.map((method) => [method, call(method)])) as unknown as Store),
    // Each run has a store of its own: it is opened there.
    open: async () => ({ durability: 'disk' }),
    now: () => inner().now(),
    feed: (after, signal) => inner().feed(after, signal),
    head: () => inner().head(),
    snapshot: () => inner().snapshot(),
    reached: (have, want) => inner().reached(have, want),
    follow: (name, position) => inner().follow(name, position),
    close: async () => {},
  }
}
