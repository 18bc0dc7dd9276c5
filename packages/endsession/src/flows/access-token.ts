import type { App } from '../app.ts'
import type { Session } from '../current.ts'
import { openTokens } from '../session/contents.ts'

/** An access token to call a service with, or why there is none. */
export type Access =
  | { readonly ok: true; readonly token: string; /** Epoch seconds. */ readonly expiresAt: number }
  | { readonly ok: false; readonly why: 'signed_out' | 'no_token' | 'provider_unreachable' }

/** The session's access token. The store knows its hash since before it was handed out, so that a logout covers it. */
export async function accessToken(app: App, session: Session): Promise<Access> {
  const stored = await app.store.get(session.id)
  if (!stored) return { ok: false, why: 'signed_out' }
  const { accessToken: token, accessTokenExpiresAt: expiresAt } = openTokens(app.sealer, stored.id, stored.sealed)
  if (token === undefined || expiresAt === undefined || expiresAt <= app.options.runtime.now()) return { ok: false, why: 'no_token' }
  return { ok: true, token, expiresAt }
}
