import type { Report } from 'endsession'
import type { RecordedTokens, Told } from '../messages.ts'
import type { AppName } from '../plan.ts'
import { namesIn, type Plan } from '../plan.ts'
import type { Running } from '../start.ts'
import type { Filmed } from './exchange.ts'

/** What the servers have told about themselves. */
export interface Heard {
  /** How much Mail has told so far: what comes after it is new. */
  mark(): number
  /** What an app got for this person since the mark. */
  tokens(app: AppName, person: string, since: number): Promise<RecordedTokens | undefined>
  latestTokens(app: AppName, person: string): RecordedTokens | undefined
  /** Mail's report since the mark; `landed`: as it stands once the browser was back. */
  report(since: number, landed: boolean): Promise<Report | undefined>
}

/** How long a word may take from a server to here. */
const waitSeconds = 3
/** Older words are forgotten. */
const wordsAtMost = 200

export function hearServers(plan: Plan, running: Running, film: (filmed: Filmed) => void): Heard {
  let words: readonly { readonly at: number; readonly from: string; readonly told: Told }[] = []
  let count = 0
  for (const from of namesIn(plan)) {
    running.listen(from, (told) => {
      if (told.type === 'filmed') film(told.filmed)
      if (told.type !== 'tokens' && told.type !== 'report') return
      count += 1
      words = [...words, { at: count, from, told }].slice(-wordsAtMost)
    })
  }
  const tokensOf = (app: AppName, person: string, since: number) =>
    words
      .flatMap(({ at, from, told }) => (at > since && from === app && told.type === 'tokens' ? [told.tokens] : []))
      .findLast((tokens) => tokens.person === person)
  const reportAt = (when: string, since: number) =>
    words
      .flatMap(({ at, told }) => (at > since && told.type === 'report' && told.at === when ? [told.report] : []))
      .at(-1)

  return {
    mark: () => count,
    tokens: (app, person, since) => waitFor(() => tokensOf(app, person, since)),
    latestTokens: (app, person) => tokensOf(app, person, 0),
    async report(since, landed) {
      const later = landed ? await waitFor(() => reportAt('logout.landed', since)) : undefined
      return later ?? (await waitFor(() => reportAt('logout.finished', since)))
    },
  }
}

/** The first answer that there is, or `undefined` when the time is over. */
async function waitFor<T>(look: () => T | undefined): Promise<T | undefined> {
  const end = performance.now() + waitSeconds * 1000
  for (;;) {
    const found = look()
    if (found !== undefined || performance.now() >= end) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
