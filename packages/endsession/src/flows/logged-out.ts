import { type App, providerLabel } from '../app.ts'
import { readConfirmations } from '../confirmations.ts'
import { findSession } from '../current.ts'
import { isSameLogout, type LogoutState, readLogout, writeLogout } from '../logout-cookie.ts'
import { guardsRow } from '../logout-report.ts'
import type { Provider } from '../protocol/provider.ts'
import { layer, type Reason, withLayers } from '../report.ts'
import { deadline } from '../runtime.ts'
import { ownRefreshToken, type Part, settleRecords } from '../settle.ts'
import { beginTransaction } from '../transactions.ts'
import type { Action, Page } from '../web/page.ts'
import { redirect } from '../web/redirect.ts'
import { isPrefetch, single } from '../web/request.ts'
import type { TextKey } from '../web/texts.ts'
import type { LayerReport, Report } from '../words.ts'

/**
 * `GET logged-out`: where the browser comes back to. Reaching it proves nothing, so it says what the logout itself found,
 * and what the provider answers when it is asked. Never signs in.
 */
export async function loggedOut(app: App, request: Request): Promise<Response> {
  if (isPrefetch(request)) return new Response(null, { status: 204, headers: { 'cache-control': 'no-store' } })
  const held = readLogout(app, request)
  const provider = held?.provider === undefined ? undefined : app.providers.get(held.provider)
  const known = held && isSameLogout(held, single(new URL(request.url).searchParams, 'state'), provider)
  const current = await findSession(app, request)
  if (current || !held || !known) return strangersPage(app, current !== undefined)

  const back = held.landed || held.probed ? held : await noteReturn(app, held, provider)
  if (provider && wantsProbe(app, back, provider)) {
    const probe = await startProbe(app, request, back, provider)
    if (probe) return probe
  }
  return land(app, back, provider)
}

/** Without a logout of this browser there is nothing to report: only who is signed in here. */
function strangersPage(app: App, signedIn: boolean): Response {
  const action: Action = signedIn
    ? { kind: 'form', text: 'confirmButton', method: 'post', to: app.route('logout'), fields: [] }
    : { kind: 'link', text: 'signInButton', href: `${app.options.origin}/` }
  const page: Page = signedIn
    ? { title: 'stillSignedInTitle', sentence: 'stillSignedInSentence', action }
    : { title: 'notSignedInTitle', sentence: 'notSignedInSentence', action }
  return app.page(page, 200)
}

/** What is known now that the browser is back, and the work that had to wait for that. */
async function noteReturn(app: App, held: LogoutState, provider: Provider | undefined): Promise<LogoutState> {
  const { services } = held.report.layers
  const asksGuards = held.position !== undefined && services.reason === 'guard_silent'
  const rows = {
    ...(held.left && { provider: layer((await wasTold(app, held, provider)) ? 'logout_token_received' : 'came_back') }),
    ...(held.revokeAfter && held.id !== undefined && { tokens: await revokeNow(app, held.id, held.report) }),
    ...(asksGuards && { services: guardsRow(await readConfirmations(app, held.position), services.until) }),
  }
  return { ...held, report: withLayers(held.report, rows) }
}

/** Has the provider said by a logout token that this very session of its own is over? A store that fails says nothing. */
async function wasTold(app: App, { sid }: LogoutState, provider: Provider | undefined): Promise<boolean> {
  if (sid === undefined || !provider || provider.config.profile.sidReused) return false
  const { issuer: iss, clientId: client } = provider.config
  const mark = await app.store.covers({ iss, client, sid, at: 0 }).catch(() => undefined)
  return mark?.cause === 'backchannel'
}

/** The own tokens had to wait until now; what was found of the others' stays as it was. Never throws. */
async function revokeNow(app: App, id: string, { scope, layers }: Report): Promise<LayerReport> {
  const own = await app.store
    .end({ by: 'id', id }, 'user')
    .then(({ records }) => settleRecords(app, records, deadline(app.options.deadlineSeconds), scope))
    .catch((): readonly Part[] => [['refresh token', 'revocation_failed']])
  const others = (layers.tokens.parts ?? [])
    .map(({ what, reason }): Part => [what, reason as Reason])
    .filter(([what, reason]) => what !== ownRefreshToken || reason !== 'revoked_after_return')
  return layer([...(own.length > 0 ? own : [[ownRefreshToken, 'record_gone'] as const]), ...others])
}

function wantsProbe(app: App, held: LogoutState, provider: Provider): boolean {
  // Attached, the callback is the host's: unless it passes the probe's answer on, that would go astray.
  return (
    app.options.probe &&
    (!app.host || app.host.callback !== undefined) &&
    provider.config.profile.probeProves &&
    held.left === true &&
    held.report.layers.provider.outcome !== 'ended' &&
    !held.probed &&
    !held.landed
  )
}

/** A provider that cannot be asked costs the proof, not the page. */
async function startProbe(
  app: App,
  request: Request,
  held: LogoutState,
  provider: Provider,
): Promise<Response | undefined> {
  const probed: LogoutState = {
    ...held,
    probed: true,
    report: withLayers(held.report, { provider: layer('probe_inconclusive') }),
  }
  const returnTo = `${app.route('logged-out')}?${new URLSearchParams({ state: held.state })}`
  const transaction = { kind: 'probe', provider: held.provider as string, returnTo, interactive: false } as const
  const begun = await beginTransaction(app, request, provider, transaction).catch(() => undefined)
  return begun && redirect(begun.url.href, [writeLogout(app, probed), ...begun.setCookies])
}

function land(app: App, held: LogoutState, provider: Provider | undefined): Response {
  const setCookies = [writeLogout(app, { ...held, landed: true })]
  if (!held.landed) app.options.emit({ type: 'logout.landed', report: held.report })
  const elsewhere = held.returnTo ?? app.options.landing
  if (elsewhere !== undefined) return redirect(elsewhere, setCookies)
  const { sentence, tryAgain } = verdict(held.report)
  const action: Action = tryAgain
    ? {
        kind: 'form',
        text: 'signOutThereButton',
        method: 'post',
        to: app.route('logout'),
        fields: [['scope', held.report.scope]],
      }
    : { kind: 'link', text: 'signInButton', href: `${app.options.origin}/` }
  return app.page(
    { title: 'signedOutTitle', sentence, ...providerLabel(provider), action, report: held.report },
    200,
    setCookies,
  )
}

/** The one sentence: what the person has to know about the login that is not ours. */
function verdict({ scope, layers }: Report): { readonly sentence: TextKey; readonly tryAgain: boolean } {
  if (scope === 'app') return { sentence: 'signedOutApp', tryAgain: false }
  const { outcome, reason } = layers.provider
  if (outcome === 'ended') return { sentence: 'signedOutEnded', tryAgain: false }
  if (reason === 'probe_still_signed_in') return { sentence: 'signedOutAlive', tryAgain: true }
  if (outcome === 'requested') return { sentence: 'signedOutAsked', tryAgain: false }
  return { sentence: 'signedOutUnsure', tryAgain: outcome !== 'impossible' }
}
