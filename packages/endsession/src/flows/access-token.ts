import { type App, tellEnded } from '../app.ts'
import type { Session } from '../current.ts'
import { EndSessionError } from '../errors.ts'
import { expiryOf, isEndless } from '../new-session.ts'
import type { Provider } from '../protocol/provider.ts'
import { type Refreshed, refreshTokens } from '../protocol/refresh.ts'
import { knownToken } from '../protocol/token-hash.ts'
import { deadline, sleep } from '../runtime.ts'
import { openDescription, openTokens, sealContents, type Tokens } from '../session/contents.ts'
import type { StoredSession } from '../session/store.ts'
import { revokeTokens, settleRecords } from '../settle.ts'

/** An access token to call a service with, or why there is none. */
export type Access =
  | { readonly ok: true; readonly token: string /** Epoch seconds. */; readonly expiresAt: number }
  | { readonly ok: false; readonly why: 'signed_out' | 'no_token' | 'provider_unreachable' }

/** Refreshed this long before it expires, so that it lives through the call that it is for. */
const aheadSeconds = 30
/** Who has it refreshes; the others wait for what it writes, or for its end. Longer than a refresh takes: 7 s. */
const leaseSeconds = 10
const pauseSeconds = 0.05

/**
 * The session's access token, refreshed when it is about to expire: by one process at a time, and handed out only once
 * the store has its hash, so that every logout covers it.
 */
export async function accessToken(app: App, { id }: Session): Promise<Access> {
  const held = await read(app, id)
  if (!held) return signedOut
  if (secondsLeft(app, held.tokens) > aheadSeconds) return asItIs(app, held, 'no_token')
  const { refreshToken } = held.tokens
  const provider = app.providerOf(held.stored)
  if (refreshToken === undefined || !provider) return asItIs(app, held, 'no_token')

  await refreshOnce(app, provider, held, refreshToken)
  // Whoever has refreshed, and whatever came of it: only what the store holds now is handed out.
  const now = await read(app, id)
  return now ? asItIs(app, now, 'provider_unreachable') : signedOut
}

interface Held {
  readonly stored: StoredSession
  readonly tokens: Tokens
}

const signedOut: Access = { ok: false, why: 'signed_out' }

async function read(app: App, id: string): Promise<Held | undefined> {
  const stored = await app.store.get(id)
  return stored && { stored, tokens: openTokens(app.sealer, id, stored.sealed) }
}

function secondsLeft(app: App, { accessToken: token, accessTokenExpiresAt }: Tokens): number {
  return token === undefined ? 0 : (accessTokenExpiresAt ?? Number.POSITIVE_INFINITY) - app.options.runtime.now()
}

/** Without a new one, the old one while it lives; what has no end of its own is handed out until the session's. */
function asItIs(app: App, { stored, tokens }: Held, why: 'no_token' | 'provider_unreachable'): Access {
  const { accessToken: token, accessTokenExpiresAt: expiresAt = stored.expiresAt } = tokens
  if (secondsLeft(app, tokens) <= 0) return { ok: false, why }
  return { ok: true, token: token as string, expiresAt }
}

/** Refreshes, or waits for who does; who has died meanwhile is waited for once, for as long as its lease lasts. */
async function refreshOnce(app: App, provider: Provider, held: Held, refreshToken: string): Promise<void> {
  const { id, revision } = held.stored
  for (const last of [false, true]) {
    if (await app.store.claim(`refresh ${id} ${revision}`, leaseSeconds))
      return refresh(app, provider, held, refreshToken)
    if (last || (await revisionMoves(app, held.stored))) return
  }
}

/** Another call is at it, here or in another process: whether it is done before its lease is over. */
async function revisionMoves(app: App, { id, revision }: StoredSession): Promise<boolean> {
  const { monotonic } = app.options.runtime
  const until = monotonic() + leaseSeconds
  while (monotonic() < until) {
    await sleep(pauseSeconds)
    const stored = await app.store.get(id)
    if (stored?.revision !== revision) return true
  }
  return false
}

async function refresh(app: App, provider: Provider, held: Held, refreshToken: string): Promise<void> {
  const { monotonic } = app.options.runtime
  const leaseEnds = monotonic() + leaseSeconds
  const refreshed = await refreshTokens(provider, refreshToken, held.stored.sub).catch((error) => failed(app, error))
  if (refreshed === 'failed') return giveUp(app, held.stored)
  // After its lease another refresh may be on the way, and this one was refused because of it.
  if (refreshed !== 'refused') await keep(app, provider, held, refreshed)
  else if (monotonic() < leaseEnds) await endRefused(app, held.stored)
}

/** A fault of the network, or an answer that does not hold, ends nothing. */
function failed(app: App, error: unknown): 'failed' {
  if (!(error instanceof EndSessionError)) throw error
  app.options.emit({ type: 'provider.failed', error })
  return 'failed'
}

/** The lease goes with the revision: who waits need not wait any longer, and the next call may try again. */
async function giveUp(app: App, { id, revision }: StoredSession): Promise<void> {
  await app.store.update(id, revision, {}).catch(() => {})
}

/** The provider says that the login is over: so it is here, unless another refresh has won meanwhile. */
async function endRefused(app: App, { id, revision }: StoredSession): Promise<void> {
  const current = await app.store.get(id)
  if (current?.revision !== revision) return
  const { records } = await app.store.end({ by: 'id', id }, 'refresh_refused')
  tellEnded(app, records)
  const due = records.filter(({ repeated }) => !repeated)
  app.options.runtime.waitUntil(settleRecords(app, due, deadline(app.options.deadlineSeconds)))
}

/** Stored first; what the store does not take is not handed out. */
async function keep(app: App, { config }: Provider, held: Held, refreshed: Refreshed): Promise<void> {
  const { stored } = held
  const { sessionSeconds, ...fresh } = refreshed
  const { accessTokenExpiresAt: _, ...old } = held.tokens
  const accessTokenExpiresAt = expiryOf(app, fresh, config)
  // What the provider does not send anew goes on: the last ID token above all, which is the logout's hint.
  const tokens = { ...old, ...fresh, ...(!isEndless(fresh, config) && { accessTokenExpiresAt }) }
  const now = await app.store.now()
  const sealed = sealContents(app.sealer, stored.id, openDescription(app.sealer, stored.id, stored.sealed), tokens)
  const known = knownToken(tokens.accessToken, accessTokenExpiresAt)
  const answer = await app.store.update(stored.id, stored.revision, {
    sealed,
    tokens: [...stored.tokens.filter(({ expiresAt }) => expiresAt > now), known],
    ...shortened(stored, now, sessionSeconds),
  })
  if (answer === 'gone') await endLate(app, { ...stored, sealed, tokens: [known] })
}

/** The provider may end the session earlier than it said at login, never later. */
function shortened(
  { expiresAt }: StoredSession,
  now: number,
  sessionSeconds: number | undefined,
): Partial<Pick<StoredSession, 'liveSeconds' | 'endsBy'>> {
  if (sessionSeconds === undefined || now + sessionSeconds >= expiresAt) return {}
  return { liveSeconds: Math.max(0, sessionSeconds), endsBy: 'session_expiry' }
}

/**
 * The session ended while its refresh was on the way: what came back is dead everywhere, before anybody has seen it; at
 * the provider as far as the end of the session reached.
 */
async function endLate(app: App, late: StoredSession): Promise<void> {
  const { id, tokens } = late
  const { records } = await app.store.end({ by: 'tokens', id, tokens }, 'refresh_refused')
  const cause = records[0]?.cause ?? late.endsBy
  const record = { ...late, cause, endedAt: await app.store.now(), repeated: true, settled: false }
  await revokeTokens(app, record, deadline(app.options.deadlineSeconds))
}
