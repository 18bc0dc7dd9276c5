import { decodeJwt } from 'jose'
import { type App, providerLabel } from './app.ts'
import type { Departure } from './logout-report.ts'
import { type EndSessionPlan, planEndSession } from './protocol/end-session.ts'
import type { Provider } from './protocol/provider.ts'
import { within } from './runtime.ts'
import { openTokens } from './session/contents.ts'
import type { EndedRecord } from './session/store.ts'

/** What a logout does beyond this app. */
export interface Leave {
  readonly departure: Departure
  readonly plan?: EndSessionPlan
  readonly tellsOthers: boolean
}

export async function notLeaving(departure: Departure): Promise<Leave> {
  return { departure, tellsOthers: false }
}

/** Where the provider's logout is, and what it needs. A provider that does not say in time keeps nobody here. */
export async function planLeave(
  app: App,
  state: string,
  own: EndedRecord | undefined,
  provider: Provider | undefined,
): Promise<Leave> {
  if (!provider) return notLeaving('provider_not_configured')
  const { config } = provider
  const metadata = await within(provider.metadata(), app.options.deadlineSeconds).catch(() => undefined)
  if (!metadata && config.profile.endSessionUrl === undefined) return notLeaving('provider_unreachable')
  const hint = own && idTokenOf(app, own)
  const plan = planEndSession(metadata?.end_session_endpoint, config, {
    ...hint,
    idTokenExpired: (hint?.claims.exp ?? 0) <= app.options.runtime.now(),
    redirectUri: app.route('logged-out'),
    state,
  })
  const tellsOthers =
    metadata?.backchannel_logout_supported === true || metadata?.frontchannel_logout_supported === true
  return plan ? { departure: 'leaving', plan, tellsOthers } : notLeaving('no_end_session_endpoint')
}

/** A row that does not open costs the hint, not the logout: the session has ended already. */
function idTokenOf(app: App, own: EndedRecord): { idToken: string; claims: ReturnType<typeof decodeJwt> } | undefined {
  try {
    const { idToken = '' } = openTokens(app.sealer, own.id, own.sealed)
    return { idToken, claims: decodeJwt(idToken) }
  } catch {
    return undefined
  }
}

/** 200 and a page that moves on: a redirect would be held against the `form-action` of the page that asked. */
export function leavingPage(
  app: App,
  provider: Provider | undefined,
  plan: EndSessionPlan,
  setCookies: readonly string[],
): Response {
  const { method, url } = plan
  const action = new URL(url)
  if (method === 'GET') action.search = ''
  const fields = method === 'GET' ? [...url.searchParams] : Object.entries(plan.fields)
  return app.page(
    {
      title: 'leavingTitle',
      sentence: 'leavingSentence',
      ...providerLabel(provider),
      action: {
        kind: 'form',
        text: 'leavingButton',
        method: method === 'GET' ? 'get' : 'post',
        to: action.href,
        fields,
        autoSeconds: 0,
        ...(method === 'GET' && { fallback: url.href }),
      },
    },
    200,
    setCookies,
  )
}
