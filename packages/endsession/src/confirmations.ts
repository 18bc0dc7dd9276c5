/** Whether the guards know of an end: what the report's `services` row rests on. */
import type { App } from './app.ts'
import { toleranceSeconds } from './protocol/provider.ts'
import type { Reason } from './report.ts'
import { sleep, within } from './runtime.ts'
import { readFollowerName } from './session/follower-name.ts'
import type { Position } from './session/store.ts'

/** One line per guard instance that follows, and per registered guard that no instance follows for. */
export type Confirmation = readonly [guard: string, reason: Extract<Reason, 'guard_confirmed' | 'guard_silent'>]

interface Asked {
  readonly confirmations: readonly Confirmation[]
  /** Somebody who has just been there has not confirmed yet: worth waiting for. */
  readonly expected: boolean
}

const pauseSeconds = 0.05
/** Who has not asked for so long will not do so within the wait either. Guards ask every 25 seconds at least. */
const recentSeconds = 60

/** Waits until every guard has confirmed the position, or the time is over. Nothing when no guard is registered. */
export async function awaitConfirmations(
  app: App,
  position: Position,
  waitSeconds: number,
): Promise<readonly Confirmation[]> {
  const { monotonic } = app.options.runtime
  const until = monotonic() + waitSeconds
  for (;;) {
    const { confirmations, expected } = await ask(app, position, Math.max(pauseSeconds, until - monotonic()))
    if (!expected || monotonic() + pauseSeconds >= until) return confirmations
    await sleep(pauseSeconds)
  }
}

/** As it stands now. */
export async function readConfirmations(app: App, position: Position): Promise<readonly Confirmation[]> {
  return (await ask(app, position, app.options.deadlineSeconds)).confirmations
}

/** A store that does not say in time counts as silence. */
async function ask(app: App, position: Position, seconds: number): Promise<Asked> {
  const { store, options } = app
  const [followers, now] = await within(Promise.all([store.followers(), store.now()]), seconds).catch(
    () => [[], 0] as const,
  )
  const living = followers.filter((follower) => !isOver(follower, now))
  const heard = new Set(living.map(({ name }) => guardOf(name)))
  const missing = [...options.feedKeys.keys()].filter((name) => !heard.has(name))
  const silent = living.filter((follower) => !options.store.reached(follower.position, position))
  const confirmed = living.filter((follower) => !silent.includes(follower))
  return {
    confirmations: [
      ...[...missing, ...silent.map(({ name }) => guardOf(name))].map((name) => [name, 'guard_silent'] as const),
      ...confirmed.map(({ name }) => [guardOf(name), 'guard_confirmed'] as const),
    ],
    expected: silent.some(({ confirmedAt }) => confirmedAt + recentSeconds > now),
  }
}

/**
 * A guard without its feed refuses everything once its lease has run out, and has to ask before it takes anything again:
 * whoever is silent for longer, by two clocks, takes nothing. A guard that may go on without the feed is never over.
 */
function isOver({ name, confirmedAt }: { readonly name: string; readonly confirmedAt: number }, now: number): boolean {
  const { refusesAfter } = readFollowerName(name)
  return refusesAfter !== undefined && confirmedAt + refusesAfter + toleranceSeconds <= now
}

function guardOf(name: string): string {
  return readFollowerName(name).guard
}
