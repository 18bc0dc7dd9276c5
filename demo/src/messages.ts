import type { Report } from 'endsession'
import type { Plan } from './plan.ts'

/** From the parent process to a server. */
export interface Begin {
  readonly type: 'begin'
  readonly plan: Plan
}

/** What an app got from the provider's token endpoint. Recorded for the replay of `--once` only. */
export interface RecordedTokens {
  /** Whose they are. */
  readonly person: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** From a server to the parent process. */
export type Told =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'tokens'; readonly tokens: RecordedTokens }
  | { readonly type: 'report'; readonly at: 'logout.finished' | 'logout.landed'; readonly report: Report }
  /** What whoever runs this has to know, in words for the terminal. No token, no person. */
  | { readonly type: 'notice'; readonly text: string }
