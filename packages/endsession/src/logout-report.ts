import type { Confirmation } from './confirmations.ts'
import type { Provider } from './protocol/provider.ts'
import { layer, makeReport, type Reason } from './report.ts'
import type { EndedRecord } from './session/store.ts'
import type { Part } from './settle.ts'
import type { LayerReport, Report, Scope } from './words.ts'

/** What a logout knows when it answers; the report says no more than this. */
export interface Findings {
  readonly scope: Scope
  readonly at: number
  /** Which session the browser asked to end; nothing when it had no cookie of ours. */
  readonly id: string | undefined
  readonly own: EndedRecord | undefined
  readonly records: readonly EndedRecord[]
  /** Live sessions of this person began after the own one had ended. */
  readonly newer: boolean
  readonly revocation: readonly Part[]
  readonly confirmations: readonly Confirmation[]
  readonly provider: Provider | undefined
  readonly departure: Departure
  /** A host library did one of the logins, and may have refreshed its tokens without a word to us. */
  readonly hosted: boolean
  /** One of the access tokens has no end that anybody knows of. */
  readonly endless?: boolean
}

/** Whether the browser goes on to the provider, or why not. */
export type Departure =
  | 'leaving'
  | 'no_end_session_endpoint'
  | 'provider_unreachable'
  | 'provider_not_configured'
  | 'browser_not_sent'
  | 'outside_scope'

export function reportOf(findings: Findings, providerTellsOthers: boolean): Report {
  const { scope, at } = findings
  return makeReport(scope, at, {
    browser: layer('cookies_expired'),
    app: layer(appReason(findings)),
    tokens: tokensRow(findings),
    services: servicesRow(findings),
    peers: layer(peersReason(findings, providerTellsOthers)),
    provider: layer(findings.departure === 'leaving' ? 'sent_to_provider' : findings.departure),
    upstream: layer(upstreamReason(findings)),
  })
}

/** What an end that came from the server knows. */
export interface ServerFindings
  extends Pick<Findings, 'scope' | 'at' | 'records' | 'revocation' | 'confirmations' | 'hosted' | 'endless'> {
  /** The session that was meant lives on: it is somebody else's. */
  readonly foreign?: boolean
}

/** An end that came from the server: no browser takes part, so that nothing can be said to the provider. */
export function serverReport({
  scope,
  at,
  records,
  revocation,
  confirmations,
  hosted,
  endless = false,
  foreign = false,
}: ServerFindings): Report {
  const none = records.length === 0
  const nothing = layer(foreign ? 'somebody_elses' : 'tokens_unknown')
  const away = layer('no_browser')
  const parts = records.map(({ repeated }): [string, Reason] => ['session', repeated ? 'ended_before' : 'record_ended'])
  return makeReport(scope, at, {
    browser: away,
    app: none ? layer(foreign ? 'somebody_elses' : 'nobody_found') : layer(parts),
    tokens: none ? nothing : layer(revocation),
    services: none ? nothing : tokensAtServices({ records, confirmations, at, hosted, endless }),
    peers: away,
    provider: away,
    upstream: away,
  })
}

/** The store did not confirm: nothing else was asked for. */
export function failedReport(scope: Scope, at: number): Report {
  const waiting = layer('store_failed_first')
  const rows = { tokens: waiting, services: waiting, peers: waiting, provider: waiting, upstream: waiting }
  return makeReport(scope, at, { browser: layer('cookies_expired'), app: layer('store_failed'), ...rows })
}

function appReason({ id, own, newer, scope }: Findings): Reason {
  if (newer) return 'signed_in_since'
  if (own) return own.repeated ? 'ended_before' : 'record_ended'
  if (id === undefined) return 'no_session'
  // This cookie is dead; but whose other sessions `everywhere` means, only the record could have told.
  return scope === 'everywhere' ? 'person_unknown' : 'unknown_cookie'
}

function tokensRow({ id, own, revocation }: Findings): LayerReport {
  if (!own) return layer(id === undefined ? 'no_session' : 'record_gone')
  return layer(revocation)
}

/** What services take until it expires: the access tokens that were handed out. */
function servicesRow(findings: Findings): LayerReport {
  const { id, own } = findings
  return own ? tokensAtServices(findings) : layer(id === undefined ? 'no_session' : 'record_gone')
}

function tokensAtServices({
  records,
  confirmations,
  at,
  hosted,
  endless = false,
}: Pick<Findings, 'records' | 'confirmations' | 'at' | 'hosted' | 'endless'>): LayerReport {
  const tokens = records.flatMap((record) => record.tokens)
  const until = Math.ceil(tokens.reduce((latest, { expiresAt }) => Math.max(latest, expiresAt), 0))
  if (until > at || endless) return guardsRow(confirmations, endless ? undefined : until)
  if (hosted) return layer('host_may_hold_tokens')
  return layer(tokens.length === 0 ? 'no_access_token' : 'access_tokens_expired')
}

/** Until when an access token works at a service that does not know of its end. */
export function guardsRow(confirmations: readonly Confirmation[], until: number | undefined): LayerReport {
  if (confirmations.length === 0) return layer('no_guard_follows', until)
  const row = layer(confirmations)
  if (row.outcome !== 'ended') return { ...row, ...(until !== undefined && { until }) }
  return row
}

function peersReason({ departure }: Findings, providerTellsOthers: boolean): Reason {
  if (departure !== 'leaving') return departure
  return providerTellsOthers ? 'peers_told_by_provider' : 'peers_not_told'
}

const upstreamReasons = {
  none: 'no_upstream',
  parameter: 'upstream_parameter',
  broker: 'upstream_broker',
  unknown: 'upstream_unknown',
} as const

function upstreamReason({ provider, departure }: Findings): Reason {
  if (!provider) return 'upstream_unknown'
  const { upstream, extraParameters } = provider.config.profile
  // A parameter of the logout URL does nothing where none is sent, nor for a browser that stays here.
  const sent = departure === 'leaving' && Object.keys(extraParameters).length > 0
  return upstream === 'parameter' && !sent ? 'upstream_unknown' : upstreamReasons[upstream]
}
