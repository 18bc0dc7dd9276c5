import type { EndSessionError } from './errors.ts'
import type { Cause, Report } from './words.ts'

/** What happened, for logs and metrics. No event holds a token, a raw `sub` or a raw `sid`. */
export type Event =
  | { readonly type: 'session.created'; readonly session: string }
  | { readonly type: 'session.ended'; readonly session: string; readonly cause: Cause; readonly reason?: string }
  /** `finished`: the answer to the logout was made. `landed`: the browser came back from the provider. */
  | { readonly type: 'logout.finished' | 'logout.landed'; readonly report: Report }
  /** A login that this browser had begun, and that did not hold: a wrong client secret, a token that is not good. */
  | { readonly type: 'login.failed'; readonly error: EndSessionError }
  /** `check` names the check of the logout token that said no. */
  | { readonly type: 'backchannel.rejected'; readonly check: string }
  | { readonly type: 'provider.failed' | 'store.failed' | 'feed.lost'; readonly error: EndSessionError }
  /** `token.removed`: a callback of the host had copied a token into its cookie; the detail names the field. */
  | { readonly type: 'adoption.limited' | 'mode.disagreed' | 'token.removed'; readonly detail: string }

export type Emit = (event: Event) => void

/** A listener that throws must not change what a logout does: its error is dropped. */
export function emitTo(onEvent: ((event: Event) => void) | undefined): Emit {
  return (event) => {
    try {
      const answer: unknown = onEvent?.(event)
      if (answer instanceof Promise) answer.catch(() => {})
    } catch {
      // The listener's own problem.
    }
  }
}
