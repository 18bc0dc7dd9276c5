/** Whether the guards know of an end: what the report's `services` row rests on. */
import type { App } from './app.ts'
import type { Reason } from './report.ts'
import { sleep } from './runtime.ts'
import type { Position } from './session/store.ts'

/** One line per guard instance that follows, and per registered guard that no instance follows for. */
export type Confirmation = readonly [guard: string, reason: Extract<Reason, 'guard_confirmed' | 'guard_silent'>]

const pauseSeconds = 0.05

/** Waits until every guard has confirmed the position, or the time is over. Nothing when no guard is registered. */
export async function awaitConfirmations(app: App, position: Position, waitSeconds: number): Promise<readonly Confirmation[]> {
  const { monotonic } = app.options.runtime
  const until = monotonic() + waitSeconds
  for (;;) {
    const confirmations = await readConfirmations(app, position)
    const waits = confirmations.some(([, reason]) => reason === 'guard_silent')
    if (!waits || monotonic() + pauseSeconds >= until) return confirmations
    await sleep(pauseSeconds)
  }
}

/** As it stands now. A store that does not say counts as silence. */
export async function readConfirmations(app: App, position: Position): Promise<readonly Confirmation[]> {
  const registered = [...app.options.feedKeys.keys()]
  const followers = await app.store.followers().catch(() => [])
  const heard = new Set(followers.map(({ name }) => name.split('/', 1)[0]))
  return [
    ...registered.filter((name) => !heard.has(name)).map((name) => [name, 'guard_silent'] as const),
    ...followers.map((follower): Confirmation => {
      const confirmed = app.options.store.reached(follower.position, position)
      return [follower.name.split('/', 1)[0] as string, confirmed ? 'guard_confirmed' : 'guard_silent']
    }),
  ]
}
