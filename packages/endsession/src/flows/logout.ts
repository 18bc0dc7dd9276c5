import { type App, providerLabel, tellEnded } from '../app.ts'
import { awaitConfirmations, type Confirmation } from '../confirmations.ts'
import { cookieSession, expireSession, isHosted } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { writeFresh } from '../fresh.ts'
import { type Leave, leavingPage, notLeaving, planLeave } from '../leaving.ts'
import { logoutStateOf, readLogout, readTickets, type Ticket, writeLogout, writeTickets } from '../logout-cookie.ts'
import { failedReport, reportOf } from '../logout-report.ts'
import type { Provider } from '../protocol/provider.ts'
import { deadline } from '../runtime.ts'
import { providerTime } from '../session/ending.ts'
import type { EndedRecord, Position } from '../session/store.ts'
import { holdEndless, ownRefreshToken, type Part, settleRecords } from '../settle.ts'
import { expireTransactions } from '../transactions.ts'
import { redirect } from '../web/redirect.ts'
import { isPrefetch, isSameOrigin, single } from '../web/request.ts'
import { safeReturnTo } from '../web/return-to.ts'
import type { Report, Scope } from '../words.ts'

export interface LoggedOut {
  readonly report: Report
  /** What the browser has to get: it expires the cookies, and moves on to the provider by itself. */
  readonly response: Response
}

/** What the form, or the app's own route, asks for. */
export interface LogoutWish {
  readonly scope?: Scope | undefined
  readonly returnTo?: string | undefined
  /** How often the page has tried by itself: it waits longer each time. */
  readonly tries?: number
  /** The caller goes on by itself: the browser is not sent to the provider. */
  readonly stays?: true
}

const scopes: readonly string[] = ['app', 'provider', 'everywhere']

/** `GET logout`: a page with a button. Nothing ends by being visited. */
export function confirmLogout(app: App, request: Request): Response {
  if (isPrefetch(request)) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  const sentences = { app: 'confirmApp', provider: 'confirmProvider', everywhere: 'confirmEverywhere' } as const
  const provider = app.providers.size === 1 ? [...app.providers.values()][0] : undefined
  const action = { kind: 'form', text: 'confirmButton', method: 'post', to: app.route('logout'), fields: [] } as const
  return app.page(
    { title: 'confirmTitle', sentence: sentences[app.options.scope], ...providerLabel(provider), action },
    200,
  )
}

/** What a form asks for; whether there is such a scope is checked with the rest. Throws ERR_REQUEST for a field that is there twice. */
export function readWish(form: URLSearchParams): LogoutWish {
  const tries = Number(single(form, 'tries') ?? 0)
  return {
    scope: single(form, 'scope') as Scope | undefined,
    returnTo: single(form, 'returnTo'),
    tries: Number.isInteger(tries) && tries > 0 ? Math.min(tries, 20) : 0,
  }
}

/** `POST logout`: ends the session here first, then everything else as far as the scope reaches. */
export async function logout(app: App, request: Request, wish: LogoutWish): Promise<LoggedOut> {
  if (!isSameOrigin(request, app.options.origin))
    throw new EndSessionError('ERR_REQUEST', 'A logout has to come from a page of this app.', { status: 403 })
  const asked = await readAsked(app, request, wish)
  const ended = await endAsked(app, asked).catch(onlyStoreFailure)
  if (ended === 'store_failed') return answerFailed(app, request, asked, wish.tries ?? 0)

  const provider = ended.own ? app.providerOf(ended.own) : onlyProvider(app)
  const [revocation, confirmations, leaving] = await Promise.all([
    revoke(app, asked, ended, provider),
    confirm(app, ended),
    asked.scope === 'app' || asked.stays
      ? notLeaving(asked.scope === 'app' ? 'outside_scope' : 'browser_not_sent')
      : planLeave(app, logoutStateOf(app, asked.id), ended.own, provider),
  ])
  return answer(app, request, asked, { ...ended, provider, revocation, confirmations }, leaving)
}

interface Asked {
  readonly scope: Scope
  /** Absolute, checked. */
  readonly returnTo: string | undefined
  readonly id: string | undefined
  /** When an earlier try has asked for it. */
  readonly at: number | undefined
  readonly stays: boolean
  /** Sessions that earlier tries could not end, when this browser has another one by now. */
  readonly left: readonly Ticket[]
}

/** Throws ERR_REQUEST for a scope that there is not. */
async function readAsked(app: App, request: Request, wish: LogoutWish): Promise<Asked> {
  if (wish.scope !== undefined && !scopes.includes(wish.scope))
    throw new EndSessionError('ERR_REQUEST', 'There is no such scope.')
  const tickets = readTickets(app, request)
  const own = await cookieSession(app, request)
  const ticket = own === undefined ? tickets[0] : undefined
  const id = own ?? ticket?.id ?? readLogout(app, request)?.id
  return {
    // A ticket ends what was asked for when it was made, and no more than that.
    scope: ticket?.scope ?? wish.scope ?? app.options.scope,
    returnTo: returnToOf(app, wish.returnTo),
    id,
    at: ticket?.at,
    stays: wish.stays === true,
    left: tickets.filter((other) => other.id !== id),
  }
}

/** It travels in a cookie. Never a route of ours: a login that starts by itself would undo the logout. */
function returnToOf(app: App, wanted: string | undefined): string | undefined {
  const { origin, trustedOrigins, basePath } = app.options
  const url = safeReturnTo(wanted, origin, trustedOrigins)
  return url === undefined || url.length > 512 || url.startsWith(`${origin}${basePath}/`) ? undefined : url
}

interface Ended {
  readonly own: EndedRecord | undefined
  readonly records: readonly EndedRecord[]
  /** Live sessions of this person began after the own one had ended. */
  readonly newer: boolean
  /** Whoever follows the feed up to here knows of all of them. */
  readonly position?: Position
}

/** The one step that may not fail silently. Throws ERR_STORE. */
async function endAsked(app: App, { id, at, left, scope }: Asked): Promise<Ended> {
  const ended = id === undefined ? { own: undefined, records: [], newer: false } : await endSessions(app, id, scope, at)
  for (const ticket of left) {
    const { records } = await endSessions(app, ticket.id, ticket.scope, ticket.at)
    app.options.runtime.waitUntil(settleRecords(app, records, deadline(app.options.deadlineSeconds), ticket.scope))
  }
  return ended
}

async function endSessions(app: App, id: string, scope: Scope, askedAt?: number): Promise<Ended> {
  const selector = scope === 'app' ? ({ by: 'id', id } as const) : ({ by: 'id', id, sid: true } as const)
  const { records, position } = await app.store.end(selector, scope === 'everywhere' ? 'everywhere' : 'user')
  tellEnded(app, records)
  const own = records.find((record) => record.id === id)
  if (!own || scope !== 'everywhere') return { own, records, newer: false, position }
  // A second click, or a ticket, ends what the first one meant: nobody who has signed in since.
  const late = own.repeated || askedAt !== undefined
  const before = late
    ? { before: providerTime({ ...own, endedAt: Math.min(own.endedAt, askedAt ?? own.endedAt) }) }
    : {}
  const { iss, client, sub } = own
  const others = await app.store.end({ by: 'sub', iss, client, sub, ...before }, 'everywhere')
  tellEnded(app, others.records)
  const newer = late && (await app.store.list({ iss, client, sub })).length > 0
  const known = new Set(records.map((record) => record.id))
  const all = [...records, ...others.records.filter((record) => !known.has(record.id))]
  return { own, records: all, newer, position: others.position }
}

function onlyStoreFailure(error: unknown): 'store_failed' {
  if (error instanceof EndSessionError && error.code === 'ERR_STORE') return 'store_failed'
  throw error
}

/** All of them at every click: that a record is settled may also mean that its tokens were left alone. */
async function revoke(
  app: App,
  asked: Asked,
  { own, records }: Ended,
  provider: Provider | undefined,
): Promise<readonly Part[]> {
  const { scope } = asked
  const later = revokesAfter(asked, provider)
  const waits = ({ id, sid }: EndedRecord) => later && (id === own?.id || (sid !== undefined && sid === own?.sid))
  const due = records.filter((record) => !waits(record))
  const parts = await settleRecords(app, due, deadline(app.options.deadlineSeconds), scope)
  const nameOf = ({ id }: EndedRecord) => (id === own?.id ? ownRefreshToken : 'refresh token of the same login')
  return [...records.filter(waits).map((record): Part => [nameOf(record), 'revoked_after_return']), ...parts]
}

/** Services are waited for while the provider is; the landing asks them once more. */
async function confirm(app: App, { records, position }: Ended): Promise<readonly Confirmation[]> {
  const { runtime, deadlineSeconds } = app.options
  const atWork = records.some(({ tokens }) => tokens.some(({ expiresAt }) => expiresAt > runtime.now()))
  return position !== undefined && atWork ? awaitConfirmations(app, position, deadlineSeconds) : []
}

/** Revoking first would take this app out of the provider's session: its logout would then not tell the others. */
function revokesAfter({ scope, stays }: Asked, provider: Provider | undefined): boolean {
  return scope !== 'app' && !stays && provider?.config.profile.revokeBeforeLeaving === false
}

function onlyProvider(app: App): Provider | undefined {
  return app.providers.size === 1 ? [...app.providers.values()][0] : undefined
}

/** Where the profile says that a logout token proves the end of the session that it names. */
function provenSid({ own, provider }: Done): { sid?: string } {
  const proves = provider?.config.profile.logoutTokenProves === 'session'
  return proves && own?.sid !== undefined ? { sid: own.sid } : {}
}

interface Done extends Ended {
  readonly provider: Provider | undefined
  readonly revocation: readonly Part[]
  readonly confirmations: readonly Confirmation[]
}

function answer(
  app: App,
  request: Request,
  asked: Asked,
  done: Done,
  { departure, plan, tellsOthers }: Leave,
): LoggedOut {
  const { provider, position } = done
  const at = Math.floor(app.options.runtime.now())
  const holds = { hosted: isHosted(app, done.records), endless: holdEndless(app, done.records) }
  const findings = { ...asked, ...done, at, departure, ...holds }
  const report = reportOf(findings, tellsOthers)
  const state = logoutStateOf(app, asked.id)
  const name = provider && [...app.providers].find(([, candidate]) => candidate === provider)?.[0]
  const cookie = writeLogout(app, {
    state,
    report,
    ...(asked.id !== undefined && { id: asked.id }),
    ...(name !== undefined && { provider: name }),
    ...(asked.returnTo !== undefined && { returnTo: asked.returnTo }),
    ...(done.own && revokesAfter(asked, provider) && { revokeAfter: true }),
    ...(plan && { left: true }),
    ...(plan && provenSid(done)),
    ...(position !== undefined && { position }),
  })
  const setCookies = [
    ...expireAll(app, request),
    app.cookies.expire(app.cookies.names.ticket),
    cookie,
    ...markFresh(app, asked, done),
  ]
  const response = plan
    ? leavingPage(app, provider, plan, setCookies)
    : redirect(`${app.route('logged-out')}?${new URLSearchParams({ state })}`, setCookies)
  app.options.emit({ type: 'logout.finished', report })
  return { report, response: cleared(app, response) }
}

/** Signed out in this browser, and no more than that is sure: the ticket tries again, the page does so by itself. */
function answerFailed(app: App, request: Request, asked: Asked, tries: number): LoggedOut {
  const report = failedReport(asked.scope, Math.floor(app.options.runtime.now()))
  const at = asked.at ?? app.options.runtime.now()
  const own = asked.id === undefined ? [] : [{ id: asked.id, scope: asked.scope, at }]
  const fields = [
    ['scope', asked.scope],
    ['tries', String(tries + 1)],
    ...(asked.returnTo === undefined ? [] : [['returnTo', asked.returnTo] as const]),
  ] as const
  const response = app.page(
    {
      title: 'failedTitle',
      sentence: 'failedSentence',
      report,
      action: {
        kind: 'form',
        text: 'failedButton',
        method: 'post',
        to: app.route('logout'),
        fields,
        autoSeconds: Math.min(60, 3 * 2 ** tries),
      },
    },
    503,
    [...expireAll(app, request), writeTickets(app, [...own, ...asked.left])],
  )
  app.options.emit({ type: 'logout.finished', report })
  return { report, response }
}

/** Every cookie of a login; those of logins in progress too: one that began before the logout must not finish after it. */
function expireAll(app: App, request: Request): readonly string[] {
  return [...expireSession(app, request), ...expireTransactions(app, request)]
}

/**
 * Beyond this app the person has asked to be unknown: the next login of this browser has to ask who it is. Without a
 * session nobody knows the time in the provider's clock: it is asked for the login screen all the same.
 */
function markFresh(app: App, { scope }: Asked, { own, provider }: Done): readonly string[] {
  if (scope === 'app' || !provider) return []
  const { issuer: iss, clientId: client } = provider.config
  return [writeFresh(app, { iss, client, authBefore: own ? providerTime(own) : 0 })]
}

function cleared(app: App, response: Response): Response {
  const { clear } = app.options
  if (clear.length > 0) response.headers.set('clear-site-data', clear.map((type) => `"${type}"`).join(', '))
  return response
}
