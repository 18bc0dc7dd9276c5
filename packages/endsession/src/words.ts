/** The words that everything else is written in. Types only. */

/** A place where a login lives. */
export type Layer = 'browser' | 'app' | 'tokens' | 'services' | 'peers' | 'provider' | 'upstream'

/**
 * How far a logout reaches.
 * - `app`: this session only; one click logs back in.
 * - `provider`: this session and the provider's own.
 * - `everywhere`: also all of this person's sessions at this app, on all devices.
 */
export type Scope = 'app' | 'provider' | 'everywhere'

/** What a report claims of a layer. `ended` is said only with proof. */
export type Outcome = 'ended' | 'requested' | 'unknown' | 'impossible' | 'failed' | 'skipped'

/** Why a session ended. */
export type Cause =
  | 'user'
  | 'everywhere'
  | 'device'
  | 'admin'
  | 'backchannel'
  | 'frontchannel'
  | 'idle'
  | 'absolute'
  | 'session_expiry'
  | 'refresh_refused'
  | 'replaced'

/** What is claimed of one layer, and on what ground. */
export interface LayerReport {
  readonly outcome: Outcome
  /** Closed code: why it is this outcome (`probe_login_required`, `no_revocation_endpoint`, …); see docs/report.md. */
  readonly reason: string
  /** One sentence for people. No token, no `sub`, no `sid`, no URL with a query. */
  readonly evidence: string
  /** Epoch seconds at which what is left dies by itself; absent when nobody knows. */
  readonly until?: number
  /** What the outcome is made of, each kind once, weakest first: which token, which guard. The layer shows the weakest. */
  readonly parts?: readonly { readonly what: string; readonly outcome: Outcome; readonly reason: string }[]
}

/** The result of a logout: one outcome per layer. There is no boolean "success"; see `remaining`. */
export interface Report {
  readonly scope: Scope
  /** Epoch seconds. */
  readonly at: number
  readonly layers: Readonly<Record<Layer, LayerReport>>
}
