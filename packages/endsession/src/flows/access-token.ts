import { type App, tellEnded } from '../app.ts'
import type { Session } from '../current.ts'
import type { Provider } from '../protocol/provider.ts'
import { type Refreshed, refreshTokens } from '../protocol/refresh.ts'
import { revokeToken } from '../protocol/revoke.ts'
import { tokenHash } from '../protocol/token-hash.ts'
import { deadline, sleep } from '../runtime.ts'
import { openDescription, openTokens, sealContents, type Tokens } from '../session/contents.ts'
import type { StoredSession, TokenHash } from '../session/store.ts'

/** An access token to call a service with, or why there is none. */
export type Access =
  | { readonly ok: true; readonly token: string; /** Epoch seconds. */ readonly expiresAt: number }
  | { readonly ok: false; readonly why: 'signed_out' | 'no_token' | 'provider_unreachable' }

/** Refreshed this long before it expires, so that it lives through the call that it is for. */
const aheadSeconds = 30
/** Who has it refreshes; the others wait for what it writes, or for its end. Longer than a refresh may take. */
const leaseSeconds = 10
const pauseSeconds = 0.05

/**
 * The session's access token, refreshed when it is about to expire: by one process at a time, and handed out only once
 * the store has its hash, so that every logout covers it.
 */
export async function accessToken(app: App, { id }: Session): Promise<Access> {
  const { store, options } = app
  for (;;) {
    const stored = await store.get(id)
    if (!stored) return { ok: false, why: 'signed_out' }
    const tokens = openTokens(app.sealer, id, stored.sealed)
    if (secondsLeft(app, tokens) > aheadSeconds) return granted(tokens)
    const provider = app.providerOf(stored)
    if (tokens.refreshToken === undefined || !provider) return asItIs(app, tokens, 'no_token')
    if (await store.claim(leaseOf(stored), leaseSeconds)) {
      const access = await refresh(app, provider, stored, tokens, tokens.refreshToken)
      if (access) return access
    } else await waitForRevision(app, stored, options.runtime.monotonic() + leaseSeconds)
  }
}

function leaseOf({ id, revision }: StoredSession): string {
  return `refresh ${id} ${revision}`
}

/** Another process is at it: until its tokens are there, or it has failed. */
async function waitForRevision(app: App, { id, revision }: StoredSession, until: number): Promise<void> {
  while (app.options.runtime.monotonic() < until) {
    await sleep(pauseSeconds)
    const stored = await app.store.get(id)
    if (stored?.revision !== revision) return
  }
}

/** Nothing: somebody else's refresh has won, and its tokens are to be used. */
async function refresh(
  app: App,
  provider: Provider,
  stored: StoredSession,
  old: Tokens,
  refreshToken: string,
): Promise<Access | undefined> {
  const refreshed = await refreshTokens(provider, refreshToken, stored.sub).catch(() => 'unreachable' as const)
  // A fault of the network ends nothing: the next call tries again.
  if (refreshed === 'unreachable') return asItIs(app, old, 'provider_unreachable')
  if (refreshed === 'refused') return endRefused(app, stored)

  const tokens = merge(app, old, refreshed)
  const hash: TokenHash = { hash: tokenHash(tokens.accessToken), expiresAt: tokens.accessTokenExpiresAt }
  const now = await app.store.now()
  const description = openDescription(app.sealer, stored.id, stored.sealed)
  const answer = await app.store.update(stored.id, stored.revision, {
    sealed: sealContents(app.sealer, stored.id, description, tokens),
    tokens: [...stored.tokens.filter(({ expiresAt }) => expiresAt > now), hash],
  })
  if (answer === 'updated') return granted(tokens)
  if (answer === 'gone') await endLate(app, provider, stored.id, tokens, hash)
  else await revokeToken(provider, tokens.accessToken, 'access_token', deadline(app.options.deadlineSeconds))
  return undefined
}

type Fresh = Tokens & { accessToken: string; accessTokenExpiresAt: number }

/** What the provider does not send anew goes on: the last ID token above all, which is the logout's hint. */
function merge(app: App, old: Tokens, refreshed: Refreshed): Fresh {
  const { runtime, limits } = app.options
  return { ...old, accessTokenExpiresAt: runtime.now() + limits.accessTokenSeconds, ...refreshed }
}

/** The session ended while its refresh was on the way: what came back is dead everywhere, before anybody has seen it. */
async function endLate(app: App, provider: Provider, id: string, tokens: Fresh, hash: TokenHash): Promise<void> {
  await app.store.end({ by: 'tokens', id, tokens: [hash] }, 'refresh_refused')
  const signal = deadline(app.options.deadlineSeconds)
  if (tokens.refreshToken !== undefined) await revokeToken(provider, tokens.refreshToken, 'refresh_token', signal)
  await revokeToken(provider, tokens.accessToken, 'access_token', signal)
}

/** The provider says that the login is over: so it is here, unless another refresh has won meanwhile. */
async function endRefused(app: App, { id, revision }: StoredSession): Promise<Access | undefined> {
  const current = await app.store.get(id)
  if (current && current.revision !== revision) return undefined
  const { records } = await app.store.end({ by: 'id', id }, 'refresh_refused')
  tellEnded(app, records)
  await Promise.all(records.map((record) => app.store.settle(record.id)))
  return { ok: false, why: 'signed_out' }
}

function secondsLeft(app: App, { accessToken: token, accessTokenExpiresAt }: Tokens): number {
  return token === undefined ? 0 : (accessTokenExpiresAt ?? 0) - app.options.runtime.now()
}

/** Without a new one, the old one while it lives. */
function asItIs(app: App, tokens: Tokens, why: 'no_token' | 'provider_unreachable'): Access {
  return secondsLeft(app, tokens) > 0 ? granted(tokens) : { ok: false, why }
}

function granted({ accessToken: token, accessTokenExpiresAt: expiresAt }: Tokens): Access {
  return { ok: true, token: token as string, expiresAt: expiresAt as number }
}
