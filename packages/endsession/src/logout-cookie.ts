import type { App } from './app.ts'
import type { Provider } from './protocol/provider.ts'
import { type PackedReport, packReport, unpackReport } from './report.ts'
import { equalSecrets, toBase64url } from './runtime.ts'
import type { Position } from './session/store.ts'
import { readCookie } from './web/cookies.ts'
import type { Report, Scope } from './words.ts'

/** A logout between its answer and the landing: sealed in a cookie, so that any process can serve the landing. */
export interface LogoutState {
  readonly state: string
  readonly report: Report
  /** The session's id, for a second try of what failed. */
  readonly id?: string
  /** The provider's name in the options. */
  readonly provider?: string
  /** Absolute, checked. */
  readonly returnTo?: string
  /** The refresh token is revoked after the way back. */
  readonly revokeAfter?: true
  /** What the guards have to confirm. */
  readonly position?: Position
  /** Where a logout token proves: the provider session that it has to name. */
  readonly sid?: string
  /** The browser was sent to the provider. */
  readonly left?: true
  readonly probed?: true
  readonly landed?: true
}

const logoutSeconds = 600

/** The same for every click on the same session's logout, so that the landing knows each of them. */
export function logoutStateOf(app: App, id: string | undefined): string {
  return id === undefined ? toBase64url(app.options.runtime.randomBytes(32)) : app.sealer.tag('state', id)
}

export function writeLogout(app: App, logout: LogoutState): string {
  const packed = { ...logout, report: packReport(logout.report) }
  return app.cookies.write(app.cookies.names.logout, app.sealer.sealFor(logoutSeconds, 'logout', packed), logoutSeconds)
}

/** The logout that this browser is in, whatever `state` says. */
export function readLogout(app: App, request: Request): LogoutState | undefined {
  const held = app.sealer.openCookie('logout', readCookie(request, app.cookies.names.logout)) as
    | (Omit<LogoutState, 'report'> & { report: PackedReport })
    | undefined
  return held && { ...held, report: unpackReport(held.report) }
}

/** Whether this landing belongs to that logout. Some providers do not send `state` back. */
export function isSameLogout(logout: LogoutState, state: string | undefined, provider: Provider | undefined): boolean {
  if (state === undefined) return logout.left === true && provider?.config.profile.echoesState === false
  return equalSecrets(logout.state, state)
}

/** Ends one session, and opens nothing: what is left of a session cookie when the store has failed. */
export interface Ticket {
  readonly id: string
  readonly scope: Scope
  /** When it was asked for: who has signed in since is not meant. */
  readonly at: number
}

const ticketSeconds = 86_400

/** More than one where a browser has signed in again since, and the store has failed again. */
const mostTickets = 4

export function writeTickets(app: App, tickets: readonly Ticket[]): string {
  const value = app.sealer.sealFor(ticketSeconds, 'ticket', tickets.slice(0, mostTickets))
  return app.cookies.write(app.cookies.names.ticket, value, ticketSeconds)
}

/** The newest first. */
export function readTickets(app: App, request: Request): readonly Ticket[] {
  const held = app.sealer.openCookie('ticket', readCookie(request, app.cookies.names.ticket))
  return (held as readonly Ticket[] | undefined) ?? []
}
