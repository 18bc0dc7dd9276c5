import type { Layer, Outcome, Scope } from 'endsession'
import type { Observed } from '../once/result.ts'

/** All that the control room shows, at one moment. No cookie and no token is in it: they are named, not shown. */
export interface RoomState {
  /** Rises with every change. */
  readonly revision: number
  /** The last of the five numbered buttons that was pressed; 0: none yet. */
  readonly step: 0 | 1 | 2 | 3 | 4 | 5
  /** What is being done just now, for people: "Ana logs in…". Nothing: the buttons can be pressed. */
  readonly busy: string | undefined
  /** "6 of 7 still open", "0 doors open. 1 we can’t see." */
  readonly headline: string
  /** What has just happened and what it means, one or two sentences for somebody who knows nothing of OIDC. */
  readonly story: string
  /** From the roof down: browser, app, tokens, services, peers, provider, upstream. */
  readonly storeys: readonly Storey[]
  /** Oldest first; at most some hundreds. */
  readonly film: readonly Exchange[]
  readonly whatIfs: readonly WhatIf[]
  /** What Ana's screen shows: the page on which her browser has come to rest. */
  readonly screen: { readonly title: string; readonly address: string } | undefined
  /** The last thing that went wrong with the room itself, for people. */
  readonly problem: string | undefined
}

export interface Storey {
  readonly layer: Layer
  /** What it is for people: "Ana’s browser", "Mail", … */
  readonly name: string
  /** "Does Mail know a copied cookie?" */
  readonly question: string
  /** `lit`: somebody gets in; `dark`: nobody does; `unseen`: it cannot be told; `empty`: nobody has logged in yet. */
  readonly window: 'lit' | 'dark' | 'unseen' | 'empty'
  /** What is claimed: endsession's report, or the page of the usual logout (`signed out`). Nothing: nobody has claimed anything. */
  readonly says: { readonly word: Outcome | 'signed out'; readonly sentence: string } | undefined
  /** What the auditor found by trying the door. */
  readonly is: { readonly observed: Observed; readonly answer: string } | undefined
  /** Claim and finding disagree; what the lie is, in one sentence. */
  readonly lie: string | undefined
}

/** A vertical line of the sequence diagram. */
export type Lane = 'thief' | 'laptop' | 'phone' | 'mail' | 'calendar' | 'next' | 'api' | 'provider' | 'acme'

/** One request and its answer, as a server has seen them. Secrets are replaced before they leave that server. */
export interface Exchange {
  readonly id: number
  readonly from: Lane
  readonly to: Lane
  /** The numbered button, or the what-if, during which it happened. */
  readonly during: string
  /** "GET /auth/login" */
  readonly label: string
  readonly status: number
  /** What it is for, for people: "asks for the login screen"; empty where nobody has said. */
  readonly meaning: string
  /** It got nothing, whatever its status says: a welcome page is 200, too. */
  readonly refused: boolean
  readonly request: Message
  readonly response: Message
}

export interface Message {
  readonly line: string
  /** Tokens as `eyJ… (ID token, Ana, mail)`, cookies as `endsession=… (Ana’s session at Mail)`. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: string
}

export interface WhatIf {
  readonly id: WhatIfId
  readonly name: string
  /** One sentence: what it shows. */
  readonly about: string
  /** A switch (provider down, slow, …) stays on until it is pressed again; others happen once. */
  readonly kind: 'switch' | 'act'
  readonly on: boolean
  /** Why it cannot be pressed now. */
  readonly unavailable: string | undefined
}

export type WhatIfId =
  | 'second-device'
  | 'end-all-devices'
  | 'admin-ends'
  | 'provider-down'
  | 'provider-slow'
  | 'decline'
  | 'logout-token-late'
  | 'logout-token-twice'
  | 'guard-stopped'
  | 'upstream-stays'

/** Where people can look for themselves, by hand. */
export interface RoomLinks {
  readonly mail: string
  readonly calendar: string
  /** The list of devices, in Mail. */
  readonly devices: string
  /** The Next.js app, where there is one. */
  readonly next?: string | undefined
  /** Why there is nothing to log out; absent as long as there is a login. */
  readonly notice: string | undefined
}

/** What the page can ask for. */
export type Press =
  | { readonly button: 1 | 2 | 3 | 5 }
  | { readonly button: 4; readonly scope: Scope }
  | { readonly whatIf: WhatIfId }
  | { readonly reset: true }

/** The room as the page sees it. */
export interface Room {
  state(): RoomState
  /** Refuses (`false`) while another one is at work; else begins and answers at once: the state tells the rest. */
  press(press: Press): boolean
  /** Calls back at each change; the answer stops it. */
  watch(changed: (state: RoomState) => void): () => void
}
