import type { Report } from 'endsession'
import type { Plan } from './plan.ts'
import type { Filmed } from './room/exchange.ts'

/** From the parent process to a server. */
export interface Begin {
  readonly type: 'begin'
  readonly plan: Plan
  /** One of several, behind a balancer: at a port that is free, on 127.0.0.1 only. */
  readonly behindBalancer: boolean
}

/** What the control room asks a server, and what it gets: over the parent's own channel, which nobody else has. */
export interface Questions {
  /** Of a provider: whether the session with this id knows anybody. */
  readonly knowsSession: { readonly asked: string; readonly answered: boolean }
  /** Of a provider: whether this refresh token would still get anything. */
  readonly knowsRefreshToken: { readonly asked: string; readonly answered: boolean }
  /** Of a provider: forgets the session with this id, and tells nobody. */
  readonly forgetSession: { readonly asked: string; readonly answered: undefined }
  /** Of Example ID: trouble, on and off. */
  readonly setSwitch: {
    readonly asked: { readonly name: SwitchName; readonly on: boolean }
    readonly answered: undefined
  }
  /** Of Example ID: sends the last logout token of Calendar's once more; what Calendar answered. Nothing: there is none. */
  readonly repeatLogoutToken: { readonly asked: undefined; readonly answered: number | undefined }
  /** Of an app: its administrator ends all of this person's sessions. */
  readonly endPerson: { readonly asked: string; readonly answered: Report }
  /** Of an app: ends this person's sessions one by one, so that the next login finds no mark in its way. */
  readonly forgetPerson: { readonly asked: string; readonly answered: undefined }
}

export type SwitchName = 'down' | 'slow' | 'asks' | 'upstreamStays'

/** What a server can answer. */
export type Answers = {
  readonly [What in keyof Questions]?: (
    asked: Questions[What]['asked'],
  ) => Questions[What]['answered'] | Promise<Questions[What]['answered']>
}

export interface Ask {
  readonly type: 'ask'
  readonly id: number
  readonly what: keyof Questions
  readonly asked: unknown
}

/** What an app got from the provider's token endpoint. Recorded for those who replay it as a thief would. */
export interface RecordedTokens {
  /** Whose they are. */
  readonly person: string
  readonly accessToken: string
  readonly refreshToken: string | undefined
}

/** From a server to the parent process. */
export type Told =
  | { readonly type: 'ready'; readonly port: number }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string }
  | { readonly type: 'tokens'; readonly tokens: RecordedTokens }
  | { readonly type: 'report'; readonly at: 'logout.finished' | 'logout.landed'; readonly report: Report }
  | { readonly type: 'answered'; readonly id: number; readonly answered?: unknown; readonly wrong?: string }
  /** What went between two servers; its secrets were named before it left the one that tells. */
  | { readonly type: 'filmed'; readonly filmed: Filmed }
  /** What whoever runs this has to know, in words for the terminal. No token, no person. */
  | { readonly type: 'notice'; readonly text: string }
