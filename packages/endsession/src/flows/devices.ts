import { type App, tellEnded } from '../app.ts'
import { awaitConfirmations } from '../confirmations.ts'
import { findSession, isHosted, type Session } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { serverReport } from '../logout-report.ts'
import { deadline } from '../runtime.ts'
import { openDescription } from '../session/contents.ts'
import type { EndedRecord, Position, Selector, StoredSession } from '../session/store.ts'
import { holdEndless, settleRecords } from '../settle.ts'
import { browserLabel } from '../web/browser-label.ts'
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
  const sessions = await listOwn(app, session)
  return sessions
    .map((stored) => deviceOf(app, stored, session.id))
    .toSorted((a, b) => Number(b.current) - Number(a.current) || b.seenAt - a.seenAt)
}

/** Of the person, not of the session: a store that is asked with its id would answer that one alone. */
function listOwn(app: App, { iss, client, sub }: Session): Promise<readonly StoredSession[]> {
  return app.store.list({ iss, client, sub })
}

function deviceOf(app: App, stored: StoredSession, current: string): Device {
  const { id, signedInAt, seenAt } = stored
  return { id, current: id === current, signedInAt, seenAt, browser: labelOf(app, stored) }
}

/** A row that does not open has no name, and can be ended all the same. */
function labelOf(app: App, { id, sealed }: StoredSession): string {
  try {
    return openDescription(app.sealer, id, sealed).browser
  } catch {
    return browserLabel(null)
  }
}

/** One of this person's own devices, or all others. Somebody else's id ends nothing. */
export async function endDevice(
  app: App,
  session: Session,
  which: { readonly id: string } | 'others',
): Promise<Report> {
  const own = await listOwn(app, session)
  const current = own.find(({ id }) => id === session.id)
  if (!current)
    throw new EndSessionError('ERR_REQUEST', 'This session has ended: it can end no other.', { status: 401 })
  const others = own.filter(({ id }) => id !== session.id)
  const targets = which === 'others' ? others : own.filter(({ id }) => id === which.id)
  if (which !== 'others' && targets.length === 0) return reportNone(app, which.id)
  const selectors = targets.map((target): Selector => {
    // A device that shares the provider's session with the one that asks: its mark would cover both.
    const shared = target.id !== current.id && target.sid !== undefined && target.sid === current.sid
    return { by: 'id', id: target.id, ...(!shared && { sid: true as const }) }
  })
  return endAll(app, selectors, 'device', which === 'others' ? 'everywhere' : 'provider')
}

/** None of this person's live devices: over already, or somebody else's, which lives on. */
async function reportNone(app: App, id: string): Promise<Report> {
  const at = Math.floor(app.options.runtime.now())
  const foreign = (await app.store.get(id)) !== undefined
  const none = { records: [], revocation: [], confirmations: [], hosted: false }
  return serverReport({ scope: 'provider', at, ...none, foreign })
}

/** For an admin's page, a password change, a webhook. No browser takes part: the provider's own session stays. */
export async function endWho(app: App, who: Who, reason: string): Promise<Report> {
  if (reason.length > 200) throw new EndSessionError('ERR_REQUEST', 'A reason has at most 200 characters.')
  return endAll(app, [selectorOf(app, who)], 'admin', 'sub' in who ? 'everywhere' : 'provider', reason)
}

/** `undefined` out of somebody's database must not end nobody, and be reported as the end of somebody. */
function selectorOf(app: App, who: Who): Selector {
  const name: unknown = 'id' in who ? who.id : 'sub' in who ? who.sub : who.sid
  if (typeof name !== 'string' || name === '') throw new EndSessionError('ERR_REQUEST', 'Whose session is to end?')
  if ('id' in who) return { by: 'id', id: name, sid: true }
  const config = app.providers.get(who.provider)?.config
  if (!config) throw new EndSessionError('ERR_REQUEST', 'There is no such provider.')
  const { issuer: iss, clientId: client } = config
  return 'sub' in who ? { by: 'sub', iss, client, sub: name } : { by: 'sid', iss, client, sid: name }
}

async function endAll(
  app: App,
  selectors: readonly Selector[],
  cause: Cause,
  scope: Scope,
  reason?: string,
): Promise<Report> {
  const records = new Map<string, EndedRecord>()
  let position: Position | undefined
  for (const selector of selectors) {
    const ended = await app.store.end(selector, cause)
    tellEnded(app, ended.records, reason)
    // Of two devices with one `sid` the first takes the second along, which is not to count as over before.
    for (const record of ended.records) if (!records.has(record.id)) records.set(record.id, record)
    position = ended.position
  }
  return reportAll(app, [...records.values()], position, cause, scope)
}

async function reportAll(
  app: App,
  records: readonly EndedRecord[],
  position: Position | undefined,
  cause: Cause,
  scope: Scope,
): Promise<Report> {
  const { deadlineSeconds, runtime } = app.options
  const atWork = records.some(({ tokens }) => tokens.some(({ expiresAt }) => expiresAt > runtime.now()))
  // Without a `sid` nobody knows whether a device shares its grant with the one that asks, which lives on.
  const reach = cause === 'device' ? undefined : scope
  const [revocation, confirmations] = await Promise.all([
    // All of them, each time: that a record is settled may also mean that its tokens were left alone.
    settleRecords(app, records, deadline(deadlineSeconds), reach),
    position !== undefined && atWork ? awaitConfirmations(app, position, deadlineSeconds) : [],
  ])
  const holds = { hosted: isHosted(app, records), endless: holdEndless(app, records) }
  return serverReport({ scope, at: Math.floor(runtime.now()), records, revocation, confirmations, ...holds })
}

/** `GET devices`: a person's own live sessions, as JSON. */
export async function getDevices(
  app: App,
  describe: (stored: StoredSession) => Session,
  request: Request,
): Promise<Response> {
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
