import { type App, tellEnded } from './app.ts'
import type { Provider } from './protocol/provider.ts'
import { revokeToken } from './protocol/revoke.ts'
import type { Reason } from './report.ts'
import { deadline } from './runtime.ts'
import { openTokens, type Tokens } from './session/contents.ts'
import { expiryOf } from './session/expiry.ts'
import type { EndedRecord } from './session/store.ts'
import type { Scope } from './words.ts'

/** One line of the report's `tokens` row. */
export type Part = readonly [what: string, reason: Reason]

/**
 * Revokes what an ended session leaves at the provider, as far as the logout reaches: refresh token first, the access
 * token only where that does not cover it (RFC 7009, section 2.1). Never throws; what failed stays unsettled.
 */
export async function settleRecord(app: App, record: EndedRecord, signal: AbortSignal, scope?: Scope): Promise<readonly Part[]> {
  try {
    const parts = await revokeTokens(app, record, signal, scope)
    if (!parts.some(([, reason]) => reason === 'revocation_failed')) await app.store.settle(record.id)
    return parts
  } catch {
    return [['refresh token', 'revocation_failed']]
  }
}

async function revokeTokens(app: App, record: EndedRecord, signal: AbortSignal, scope?: Scope): Promise<readonly Part[]> {
  const tokens = openTokens(app.sealer, record.id, record.sealed)
  const provider = app.providerOf(record)
  if (!tokens.refreshToken) return [['refresh token', 'no_refresh_token']]
  if (!provider) return [['refresh token', 'provider_not_configured']]
  if (await reachesFarther(app, provider, record, scope)) return [['refresh token', 'revocation_reaches_farther']]
  const { outcome } = await revokeToken(provider, tokens.refreshToken, 'refresh_token', signal)
  const refresh: Part = ['refresh token', reasonOf[outcome]]
  if (outcome !== 'revoked' || provider.config.profile.revocationCoversAccessToken) return [refresh]
  return [refresh, ...(await revokeAccessToken(provider, tokens, signal))]
}

const reasonOf = { revoked: 'revoked', unsupported: 'no_revocation_endpoint', failed: 'revocation_failed' } as const

/** An access token that the provider cannot revoke is the `services` row's matter. */
async function revokeAccessToken(provider: Provider, tokens: Tokens, signal: AbortSignal): Promise<readonly Part[]> {
  if (!tokens.accessToken) return []
  const { outcome } = await revokeToken(provider, tokens.accessToken, 'access_token', signal)
  if (outcome === 'unsupported') return []
  return [['access token', outcome === 'revoked' ? 'access_token_revoked' : 'access_token_not_revoked']]
}

/** Would revoking this refresh token end more than the logout may? */
async function reachesFarther(app: App, provider: Provider, record: EndedRecord, scope?: Scope): Promise<boolean> {
  switch (provider.config.profile.revocationReach) {
    case 'token':
      return false
    case 'person':
      return scope !== 'everywhere' && record.cause !== 'everywhere'
    case 'grant':
      // The session that took its place in the same browser lives on the same grant.
      if (record.cause === 'replaced') return true
      return scope !== 'provider' && scope !== 'everywhere' && sharesGrant(app, record)
  }
}

/** A grant is one provider session's consent to one client: another session here with the same `sid` lives on it. */
async function sharesGrant(app: App, record: EndedRecord): Promise<boolean> {
  const { iss, client, sub, sid } = record
  const others = await app.store.list({ iss, client, sub })
  return others.some((other) => other.id !== record.id && other.sid === sid)
}

/** Ten at a time: a person can have many sessions, and the provider is somebody else's server. */
export async function settleRecords(
  app: App,
  records: readonly EndedRecord[],
  signal: AbortSignal,
  scope?: Scope,
): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (let from = 0; from < records.length; from += 10) {
    const batch = records.slice(from, from + 10)
    const settled = await Promise.all(batch.map((record) => settleRecord(app, record, signal, scope)))
    parts.push(...settled.flat())
  }
  return parts
}

/** How long a logout's own process has for its work before another one takes it up. */
const graceSeconds = 30

/**
 * Ends what has expired, and finishes what a crash or a provider's failure left: expiry alone would leave a refresh token
 * alive for months. Any process may run it, several at once too.
 */
export async function sweep(app: App): Promise<void> {
  const { store, options } = app
  const now = await store.now()
  const { expired, unsettled } = await store.pending(100)
  const ended: EndedRecord[] = []
  for (const session of expired) {
    const { records } = await store.end({ by: 'id', id: session.id }, expiryOf(session, now, options.limits) ?? session.endsBy)
    tellEnded(app, records)
    ended.push(...records)
  }
  const left = unsettled.filter((record) => record.endedAt + graceSeconds <= now)
  for (const record of [...ended, ...left])
    if (await store.claim(`settle ${record.id}`, graceSeconds)) await settleRecord(app, record, deadline(options.deadlineSeconds))
}
