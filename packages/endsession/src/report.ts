import type { Layer, LayerReport, Outcome, Report, Scope } from './words.ts'

export const layers: readonly Layer[] = ['browser', 'app', 'tokens', 'services', 'peers', 'provider', 'upstream']

/** Scope `app` leaves the provider's side alone. */
export function layersOf(scope: Scope): readonly Layer[] {
  return scope === 'app' ? ['browser', 'app', 'tokens', 'services'] : layers
}

/** Weakest first: a layer of several parts is no better than its weakest. */
const weakestFirst: readonly Outcome[] = ['failed', 'impossible', 'unknown', 'requested', 'skipped', 'ended']

/** Why a layer's outcome is what it is. Closed: see docs/report.md. */
export type Reason =
  | 'cookies_expired'
  | 'no_browser'
  | 'nobody_found'
  | 'somebody_elses'
  | 'tokens_unknown'
  | 'record_ended'
  | 'ended_before'
  | 'signed_in_since'
  | 'unknown_cookie'
  | 'person_unknown'
  | 'record_gone'
  | 'no_session'
  | 'store_failed'
  | 'revoked'
  | 'no_refresh_token'
  | 'revoked_after_return'
  | 'revocation_reaches_farther'
  | 'no_revocation_endpoint'
  | 'revocation_failed'
  | 'access_token_revoked'
  | 'access_token_not_revoked'
  | 'no_access_token'
  | 'access_tokens_expired'
  | 'host_may_hold_tokens'
  | 'no_guard_follows'
  | 'guard_confirmed'
  | 'guard_silent'
  | 'peers_told_by_provider'
  | 'peers_not_told'
  | 'sent_to_provider'
  | 'came_back'
  | 'logout_token_received'
  | 'probe_login_required'
  | 'probe_still_signed_in'
  | 'probe_inconclusive'
  | 'no_end_session_endpoint'
  | 'provider_unreachable'
  | 'provider_not_configured'
  | 'no_upstream'
  | 'upstream_unknown'
  | 'upstream_parameter'
  | 'upstream_broker'
  | 'store_failed_first'
  | 'auth_disabled'
  | 'browser_not_sent'
  | 'outside_scope'

/** Each reason's outcome, and the sentence that people read. */
const reasons: Readonly<Record<Reason, readonly [Outcome, string]>> = {
  cookies_expired: ['ended', 'The answer removed every cookie of this login from this browser.'],
  no_browser: ['impossible', 'This end came from the server: a browser learns of it with its next request.'],
  nobody_found: ['ended', 'The store knows no such session.'],
  somebody_elses: ['skipped', 'This is no session of this person: it was left alone.'],
  tokens_unknown: ['unknown', 'No such session was found; nobody can tell which tokens an earlier one had.'],
  record_ended: ['ended', 'The store ended the session; a copied cookie is refused from now on.'],
  ended_before: ['ended', 'The session had ended before; a copied cookie is refused.'],
  signed_in_since: [
    'skipped',
    'This session had ended before; sessions of this person that began since were left alone.',
  ],
  unknown_cookie: ['ended', 'The store knows no session of this cookie; a copy of it is refused.'],
  person_unknown: ['impossible', 'This cookie is dead, but nobody can tell any more whose other sessions to end.'],
  record_gone: ['unknown', 'The session is long over; nobody can tell any more which tokens it had.'],
  no_session: ['skipped', 'This browser had no session here.'],
  store_failed: ['failed', 'The store did not confirm the end: the session may still be alive.'],
  revoked: ['ended', 'The provider confirmed that the refresh token is revoked.'],
  no_refresh_token: ['ended', 'There was no refresh token.'],
  revoked_after_return: ['requested', 'The refresh token is revoked once the browser is back from the provider.'],
  revocation_reaches_farther: ['skipped', 'Revoking the token would end more than this logout may; it was left alone.'],
  no_revocation_endpoint: ['impossible', 'The provider offers no way to revoke this token.'],
  revocation_failed: [
    'failed',
    'The provider did not confirm that the refresh token is revoked. Logging out again asks again.',
  ],
  access_token_revoked: ['ended', 'The provider confirmed that the access token is revoked.'],
  access_token_not_revoked: ['failed', 'The provider did not confirm that the access token is revoked.'],
  no_access_token: ['ended', 'No access token was handed out.'],
  access_tokens_expired: ['ended', 'Every access token that was handed out has expired.'],
  guard_confirmed: ['ended', 'Every service that follows has confirmed that it refuses these tokens.'],
  guard_silent: ['requested', 'A service has not confirmed yet that it refuses these tokens.'],
  host_may_hold_tokens: ['unknown', 'The host library may hold tokens that nobody here knows.'],
  no_guard_follows: ['impossible', 'No service follows what ends here: access tokens work there until they expire.'],
  peers_told_by_provider: ['requested', 'The provider was asked to tell the other apps of this login.'],
  peers_not_told: ['unknown', 'Nothing says that the provider tells other apps.'],
  sent_to_provider: ['requested', 'The browser was sent to the provider to end its session there.'],
  came_back: ['requested', 'The browser came back from the provider, which proves nothing by itself.'],
  logout_token_received: ['ended', 'The provider has said, by a logout token, that its session is over.'],
  probe_login_required: ['ended', 'Asked afterwards, the provider wanted a login.'],
  probe_still_signed_in: ['failed', 'Asked afterwards, the provider still knew the person.'],
  probe_inconclusive: ['unknown', 'Asked afterwards, the provider gave an answer that proves nothing.'],
  no_end_session_endpoint: ['impossible', 'The provider offers no logout.'],
  provider_unreachable: ['failed', 'The provider could not be asked where its logout is.'],
  provider_not_configured: ['impossible', 'The provider of this session is not among the configured ones.'],
  no_upstream: ['ended', 'There is no login behind the provider.'],
  upstream_unknown: [
    'unknown',
    'Nobody can see whether a login behind the provider lives on; the next login asks for the login screen.',
  ],
  upstream_parameter: ['requested', 'The provider was asked to log out behind it as well.'],
  upstream_broker: [
    'unknown',
    'Whether the provider logs out behind it is its own setting; the next login asks for the login screen.',
  ],
  store_failed_first: ['skipped', 'Nothing was asked for: the session itself has not ended yet.'],
  auth_disabled: ['impossible', 'Authentication is disabled: everybody is in, and nobody can be logged out.'],
  browser_not_sent: ['skipped', 'The browser was not sent to the provider: its session there was left alone.'],
  outside_scope: ['skipped', 'This logout does not reach that far.'],
}

export function outcomeOf(reason: Reason): Outcome {
  return reasons[reason][0]
}

/** A layer's row by reason; with several parts, the row of the weakest, each kind of part named once, weakest first. */
export function layer(
  because: Reason | readonly (readonly [what: string, reason: Reason])[],
  until?: number,
): LayerReport {
  if (typeof because === 'string') return row(because, until)
  const kinds = new Map(
    because.map(([what, reason]) => [`${what} ${reason}`, { what, outcome: outcomeOf(reason), reason }]),
  )
  const parts = [...kinds.values()].toSorted((a, b) => rank(a.outcome) - rank(b.outcome))
  const [weakest] = parts
  return weakest ? { ...row(weakest.reason, until), parts } : row('no_session', until)
}

function row(reason: Reason, until: number | undefined): LayerReport {
  const [outcome, evidence] = reasons[reason]
  return { outcome, reason, evidence, ...(until !== undefined && { until }) }
}

function rank(outcome: Outcome): number {
  return weakestFirst.indexOf(outcome)
}

/** A report over all seven layers; those outside the scope are `skipped`. */
export function makeReport(scope: Scope, at: number, rows: Readonly<Record<Layer, LayerReport>>): Report {
  const inScope = layersOf(scope)
  const rowOf = (name: Layer) => [name, inScope.includes(name) ? rows[name] : row('outside_scope', undefined)]
  return { scope, at, layers: Object.fromEntries(layers.map(rowOf)) as Record<Layer, LayerReport> }
}

/** The same report with some rows told anew. */
export function withLayers(report: Report, rows: Partial<Record<Layer, LayerReport>>): Report {
  return makeReport(report.scope, report.at, { ...report.layers, ...rows })
}

/** The layers inside the scope that are not proved ended. Empty means: everything asked for is over. */
export function remaining(report: Report): readonly Layer[] {
  return layersOf(report.scope).filter((name) => report.layers[name].outcome !== 'ended')
}

type PackedRow = readonly [reason: Reason, until: number | null, parts?: readonly (readonly [string, Reason])[]]
export type PackedReport = readonly [scope: Scope, at: number, rows: readonly PackedRow[]]

/** Short enough for a cookie: the sentences stay here. */
export function packReport(report: Report): PackedReport {
  const rows = layers.map((name): PackedRow => {
    const { reason, until, parts } = report.layers[name]
    // The weakest come first: what is cut off cannot make the row look better.
    const packed = parts?.slice(0, 8).map(({ what, reason }) => [what, reason as Reason] as const)
    return packed ? [reason as Reason, until ?? null, packed] : [reason as Reason, until ?? null]
  })
  return [report.scope, report.at, rows]
}

export function unpackReport([scope, at, packed]: PackedReport): Report {
  const rows = layers.map((name, place) => {
    const [reason, until, parts] = packed[place] as PackedRow
    return [name, layer(parts ?? reason, until ?? undefined)]
  })
  return makeReport(scope, at, Object.fromEntries(rows) as Record<Layer, LayerReport>)
}
