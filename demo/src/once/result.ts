import type { Layer, LayerReport, Outcome, Report } from 'endsession'

/** What an independent look found; a report's words are for claims. */
export type Observed = 'alive' | 'over' | 'not seen'

export interface Sight {
  readonly observed: Observed
  /** What was tried, and what came of it. */
  readonly how: string
}

/** What is looked at: the layers, and the Next.js app where there is one. It is one of the peers. */
export type Place = Layer | 'next'

export type Sights = Readonly<Record<Layer, Sight>> & { readonly next?: Sight }

export interface Row {
  readonly outcome: Outcome
  readonly observed: Observed
  /** The code of the claim's reason. */
  readonly reason: string
  /** The claim's sentence; empty where nothing is claimed. */
  readonly claim: string
  /** What the replay found. */
  readonly found: string
}

export type Rows = Readonly<Record<Layer, Row>> & { readonly next?: Row }

export interface Result {
  readonly usual: Rows
  readonly endsession: Rows
}

export const layers: readonly Layer[] = ['browser', 'app', 'tokens', 'services', 'peers', 'provider', 'upstream']

export function byLayer<T>(make: (layer: Layer) => T): Record<Layer, T> {
  return Object.fromEntries(layers.map((layer) => [layer, make(layer)])) as Record<Layer, T>
}

/** The layers that these rows are about, from the roof down. */
export function placesIn(rows: Rows | Sights): readonly Place[] {
  return layers.flatMap((layer): readonly Place[] => (layer === 'peers' && rows.next ? [layer, 'next'] : [layer]))
}

/** The usual logout deletes a cookie. It has tried nothing else and claims nothing else. */
export function describeUsual(sights: Sights): Rows {
  return eachPlace(sights, (place, { observed, how: found }) =>
    place === 'browser'
      ? { outcome: 'ended', observed, reason: 'cookies_expired', claim: 'The app deleted its cookie.', found }
      : { outcome: 'skipped', observed, reason: 'not_attempted', claim: '', found },
  )
}

export function describeEndsession(report: Report, sights: Sights): Rows {
  return eachPlace(sights, (place, { observed, how: found }) => {
    const claimed = report.layers[place === 'next' ? 'peers' : place]
    return { outcome: claimed.outcome, observed, reason: claimed.reason, claim: claimOf(claimed), found }
  })
}

function eachPlace<T>(sights: Sights, make: (place: Place, sight: Sight) => T): Record<Layer, T> & { next?: T } {
  const rows = byLayer((layer) => make(layer, sights[layer]))
  return sights.next ? { ...rows, next: make('next', sights.next) } : rows
}

/** A row of several parts names them; of one part, only a guard's name says more than the sentence does. */
function claimOf({ reason, evidence, parts = [] }: LayerReport): string {
  const byGuards = reason === 'guard_confirmed' || reason === 'guard_silent'
  const detail = byGuards
    ? parts.map(({ what }) => `guard ${what}`).join(', ')
    : parts.length > 1
      ? parts.map((part) => `${part.what}: ${part.reason}`).join('; ')
      : ''
  return detail ? evidence.replace(/\.$/, ` (${detail}).`) : evidence
}

export function toJson({ usual, endsession }: Result): string {
  const project = (rows: Rows) =>
    Object.fromEntries(
      placesIn(rows).map((place) => {
        const { outcome, observed, reason, claim, found } = rows[place] as Row
        return [place, { outcome, observed, evidence: [`${reason}:`, claim, found].filter(Boolean).join(' ') }]
      }),
    )
  return JSON.stringify({ usual: project(usual), endsession: project(endsession) }, null, 2)
}

/** The demo holds if it shows the problem, and if nothing was called ended that is alive. */
export function judge({ usual, endsession }: Result): { readonly passed: boolean; readonly verdict: string } {
  const isAlive = (rows: Rows) => (place: Place) => rows[place]?.observed === 'alive'
  const left = placesIn(usual).filter(isAlive(usual))
  const lies = placesIn(endsession)
    .filter(isAlive(endsession))
    .filter((place) => endsession[place]?.outcome === 'ended')
  if (left.length === 0) return { passed: false, verdict: 'not shown: the usual logout left nothing alive' }
  if (lies.length > 0) return { passed: false, verdict: `NOT TRUE: called ended and found alive: ${lies.join(', ')}` }
  return {
    passed: true,
    verdict: `the usual logout left alive: ${left.join(', ')}; nothing that endsession called ended was found alive`,
  }
}
