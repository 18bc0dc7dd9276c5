import type { Layer, Outcome, Report } from 'endsession'

/** What an independent look found; a report's words are for claims. */
export type Observed = 'alive' | 'over' | 'not seen'

export interface Sight {
  readonly observed: Observed
  /** One sentence: what was tried, and what came of it. */
  readonly how: string
}

export type Sights = Readonly<Record<Layer, Sight>>

export interface Row {
  readonly outcome: Outcome
  readonly observed: Observed
  /** The reason's code, the claim's sentence, and what was seen. */
  readonly evidence: string
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
    const { observed, how } = sights[layer]
    return layer === 'browser'
      ? { outcome: 'ended', observed, evidence: `cookies_expired: The app deleted its cookie. ${how}` }
      : { outcome: 'skipped', observed, evidence: `not_attempted: ${how}` }
  })
}

export function describeEndsession(report: Report, sights: Sights): Rows {
  return byLayer((layer) => {
    const { outcome, reason, evidence } = report.layers[layer]
    const { observed, how } = sights[layer]
    return { outcome, observed, evidence: `${reason}: ${evidence} ${how}` }
  })
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
