import type { Plan } from '../plan.ts'
import type { Sight } from './result.ts'
import { send } from './send.ts'

/** What the API does with an access token. */
export type Answered = 'taken' | 'refused' | 'neither'

/** What came of showing a token to the API again and again. */
export interface Watched {
  /** From the beginning until the API refused it; nothing: it did not, as long as anybody looked. */
  readonly seconds: number | undefined
  readonly taken: number
  /** When the last request began that was answered with content. */
  readonly lastTakenAt: number | undefined
  readonly last: Answered
}

/** A guard's lease is ten seconds: longer than that, and some, nothing may take. */
const secondsAtMost = 15
const pauseSeconds = 0.01

export async function askApi(plan: Plan, token: string): Promise<Answered> {
  const url = new URL('/messages', plan.urls.api)
  const status = await send(url, { headers: { authorization: `Bearer ${token}` } }).then(
    (answer) => answer.status,
    () => 0,
  )
  return status === 200 ? 'taken' : status === 401 ? 'refused' : 'neither'
}

/** Asks until the API refuses the token, or the time is over. */
export async function watchToken(plan: Plan, token: string, signal?: AbortSignal): Promise<Watched> {
  const beganAt = performance.now()
  let taken = 0
  let lastTakenAt: number | undefined
  for (;;) {
    const askedAt = performance.now()
    const last = await askApi(plan, token)
    const seconds = (performance.now() - beganAt) / 1000
    if (last === 'taken') {
      taken += 1
      lastTakenAt = askedAt
    }
    if (last === 'refused') return { seconds, taken, lastTakenAt, last }
    if (seconds >= secondsAtMost || signal?.aborted) return { seconds: undefined, taken, lastTakenAt, last }
    await new Promise((resolve) => setTimeout(resolve, pauseSeconds * 1000))
  }
}

/**
 * What was seen of a token after the logout. `claimedAt`: since when the report called the services ended; from then on
 * the API has to refuse at once, and not some time later. `control`: somebody else's token, which nothing has ended.
 */
export function sightOfToken(
  { seconds, lastTakenAt, last }: Watched,
  control: Answered,
  since: string,
  claimedAt: number | undefined,
): Sight {
  if (claimedAt !== undefined && lastTakenAt !== undefined && lastTakenAt > claimedAt) {
    return { observed: 'alive', how: 'The API took the access token after the report had called it ended.' }
  }
  if (last === 'taken') return { observed: 'alive', how: 'The API still takes the access token.' }
  if (seconds === undefined) return { observed: 'not seen', how: 'The API neither took nor refused the access token.' }
  if (control !== 'taken') {
    return { observed: 'not seen', how: 'The API refuses everybody: that it refuses this token says nothing.' }
  }
  return {
    observed: 'over',
    how: `The API refuses the access token, ${inMilliseconds(seconds)} ${since}. Somebody else’s works on.`,
  }
}

export function inMilliseconds(seconds: number): string {
  return `${Math.round(seconds * 1000)} ms`
}
