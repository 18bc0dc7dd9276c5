import type { Layer, LayerReport, Outcome, Report } from 'endsession'

/** What an independent look found; a report's words are for claims. */
export type Observed = 'alive' | 'over' | 'not seen'

export interface Sight {
  readonly observed: Observed
  /** What was tried, and what came of it. */
  readonly how: string
}

export type Sights = Readonly<Record<Layer, Sight>>

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

export type Rows = Readonly<Record<Layer, Row>>

export interface Result {
  readonly usual: Rows
  readonly endsession: Rows
}

export const layers: readonly Layer[] = ['browser', 'app', 'tokens', 'services', 'peers', 'provider', 'upstream']

export function byLayer<T>(make: (layer: Layer) => T): Record<Layer, T> {
  return Object.fromEntries(layers.map((layer) => [layer, make(layer)])) as Record<Layer, T>
}

/** The usual logout deletes a cookie. It has tried nothing else and claims nothing else. */
export function describeUsual(sights: Sights): Rows {
  return byLayer((layer) => {
    const { observed, how: found } = sights[layer]
    return layer === 'browser'
      ? { outcome: 'ended', observed, reason: 'cookies_expired', claim: 'The app deleted its cookie.', found }
      : { outcome: 'skipped', observed, reason: 'not_attempted', claim: '', found }
  })
}

export function describeEndsession(report: Report, sights: Sights): Rows {
  return byLayer((layer) => {
    const { outcome, reason } = report.layers[layer]
    const { observed, how: found } = sights[layer]
    return { outcome, observed, reason, claim: claimOf(report.layers[layer]), found }
  })
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
    byLayer((layer) => {
      const { outcome, observed, reason, claim, found } = rows[layer]
      return { outcome, observed, evidence: [`${reason}:`, claim, found].filter(Boolean).join(' ') }
    })
  return JSON.stringify({ usual: project(usual), endsession: project(endsession) }, null, 2)
}

/** The demo holds if it shows the problem, and if nothing was called ended that is alive. */
export function judge({ usual, endsession }: Result): { readonly passed: boolean; readonly verdict: string } {
  const left = layers.filter((layer) => usual[layer].observed === 'alive')
  const lies = layers.filter((layer) => endsession[layer].outcome === 'ended' && endsession[layer].observed === 'alive')
  if (left.length === 0) return { passed: false, verdict: 'not shown: the usual logout left nothing alive' }
  if (lies.length > 0) return { passed: false, verdict: `NOT TRUE: called ended and found alive: ${lies.join(', ')}` }
  return {
    passed: true,
    verdict: `the usual logout left alive: ${left.join(', ')}; nothing that endsession called ended was found alive`,
  }
}
