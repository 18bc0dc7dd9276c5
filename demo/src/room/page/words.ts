import type { Layer, Outcome } from 'endsession'
import type { Observed } from '../../once/result.ts'
import type { Lane, RoomState, Storey } from '../state.ts'

/** A word that is seen at a glance also where there are no colours. */
export interface Marked {
  readonly mark: string
  readonly word: string
}

export const saysWords: Readonly<Record<Outcome | 'signed out', Marked>> = {
  ended: { mark: '✓', word: 'ended' },
  requested: { mark: '→', word: 'asked for' },
  unknown: { mark: '?', word: 'unknown' },
  impossible: { mark: '–', word: 'not possible' },
  failed: { mark: '✕', word: 'failed' },
  skipped: { mark: '·', word: 'left alone' },
  'signed out': { mark: '✓', word: 'signed out' },
}

/** The same marks as in the table of `--once`. */
export const isWords: Readonly<Record<Observed, Marked>> = {
  alive: { mark: '●', word: 'alive' },
  over: { mark: '○', word: 'over' },
  'not seen': { mark: '?', word: 'not seen' },
}

/** What a window tells to whoever cannot see it, and its word when it changes. */
export const windowWords: Readonly<Record<Storey['window'], { readonly tells: string; readonly word: string }>> = {
  lit: { tells: 'Light in the window: somebody gets in.', word: 'open' },
  dark: { tells: 'Dark: nobody gets in.', word: 'closed' },
  unseen: { tells: 'Hatched: it cannot be seen from here.', word: 'out of sight' },
  empty: { tells: 'Empty: nobody has logged in yet.', word: 'empty' },
}

/** What lives there, in the protocol's words. */
export const terms: Readonly<Record<Layer, string>> = {
  browser: 'cookies',
  app: 'session',
  tokens: 'refresh token',
  services: 'access token',
  peers: 'back-channel',
  provider: 'OP session',
  upstream: 'upstream IdP',
}

export const laneNames: Readonly<Record<Lane, string>> = {
  thief: 'Thief',
  laptop: 'Laptop',
  phone: 'Phone',
  mail: 'Mail',
  calendar: 'Calendar',
  next: 'Jobs',
  api: 'API',
  provider: 'Example ID',
  acme: 'Acme',
}

/** Who acts, as a part of a sentence. */
export const laneSubjects: Readonly<Record<Lane, string>> = {
  ...laneNames,
  thief: 'A thief',
  laptop: 'Ana’s laptop',
  phone: 'Ana’s phone',
  api: 'the API',
}

/** The sentences for a screen reader: the headline when all is done, and the rows that have changed. */
export function describeAloud(before: RoomState, after: RoomState): readonly string[] {
  const rows = after.storeys.flatMap((storey, at) => {
    const earlier = before.storeys[at]
    if (earlier && describeStorey(earlier) === describeStorey(storey)) return []
    const since = earlier?.window === storey.window ? 'still' : 'now'
    return [`${storey.name}: ${since} ${describeStorey(storey)}`]
  })
  const headline = after.busy === undefined && after.headline !== before.headline ? [after.headline] : []
  return [...rows, ...headline]
}

function describeStorey({ window, says, is, lie }: Storey): string {
  const parts = [says && `says ${saysWords[says.word].word}`, is && `is ${isWords[is.observed].word}`].filter(Boolean)
  const found = parts.length > 0 ? ` ${capital(parts.join(', '))}.` : ''
  return `${windowWords[window].word}.${found}${lie ? ` Not true: ${lie}` : ''}`
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1)
}
