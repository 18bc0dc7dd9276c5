import { type App, tellEnded } from '../app.ts'
import { awaitConfirmations } from '../confirmations.ts'
import { findSession, type Session } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { serverReport } from '../logout-report.ts'
import { deadline } from '../runtime.ts'
import { openDescription } from '../session/contents.ts'
import type { EndedRecord, Position, Selector, StoredSession } from '../session/store.ts'
import { settleRecords } from '../settle.ts'
import { redirect, signedOutAnswer } from '../web/redirect.ts'
import { isNavigation, isSameOrigin, single } from '../web/request.ts'
import { safeReturnTo } from '../web/return-to.ts'
import type { Cause, Report, Scope } from '../words.ts'

/** One of a person's live sessions at this app. */
export interface Device {
  /** The session's id: opens nothing. */
  readonly id: string
  /** The one that asks. */
  readonly current: boolean
  /** Epoch seconds, the provider's clock. */
  readonly signedInAt: number
  /** Epoch seconds, the store's clock. */
  readonly seenAt: number
  /** What the browser said of itself at login, like "Firefox on Windows". */
  readonly browser: string
}

/** Whose sessions an admin ends: a person's, a provider session's, or one. `provider`: the name in the options. */
export type Who =
  | { readonly provider: string; readonly sub: string }
  | { readonly provider: string; readonly sid: string }
  | { readonly id: string }

export async function listDevices(app: App, session: Session): Promise<readonly Device[]> {
  const sessions = await app.store.list(session)
  return sessions
    .map((stored) => deviceOf(app, stored, session.id))
    .toSorted((a, b) => Number(b.current) - Number(a.current) || b.seenAt - a.seenAt)
}

function deviceOf(app: App, { id, sealed, signedInAt, seenAt }: StoredSession, current: string): Device {
  return { id, current: id === current, signedInAt, seenAt, browser: openDescription(app.sealer, id, sealed).browser }
}

/** One of this person's own devices, or all others. Somebody else's id ends nothing. */
export async function endDevice(app: App, session: Session, which: { readonly id: string } | 'others'): Promise<Report> {
  const own = await app.store.list(session)
  const current = own.find(({ id }) => id === session.id)
  if (!current) throw new EndSessionError('ERR_REQUEST', 'This session has ended: it can end no other.', { status: 401 })
  const others = own.filter(({ id }) => id !== session.id)
  const targets = which === 'others' ? others : own.filter(({ id }) => id === which.id)
  const selectors = targets.map((target): Selector => {
    // A device that shares the provider's session with the one that asks: its mark would cover both.
    const shared = target.id !== current.id && target.sid !== undefined && target.sid === current.sid
    return { by: 'id', id: target.id, ...(!shared && { sid: true as const }) }
  })
  return endAll(app, selectors, 'device', which === 'others' ? 'everywhere' : 'provider')
}

/** For an admin's page, a password change, a webhook. No browser takes part: the provider's own session stays. */
export async function endWho(app: App, who: Who, reason: string): Promise<Report> {
  if (reason.length > 200) throw new EndSessionError('ERR_REQUEST', 'A reason has at most 200 characters.')
  return endAll(app, [selectorOf(app, who)], 'admin', 'sub' in who ? 'everywhere' : 'provider', reason)
}

function selectorOf(app: App, who: Who): Selector {
  if ('id' in who) return { by: 'id', id: who.id, sid: true }
  const config = app.providers.get(who.provider)?.config
  if (!config) throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')
  const { issuer: iss, clientId: client } = config
  return 'sub' in who ? { by: 'sub', iss, client, sub: who.sub } : { by: 'sid', iss, client, sid: who.sid }
}

async function endAll(app: App, selectors: readonly Selector[], cause: Cause, scope: Scope, reason?: string): Promise<Report> {
  const records: EndedRecord[] = []
  let position: Position | undefined
  for (const selector of selectors) {
    const ended = await app.store.end(selector, cause)
    records.push(...ended.records)
    position = ended.position
  }
  tellEnded(app, records, reason)
  const { deadlineSeconds, runtime } = app.options
  const due = records.filter(({ settled }) => !settled)
  const [revocation, confirmations] = await Promise.all([
    settleRecords(app, due, deadline(deadlineSeconds), scope),
    position === undefined || records.length === 0 ? [] : awaitConfirmations(app, position, deadlineSeconds),
  ])
  return serverReport({ scope, at: Math.floor(runtime.now()), records, revocation, confirmations })
}

/** `GET devices`: a person's own live sessions, as JSON. */
export async function getDevices(app: App, describe: (stored: StoredSession) => Session, request: Request): Promise<Response> {
  const stored = await findSession(app, request)
  if (!stored) return signedOutAnswer()
  return json({ devices: await listDevices(app, describe(stored)) }, 200)
}

/** `POST devices`: `end=<id>` or `end=others`. A form comes back to `returnTo`, a script gets the report. */
export async function postDevices(
  app: App,
  describe: (stored: StoredSession) => Session,
  request: Request,
  form: URLSearchParams,
): Promise<Response> {
  if (!isSameOrigin(request, app.options.origin))
    throw new EndSessionError('ERR_REQUEST', 'This has to come from a page of this app.', { status: 403 })
  const which = single(form, 'end')
  if (which === undefined) throw new EndSessionError('ERR_REQUEST', 'Which device is to end?')
  const stored = await findSession(app, request)
  if (!stored) return signedOutAnswer()
  const report = await endDevice(app, describe(stored), which === 'others' ? which : { id: which })
  const { origin, trustedOrigins } = app.options
  return isNavigation(request)
    ? redirect(safeReturnTo(single(form, 'returnTo'), origin, trustedOrigins) ?? `${origin}/`)
    : json({ report }, 200)
}

function json(body: object, status: number): Response {
  return Response.json(body, { status, headers: { 'cache-control': 'no-store' } })
}
