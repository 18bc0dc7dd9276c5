import type { AuthorizationServer } from 'oauth4webapi'
import { type Urls, urlsOf } from './app.ts'
import { EndSessionError } from './errors.ts'
import type { Tell } from './option-checks.ts'
import type { Options, ProviderOptions } from './options.ts'
import { knownProvider, likelyProvider } from './profiles/index.ts'
import type { Profile } from './profiles/profile.ts'
import { planEndSession } from './protocol/end-session.ts'
import { createProvider, type ProviderConfig } from './protocol/provider.ts'
import { outcomeOf, type Reason } from './report.ts'
import { checkBasePath, checkOrigin } from './resolve-options.ts'
import { checkProvider } from './resolve-providers.ts'
import { systemRuntime } from './runtime.ts'
import type { Layer, Outcome } from './words.ts'

/** What a logout at a provider can achieve, and what to do there first. */
export interface ProviderDescription {
  readonly profile: Profile
  /** The best that a logout of scope `provider` can do about a session with all its tokens, and why it is no better. */
  readonly layers: Readonly<Record<Layer, { readonly best: Outcome; readonly why: string }>>
  /** For the person who sets the provider up: one sentence each, with the exact strings. */
  readonly toDo: readonly string[]
}

/** The app that the provider is for: your options will do. */
export type DescribedApp = Partial<Pick<Options, 'baseUrl' | 'basePath' | 'frontchannel' | 'providers' | 'runtime'>>

/**
 * What a logout at this provider can achieve per layer, and what to register there: from its discovery document, which is
 * fetched, and its profile. With the app's options the strings are exact; without them they hold `{baseUrl}`. Nobody is
 * signed in or out, and nothing else is fetched: what is registered there already nobody can see from here.
 * Throws ERR_OPTIONS, and ERR_PROVIDER when discovery fails.
 */
export async function describeProvider(
  provider: ProviderOptions,
  app: DescribedApp = {},
): Promise<ProviderDescription> {
  const config = check(provider, app)
  const metadata = await createProvider(config, { ...systemRuntime(), ...app.runtime }).metadata()
  const plan = planEndSession(metadata.end_session_endpoint, config, {
    idTokenExpired: false,
    redirectUri: '{loggedOut}',
    state: '',
  })
  return {
    profile: config.profile,
    layers: layersOf(config, metadata, plan !== undefined),
    toDo: [...askWho(config, provider), ...toDoOf(config, metadata, plan !== undefined, app, nameIn(app, provider))],
  }
}

/** Throws ERR_OPTIONS with every problem. */
function check(provider: ProviderOptions, { baseUrl, basePath }: DescribedApp): ProviderConfig {
  const problems: string[] = []
  const report: Tell = (path, whatToDo) => void problems.push(`${path}: ${whatToDo}`)
  const config = checkProvider(provider, 'provider', report)
  if (baseUrl !== undefined) checkOrigin(baseUrl, report)
  if (basePath !== undefined) checkBasePath(basePath, report)
  if (problems.length === 0) return config
  throw new EndSessionError(
    'ERR_OPTIONS',
    `The options do not work yet:\n${problems.map((line) => `- ${line}`).join('\n')}`,
  )
}

function nameIn({ providers = {} }: DescribedApp, provider: ProviderOptions): string {
  return Object.entries(providers).find(([, other]) => other === provider)?.[0] ?? '{name}'
}

type Row = readonly [reason: Reason, why: string]

function layersOf(
  config: ProviderConfig,
  metadata: AuthorizationServer,
  leaves: boolean,
): ProviderDescription['layers'] {
  const { profile } = config
  const rows: Readonly<Record<Layer, Row>> = {
    browser: ['cookies_expired', 'The answer to the logout removes the cookies.'],
    app: ['record_ended', 'The store ends the session before anything leaves the process.'],
    tokens: tokensRow(config, metadata),
    services: [
      'guard_confirmed',
      'Once every service follows with a guard; without one, access tokens work until they expire.',
    ],
    peers: peersRow(metadata, leaves),
    provider: providerRow(profile, leaves),
    upstream: upstreamRow(profile, leaves),
  }
  const described = Object.entries(rows).map(([layer, [reason, why]]) => [layer, { best: outcomeOf(reason), why }])
  return Object.fromEntries(described) as ProviderDescription['layers']
}

function tokensRow({ profile, withoutOpenid }: ProviderConfig, metadata: AuthorizationServer): Row {
  const { revocation, revocationReach } = profile
  const revokes = revocation === 'standard' || (revocation === 'own' && withoutOpenid?.ends !== undefined)
  if (!revokes || metadata.revocation_endpoint === undefined)
    return ['no_revocation_endpoint', 'It revokes nothing: a token that it hands out stays good.']
  if (revocationReach === 'person')
    return [
      'revocation_reaches_farther',
      'One revocation takes everything of the person: only a logout everywhere does that.',
    ]
  if (revocation === 'own')
    return ['access_token_revoked', 'It confirms that the access token has ended; of a refresh token it says nothing.']
  return ['revoked', 'It confirms that the refresh token is revoked.']
}

function peersRow(metadata: AuthorizationServer, leaves: boolean): Row {
  if (!leaves) return ['no_end_session_endpoint', 'Without a logout there, nobody tells other apps.']
  const tells = metadata['backchannel_logout_supported'] === true || metadata['frontchannel_logout_supported'] === true
  return tells
    ? ['peers_told_by_provider', 'It says that it tells other apps; whether they listen nobody can see from here.']
    : ['peers_not_told', 'Its discovery document does not say that it tells other apps.']
}

function providerRow({ probeProves, logoutTokenProves }: Profile, leaves: boolean): Row {
  if (!leaves)
    return ['no_end_session_endpoint', 'It has no logout: the next login asks for its login screen, no more.']
  if (probeProves)
    return ['probe_login_required', 'Asked afterwards (logout.probe), its answer proves that its session is over.']
  if (logoutTokenProves === 'session')
    return ['logout_token_received', 'Its logout token proves that its session is over.']
  return ['sent_to_provider', 'The browser is sent there; that it comes back proves nothing.']
}

function upstreamRow({ upstream, extraParameters }: Profile, leaves: boolean): Row {
  if (upstream === 'none') return ['no_upstream', 'There is no login behind it.']
  if (upstream === 'parameter' && leaves && Object.keys(extraParameters).length > 0)
    return ['upstream_parameter', 'It is asked, by a parameter, to log out behind it as well.']
  if (upstream === 'broker') return ['upstream_broker', 'Whether it logs out behind it is its own setting.']
  return ['upstream_unknown', 'Nobody can see whether a login behind it lives on.']
}

/** Nobody chose a profile, and the issuer looks like one that lives at any address. */
function askWho({ issuer }: ProviderConfig, { profile }: ProviderOptions): readonly string[] {
  const likely = profile?.name === undefined ? likelyProvider(issuer) : undefined
  return likely ? [`Is this ${likely.title}? Then set profile: { name: '${likely.name}' }.`] : []
}

function toDoOf(
  config: ProviderConfig,
  metadata: AuthorizationServer,
  leaves: boolean,
  app: DescribedApp,
  name: string,
): readonly string[] {
  const { baseUrl = '{baseUrl}', basePath = '/auth', frontchannel = false } = app
  const origin = URL.canParse(baseUrl) ? new URL(baseUrl).origin : baseUrl
  const urls = urlsOf((route) => `${origin}${basePath}/${route}`, new Map([[name, config]]))
  const known = knownProvider(config.issuer, config.profile.name)
  const sendsIss = metadata.authorization_response_iss_parameter_supported === true
  return [
    `Register the redirect URI ${urls.callbacks[name]}`,
    ...(leaves ? [`Register the post-logout redirect URI ${urls.loggedOut}`] : []),
    ...(metadata['backchannel_logout_supported'] === true
      ? [
          `Register the back-channel logout URI ${urls.backchannelLogout} with "session required" (backchannel_logout_session_required: true); its servers have to reach it.`,
        ]
      : []),
    ...(frontchannel && metadata['frontchannel_logout_supported'] === true
      ? [`Register the front-channel logout URI ${urls.frontchannelLogout} with "session required".`]
      : []),
    ...(leaves ? [] : ['It has no logout: tell people that they stay signed in there.']),
    ...(sendsIss || config.ownCallback
      ? []
      : [
          'It does not say who answers a login (iss, RFC 9207): beside another provider in the same app, set callback: "own" for it, and register that redirect URI.',
        ]),
    ...(known?.toDo ?? []).map(({ value }) => withUrls(value, urls)),
  ]
}

function withUrls(sentence: string, urls: Urls): string {
  return sentence.replaceAll(/\{(\w+)\}/g, (whole, name: string) => {
    const url = Object.hasOwn(urls, name) ? urls[name as keyof Urls] : undefined
    return typeof url === 'string' ? url : whole
  })
}
