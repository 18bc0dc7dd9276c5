import type { ProviderConfig } from './provider.ts'

/** What a logout knows when the browser is about to go to the provider. */
export interface EndSessionRequest {
  /** The session's last ID token. */
  readonly idToken?: string | undefined
  readonly idTokenExpired: boolean
  /** The ID token's claims, for `logout_hint`. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined
  /** Where the provider sends the browser afterwards. */
  readonly redirectUri: string
  readonly state: string
}

/** Where the browser goes, and how. */
export interface EndSessionPlan {
  readonly method: 'GET' | 'POST'
  /** GET: complete. POST: the form's action. */
  readonly url: URL
  /** POST: the form's fields. GET: none. */
  readonly fields: Readonly<Record<string, string>>
  /** The URL would have been too long for this provider: the ID token stayed out of it. */
  readonly gaveWay: boolean
  /**
   * Whether the ID token went along: `sent`; `missing`, there was none; `unwanted`, or `expired`, the provider refuses
   * it; `gave_way`, it was too long. Without it the provider asks the person to confirm.
   */
  readonly hint: 'sent' | 'missing' | 'unwanted' | 'expired' | 'gave_way'
}

type Parameters = Readonly<Record<string, string>>

/**
 * Plans the navigation to the provider's `end_session_endpoint` (RP-Initiated Logout 1.0, section 2). Pure. Nothing
 * when the provider has no such endpoint. Does NOT tell whether anything will end there: nobody can from here.
 */
export function planEndSession(
  endpoint: string | undefined,
  config: ProviderConfig,
  request: EndSessionRequest,
): EndSessionPlan | undefined {
  const action = actionUrl(endpoint, config)
  if (action === undefined) return undefined

  const hint = hintOf(config, request)
  const parameters = {
    ...(hint === 'sent' && { id_token_hint: request.idToken ?? '' }),
    ...others(config, request, hint),
  }
  const url = withQuery(action, parameters)
  if (url.href.length <= config.profile.urlLimitBytes) return { method: 'GET', url, fields: {}, gaveWay: false, hint }
  if (config.profile.acceptsPost) {
    return { method: 'POST', url: action, fields: withoutEmpty(parameters), gaveWay: false, hint }
  }
  if (hint !== 'sent') return { method: 'GET', url, fields: {}, gaveWay: false, hint }
  const shorter = withQuery(action, others(config, request, 'gave_way'))
  return { method: 'GET', url: shorter, fields: {}, gaveWay: true, hint: 'gave_way' }
}

/** Only what a browser may be sent to: a page of ours links it. A profile may hold a path, which counts from the issuer. */
function actionUrl(endpoint: string | undefined, { issuer, profile }: ProviderConfig): URL | undefined {
  const given = profile.endSessionUrl ?? endpoint
  const base = profile.endSessionUrl?.startsWith('/') ? issuer : undefined
  if (given === undefined || !URL.canParse(given, base)) return undefined
  const url = new URL(given, base)
  const loopback = url.protocol === 'http:' && issuer.startsWith('http:')
  return url.protocol === 'https:' || loopback ? url : undefined
}

function hintOf({ profile }: ProviderConfig, { idToken, idTokenExpired }: EndSessionRequest): EndSessionPlan['hint'] {
  if (profile.idTokenHint === 'forbidden' || profile.idTokenHint === 'ignored') return 'unwanted'
  if (!idToken) return 'missing'
  return idTokenExpired && profile.expiredHint === 'refused' ? 'expired' : 'sent'
}

function others(
  { clientId, profile }: ProviderConfig,
  request: EndSessionRequest,
  hint: EndSessionPlan['hint'],
): Parameters {
  const logoutHint = profile.logoutHintClaim && request.claims?.[profile.logoutHintClaim]
  // Where the hint is required, its absence makes an error page of the rest, and an error page ends nothing.
  const comesBack = hint === 'sent' || profile.idTokenHint !== 'required'
  return {
    // Without the ID token nothing else says whose logout this is.
    ...((profile.sendClientId || hint !== 'sent') && { client_id: clientId }),
    ...(typeof logoutHint === 'string' && { logout_hint: logoutHint }),
    ...(comesBack && profile.redirectParameter !== 'none' && { [profile.redirectParameter]: request.redirectUri }),
    ...(comesBack && profile.echoesState && { state: request.state }),
    ...profile.extraParameters,
  }
}

/** The endpoint's own query is kept (RFC 6749, section 3.1, says so of its like). */
function withQuery(action: URL, parameters: Parameters): URL {
  const url = new URL(action)
  for (const [name, value] of Object.entries(withoutEmpty(parameters))) url.searchParams.set(name, value)
  return url
}

/** An empty `id_token_hint` is an error page at Keycloak; an empty anything is good for nothing. */
function withoutEmpty(parameters: Parameters): Parameters {
  return Object.fromEntries(Object.entries(parameters).filter(([, value]) => value !== ''))
}
