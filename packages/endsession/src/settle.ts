import { decodeJwt } from 'jose'
import { type App, tellEnded } from './app.ts'
import type { Provider } from './protocol/provider.ts'
import { revokeToken } from './protocol/revoke.ts'
import { orAborted } from './protocol/shared-fetch.ts'
import type { Reason } from './report.ts'
import { deadline } from './runtime.ts'
import { openDescription, openTokens, type Tokens } from './session/contents.ts'
import { expiryOf } from './session/expiry.ts'
import type { EndedRecord, NewSession } from './session/store.ts'
import type { Cause, Scope } from './words.ts'

/** One line of the report's `tokens` row. */
export type Part = readonly [what: string, reason: Reason]

/**
 * Revokes what an ended session leaves at the provider, as far as the logout reaches: refresh token first, the access
 * token only where that does not cover it (RFC 7009, section 2.1). Never throws; what failed stays unsettled.
 */
async function settleRecord(
  app: App,
  record: EndedRecord,
  signal: AbortSignal,
  scope?: Scope,
): Promise<readonly Part[]> {
  try {
    const parts = await revokeTokens(app, record, signal, scope)
    const plain = app.providerOf(record)?.config.withoutOpenid !== undefined
    if (!parts.some(([, reason]) => isUndone(reason, plain))) await app.store.settle(record.id)
    return parts
  } catch {
    return unconfirmed
  }
}

/**
 * Another process may know the provider that this one does not: an older release, an app on the same file. `plain`: without
 * OpenID the access token is all there is, and may have no end of its own.
 */
function isUndone(reason: Reason, plain: boolean): boolean {
  if (reason === 'access_token_not_revoked') return plain
  return reason === 'revocation_failed' || reason === 'provider_not_configured'
}

/** What its part of the row is called. */
export const ownRefreshToken = 'refresh token'

const unconfirmed: readonly Part[] = [[ownRefreshToken, 'revocation_failed']]

/** A session that is not, or was never, and why. */
type Gone = NewSession & Pick<EndedRecord, 'cause'>

/** The revocation alone: what failed is told, and tried again by nobody. */
export async function revokeTokens(
  app: App,
  record: Gone,
  signal: AbortSignal,
  scope?: Scope,
): Promise<readonly Part[]> {
  const tokens = openTokens(app.sealer, record.id, record.sealed)
  const provider = app.providerOf(record)
  const { refreshToken } = tokens
  // A host need not have given us all that it got.
  const none = openDescription(app.sealer, record.id, record.sealed).hosted
    ? 'host_may_hold_tokens'
    : 'no_refresh_token'
  const refresh = (reason: Reason): Part => [ownRefreshToken, refreshToken ? reason : none]
  if (!provider) return [refresh('provider_not_configured')]
  if (await reachesFarther(app, provider, record, tokens, scope))
    return [refresh('revocation_reaches_farther'), ...leftAlone(provider, tokens)]
  if (!refreshToken) return [refresh('no_refresh_token'), ...(await revokeAccessToken(provider, tokens, signal))]
  const { outcome } = await revokeToken(provider, refreshToken, 'refresh_token', signal)
  const { revocation, revocationCoversAccessToken } = provider.config.profile
  // A call of the provider's own is for access tokens alone.
  const goesOn =
    outcome === 'revoked' ? !revocationCoversAccessToken : outcome === 'unsupported' && revocation === 'own'
  return [refresh(reasonOf[outcome]), ...(goesOn ? await revokeAccessToken(provider, tokens, signal) : [])]
}

/** Without OpenID the access token is the login at the provider, and often all there is: nobody else's row would name it. */
function leftAlone({ config, runtime }: Provider, tokens: Tokens): readonly Part[] {
  if (!config.withoutOpenid || tokens.refreshToken || !isLiving(tokens, runtime.now())) return []
  return [['access token', 'revocation_reaches_farther']]
}

function isLiving({ accessToken, accessTokenExpiresAt = Number.POSITIVE_INFINITY }: Tokens, now: number): boolean {
  return Boolean(accessToken) && accessTokenExpiresAt > now
}

const reasonOf = { revoked: 'revoked', unsupported: 'no_revocation_endpoint', failed: 'revocation_failed' } as const

/** An access token that the provider cannot revoke is the `services` row's matter; without OpenID it is its own API's as well. */
async function revokeAccessToken(provider: Provider, tokens: Tokens, signal: AbortSignal): Promise<readonly Part[]> {
  if (!tokens.accessToken || !isLiving(tokens, provider.runtime.now())) return []
  const { outcome } = await revokeToken(provider, tokens.accessToken, 'access_token', signal)
  if (outcome === 'unsupported')
    return provider.config.withoutOpenid ? [['access token', 'no_revocation_endpoint']] : []
  return [['access token', outcome === 'revoked' ? 'access_token_revoked' : 'access_token_not_revoked']]
}

/** Whether one of them holds an access token that lives until somebody ends it: without OpenID, some do. */
export function holdEndless(app: App, records: readonly EndedRecord[]): boolean {
  return records.some((record) => {
    const provider = app.providerOf(record)
    // Of one that is not configured any more nobody knows what it was.
    if (provider && !provider.config.withoutOpenid) return false
    try {
      const { accessToken, accessTokenExpiresAt } = openTokens(app.sealer, record.id, record.sealed)
      return accessToken !== undefined && accessTokenExpiresAt === undefined
    } catch {
      return true
    }
  })
}

/** Would revoking these tokens end more than the logout may? Who has signed in since is never part of it. */
async function reachesFarther(
  app: App,
  provider: Provider,
  record: Gone,
  tokens: Tokens,
  scope?: Scope,
): Promise<boolean> {
  const { profile, withoutOpenid } = provider.config
  const { revocationReach } = profile
  if (revocationReach === 'token' && !withoutOpenid) return false
  const { iss, client, sub, sid, cause } = record
  if (revocationReach === 'session' && !isOffline(provider, tokens) && !(await endsProviderSession(app, record, scope)))
    return true
  const others = await app.store.list({ iss, client, sub })
  // Without OpenID a provider may hand one token out again and again: it is then the other session's, too.
  if (withoutOpenid && others.some((other) => shareToken(other, record))) return true
  if (revocationReach === 'token') return false
  const everywhere = scope === 'everywhere' || cause === 'everywhere'
  if (revocationReach === 'person') return !everywhere || others.length > 0
  // The session that took its place in the same browser lives on the same grant.
  if (cause === 'replaced') return others.some((other) => other.sid === sid)
  // A grant is one provider session's consent to one client: who has the same `sid` lives on it, or who has none either.
  const wide = everywhere || scope === 'provider'
  return others.some((other) => other.sid === sid && (sid !== undefined || !wide))
}

function shareToken(a: NewSession, b: NewSession): boolean {
  return a.tokens.some(({ hash }) => b.tokens.some((other) => other.hash === hash))
}

/** Of all other ends the person can log straight back in through the provider's session: that has to live on. */
async function endsProviderSession(app: App, record: Gone, scope: Scope | undefined): Promise<boolean> {
  const { iss, client, sid, signedInAt: at, cause } = record
  if (scope !== undefined) return scope !== 'app'
  if (cause !== 'user') return causesBeyond.includes(cause)
  // Whoever takes this up for another process does not know its scope: only one beyond the app has marked the `sid`.
  return sid !== undefined && (await app.store.covers({ iss, client, sid, at })) !== undefined
}

const causesBeyond: readonly Cause[] = ['everywhere', 'device', 'admin', 'backchannel']

/**
 * Tokens for offline access stand beside the provider's session: to revoke them leaves it alone. Keycloak's say what they are:
 * a host asks for scopes of its own, and a provider need not grant what it is asked for.
 */
function isOffline({ config }: Provider, { refreshToken = '' }: Tokens): boolean {
  const typ = typOf(refreshToken)
  if (typ === 'Offline' || typ === 'Refresh') return typ === 'Offline'
  return config.scope.split(' ').includes('offline_access')
}

function typOf(token: string): unknown {
  try {
    return decodeJwt(token)['typ']
  } catch {
    return undefined
  }
}

/**
 * Ten at a time: a person can have many sessions, and the provider is somebody else's server. A signal for each, because
 * Node warns of more than ten listeners.
 */
export async function settleRecords(
  app: App,
  records: readonly EndedRecord[],
  signal: AbortSignal,
  scope?: Scope,
): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (let from = 0; from < records.length; from += 10) {
    const batch = records.slice(from, from + 10)
    const settled = await Promise.all(
      batch.map((record) => settleInTime(app, record, AbortSignal.any([signal]), scope)),
    )
    parts.push(...settled.flat())
  }
  return parts
}

/** A store that hangs keeps nobody waiting for longer than a provider that does. */
function settleInTime(app: App, record: EndedRecord, signal: AbortSignal, scope?: Scope): Promise<readonly Part[]> {
  return orAborted(() => settleRecord(app, record, signal, scope), signal).catch(() => unconfirmed)
}

/** The session that was replaced: its event, and what the provider's reach allows of its tokens. */
export async function finishReplaced(app: App, id: string): Promise<void> {
  const { records } = await app.store.end({ by: 'id', id }, 'replaced')
  const replaced = records.filter(({ cause, settled }) => cause === 'replaced' && !settled)
  tellEnded(
    app,
    replaced.map((record) => ({ ...record, repeated: false })),
  )
  await settleRecords(app, replaced, deadline(app.options.deadlineSeconds))
}

/**
 * What a login brought that opened no session: of an access token without an end nobody would ever hear again. Only where its
 * end is no other token's, for the next login is on its way. Never throws.
 */
export async function dropTokens(app: App, session: NewSession): Promise<void> {
  const { withoutOpenid, profile } = app.providerOf(session)?.config ?? {}
  if (!withoutOpenid || profile?.revocationReach !== 'token') return
  await revokeTokens(app, { ...session, cause: 'replaced' }, deadline(app.options.deadlineSeconds)).catch(() => {})
}

/** How long a logout's own process has for its work before another one takes it up. */
const graceSeconds = 30
const longestPauseSeconds = 3600
/** Far more than one sweep can do: what fails again and again must not hide the rest. */
const mostPending = 1000

/** What has failed for long is tried less often: each pause is as long as the time since the end. */
function pauseOf(record: EndedRecord, now: number): number {
  return Math.min(longestPauseSeconds, Math.max(graceSeconds, now - record.endedAt))
}

/**
 * Ends what has expired, and finishes what a crash or a provider's failure left: expiry alone would leave a refresh token
 * alive for months. Any process may run it, several at once too.
 */
export async function sweep(app: App): Promise<void> {
  const { store, options } = app
  const now = await store.now()
  const { expired, unsettled } = await store.pending(mostPending)
  const ended: EndedRecord[] = []
  for (const session of expired) {
    const { records } = await store.end(
      { by: 'id', id: session.id },
      expiryOf(session, now, options.limits) ?? session.endsBy,
    )
    tellEnded(app, records)
    ended.push(...records)
  }
  const left = unsettled.filter((record) => record.endedAt + graceSeconds <= now)
  const due: EndedRecord[] = []
  for (const record of [...ended, ...left])
    if (await store.claim(`settle ${record.id}`, pauseOf(record, now))) due.push(record)
  for (let from = 0; from < due.length; from += 10)
    await settleRecords(app, due.slice(from, from + 10), deadline(options.deadlineSeconds))
}
