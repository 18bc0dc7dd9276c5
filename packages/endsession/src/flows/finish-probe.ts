import type { App } from '../app.ts'
import { type LogoutState, readLogout, writeLogout } from '../logout-cookie.ts'
import { readCallback } from '../protocol/login.ts'
import { layer, type Reason, withLayers } from '../report.ts'
import type { Opened } from '../transactions.ts'
import { redirect } from '../web/redirect.ts'

/** The answer to `prompt=none` after a logout. Opens nothing: a code is dropped unredeemed, and means still signed in. */
export async function finishProbe(
  app: App,
  request: Request,
  { transaction, state, expire }: Opened,
): Promise<Response> {
  const provider = app.providers.get(transaction.provider)
  const held = readLogout(app, request)
  if (!provider || !held || !isProbeOf(held, transaction.returnTo)) return redirect(transaction.returnTo, [expire])
  const answer = await readCallback(provider, new URL(request.url), state).catch(() => ({ error: 'unreadable' }))
  const report = withLayers(held.report, { provider: layer(verdictOf(answer.error)) })
  return redirect(transaction.returnTo, [expire, writeLogout(app, { ...held, report })])
}

/** An answer says nothing of a logout that came after the question. */
function isProbeOf({ state }: LogoutState, returnTo: string): boolean {
  return new URL(returnTo).searchParams.get('state') === state
}

/** Only exactly `login_required` proves (OpenID Connect Core 1.0, section 3.1.2.6): other errors need a session to occur. */
function verdictOf(error: string | undefined): Reason {
  if (error === undefined) return 'probe_still_signed_in'
  return error === 'login_required' ? 'probe_login_required' : 'probe_inconclusive'
}
