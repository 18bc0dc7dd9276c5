import type { Layer, Report, Scope } from 'endsession'
import { layers } from '../once/result.ts'
import type { AllFound, Found } from './auditor.ts'
import type { Storey } from './state.ts'

/** What somebody has said about the logout, for each layer. */
export interface Claim {
  /** Who says it: the page after the usual logout, or endsession. */
  readonly by: 'usual' | 'endsession'
  readonly scope: Scope | undefined
  readonly says: Readonly<Partial<Record<Layer, NonNullable<Storey['says']>>>>
}

interface Words {
  readonly name: string
  readonly question: string
  /** What it means that this door is open although it was called closed. */
  readonly stillOpen: string
}

const words: Readonly<Record<Layer, Words>> = {
  browser: {
    name: 'Ana’s browser',
    question: 'Is she still in, in her own browser?',
    stillOpen: 'Ana’s inbox is open again, and nobody asked who she is.',
  },
  app: {
    name: 'Mail',
    question: 'Does Mail know a copied cookie?',
    stillOpen: 'A copied cookie still opens Ana’s inbox.',
  },
  tokens: {
    name: 'Mail’s refresh token',
    question: 'Would a copied token still get new ones?',
    stillOpen: 'A copied refresh token still gets new tokens.',
  },
  services: {
    name: 'The API next door',
    question: 'Does the API take a copied token?',
    stillOpen: 'The API still hands out Ana’s messages.',
  },
  peers: {
    name: 'Calendar, the other app',
    question: 'Is she still in at Calendar?',
    stillOpen: 'A copied cookie still opens Ana’s week.',
  },
  provider: {
    name: 'Example ID, the login service',
    question: 'Does Example ID still know her?',
    stillOpen: 'Example ID still knows her, and signs her in without asking.',
  },
  upstream: {
    name: 'Acme, her company',
    question: 'Does Acme still know her?',
    stillOpen: 'Acme still knows her, and vouches for her without asking.',
  },
}

/** Where the Next.js app is there, too. */
const withNext: Pick<Words, 'name' | 'question'> = {
  name: 'Calendar and Jobs',
  question: 'Is she still in at one of them?',
}

export const claimOfUsual: Claim = {
  by: 'usual',
  scope: undefined,
  says: Object.fromEntries(
    layers.map((layer) => [
      layer,
      { word: 'signed out', sentence: 'Mail’s page says: “You are signed out”.' } as const,
    ]),
  ),
}

export function claimOfReport({ layers: rows, scope }: Report): Claim {
  const says = Object.entries(rows).map(([layer, row]) => [layer, { word: row.outcome, sentence: row.evidence }])
  return { by: 'endsession', scope, says: Object.fromEntries(says) }
}

/** `sights`: nothing, as long as nobody has logged in. */
export function describeStoreys(
  claim: Claim | undefined,
  sights: AllFound | undefined,
  hasNext = false,
): readonly Storey[] {
  return layers.map((layer) => {
    const { name, question } = layer === 'peers' && hasNext ? withNext : words[layer]
    const sight = sights?.[layer]
    const says = claim?.says[layer]
    return {
      layer,
      name,
      question,
      window: windowOf(says, sight),
      says,
      is: sight && { observed: sight.observed, answer: sight.how },
      lie: sight && claim && lieOf(layer, claim, sight),
    }
  })
}

/** What endsession cannot see stays unseen, though this demo's auditor can look into Acme's store. */
function windowOf(says: Storey['says'], sight: Found | undefined): Storey['window'] {
  if (!sight) return 'empty'
  if (sight.observed === 'alive') return 'lit'
  return sight.observed === 'not seen' || says?.word === 'unknown' ? 'unseen' : 'dark'
}

/** With the scope "app" only this login was meant: what was copied from an earlier one lives on, and nobody denied it. */
function lieOf(layer: Layer, { by, scope, says }: Claim, sight: Found): string | undefined {
  const word = says[layer]?.word
  const observed = scope === 'app' ? (sight.newest ?? sight.observed) : sight.observed
  if (observed !== 'alive' || (word !== 'ended' && word !== 'signed out')) return undefined
  const who = by === 'usual' ? 'Mail says signed out.' : 'endsession says ended.'
  return `${who} ${words[layer].stillOpen}`
}

/** "6 of 7 still open", "0 doors open. 1 we can’t see." */
export function describeHeadline(storeys: readonly Storey[], backIn: boolean): string {
  const count = (window: Storey['window']) => storeys.filter((storey) => storey.window === window).length
  const [open, unseen, all] = [count('lit'), count('unseen'), storeys.length]
  if (count('empty') === all) return 'Nobody is logged in yet'
  if (backIn) return `Back in without a password: ${open} of ${all} open`
  const claimed = storeys.some(({ says }) => says !== undefined)
  if (!claimed) return `Ana is logged in: ${open} of ${all} doors open`
  const rest = unseen > 0 ? `${unseen} we can’t see.` : ''
  if (open > 0) return rest ? `${open} of ${all} still open. ${rest}` : `${open} of ${all} still open`
  return ['0 doors open.', rest].filter(Boolean).join(' ')
}
