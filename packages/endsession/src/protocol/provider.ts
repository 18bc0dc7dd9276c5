import type { JSONWebKeySet } from 'jose'
import * as oauth from 'oauth4webapi'
import type { Profile } from '../profiles/profile.ts'
import { type Runtime, systemNow } from '../runtime.ts'
import { providerFailed } from './failures.ts'
import { createKeys, type Keys } from './keys.ts'
import { createServerFetch, type ServerFetch, toPublic } from './server-fetch.ts'
import { type SharedFetch, shareFetch } from './shared-fetch.ts'
import type { PlainOauth } from './without-openid.ts'

export interface ProviderConfig {
  /** Exactly as it stands in the provider's tokens. */
  readonly issuer: string
  readonly clientId: string
  /** Without it: a public client. */
  readonly clientSecret?: string | undefined
  readonly scope: string
  /** Split horizon: what this process calls, when it is not what browsers see. */
  readonly serverUrl?: string | undefined
  /** Over discovery's. */
  readonly endpoints?: { readonly [Name in Endpoint]?: string }
  /** Its answers come to a redirect URI that is no other provider's. */
  readonly ownCallback?: true
  /** It issues no ID tokens: what it has in their place, and in discovery's. */
  readonly withoutOpenid?: PlainOauth
  readonly profile: Profile
}

/** The addresses that options may set over discovery's. */
export const endpointNames = [
  'authorization_endpoint',
  'token_endpoint',
  'userinfo_endpoint',
  'revocation_endpoint',
  'end_session_endpoint',
  'pushed_authorization_request_endpoint',
  'jwks_uri',
] as const

export type Endpoint = (typeof endpointNames)[number]

/** Those that browsers are sent to; this process calls the others. */
export function isVisited(endpoint: Endpoint): boolean {
  return endpoint === 'authorization_endpoint' || endpoint === 'end_session_endpoint'
}

/** Options that every request function of oauth4webapi takes. */
export interface RequestOptions {
  readonly [oauth.customFetch]: ServerFetch
  readonly [oauth.allowInsecureRequests]: boolean
  readonly signal?: AbortSignal
}

/** One provider, as the other files of this folder need it. */
export interface Provider {
  readonly config: ProviderConfig
  readonly runtime: Runtime
  readonly keys: Keys
  /** What discovery says, with the endpoints that browsers visit as browsers see them. Throws ERR_PROVIDER. */
  metadata(): Promise<oauth.AuthorizationServer>
  /** For oauth4webapi, with its clock set by ours as of now: ask again for each call. */
  client(): oauth.Client
  readonly clientAuth: oauth.ClientAuth
  /** For oauth4webapi. */
  options(signal?: AbortSignal): RequestOptions
}

/** How long metadata is good without asking again. */
const metadataSeconds = 3600
/** How far two clocks may be apart. */
export const toleranceSeconds = 60

/**
 * Does no I/O: discovery comes with the first use. Metadata and keys are cached, each fetched once for all who ask,
 * within 5 s; a failure is remembered for 2 s; what was good keeps serving while later fetches fail.
 */
export function createProvider(config: ProviderConfig, runtime: Runtime): Provider {
  const serverFetch = createServerFetch(config, runtime)
  const insecure = [config.issuer, config.serverUrl, ...Object.values(config.endpoints ?? {})].some(isHttp)
  const options = (signal?: AbortSignal): RequestOptions => ({
    [oauth.customFetch]: serverFetch,
    [oauth.allowInsecureRequests]: insecure,
    ...(signal && { signal }),
  })

  const discovery = shareFetch((signal) => discover(config, options(signal)), runtime)
  const metadata = async (): Promise<oauth.AuthorizationServer> =>
    config.withoutOpenid?.metadata ?? currentMetadata(discovery, runtime)
  const keys = createKeys(async (signal) => fetchJwks(await metadata(), serverFetch, signal), runtime)

  return {
    config,
    runtime,
    keys,
    metadata,
    client: () => clientOf(config, runtime),
    clientAuth: clientAuthOf(config),
    options,
  }
}

async function discover(config: ProviderConfig, options: RequestOptions): Promise<oauth.AuthorizationServer> {
  const issuer = new URL(config.issuer)
  const found = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, options))
  checkIssuer(found.issuer, config.issuer)
  return { ...asBrowsersSee(found, config), ...config.endpoints }
}

/** OpenID Connect Discovery 1.0, section 4.3: exactly the same; and sessions and marks are kept by this very text. */
function checkIssuer(found: string, expected: string): void {
  if (found !== expected) throw new Error(`the provider calls itself ${found}; the options call it ${expected}`)
}

function asBrowsersSee(found: oauth.AuthorizationServer, config: ProviderConfig): oauth.AuthorizationServer {
  const { authorization_endpoint, end_session_endpoint } = found
  return {
    ...found,
    ...(authorization_endpoint && { authorization_endpoint: toPublic(authorization_endpoint, config) }),
    ...(end_session_endpoint && { end_session_endpoint: toPublic(end_session_endpoint, config) }),
  }
}

async function currentMetadata(
  discovery: SharedFetch<oauth.AuthorizationServer>,
  runtime: Runtime,
): Promise<oauth.AuthorizationServer> {
  const mayFetch = discovery.running || discovery.coolDown() === 0
  if (discovery.value === undefined) {
    if (!mayFetch) throw providerFailed(discovery.failure)
    return discovery.load().catch((cause) => Promise.reject(providerFailed(cause)))
  }
  const old = runtime.monotonic() - discovery.askedAt > metadataSeconds
  // Nobody waits for newer metadata: endpoints that have moved are rarer than providers that are slow.
  if (old && mayFetch) runtime.waitUntil(discovery.load().catch(() => {}))
  return discovery.value
}

async function fetchJwks(
  metadata: oauth.AuthorizationServer,
  serverFetch: ServerFetch,
  signal: AbortSignal,
): Promise<JSONWebKeySet> {
  if (metadata.jwks_uri === undefined) throw new Error('the provider names no jwks_uri')
  const headers = { accept: 'application/json, application/jwk-set+json' }
  const response = await serverFetch(metadata.jwks_uri, { headers, redirect: 'manual', signal })
  if (response.status === 200) return (await response.json()) as JSONWebKeySet
  await response.body?.cancel()
  throw new Error(`the provider's keys: HTTP ${response.status}`)
}

/** oauth4webapi reads the machine's clock itself, so it is told how far ours is from that. */
function clientOf({ clientId }: ProviderConfig, runtime: Runtime): oauth.Client {
  return {
    client_id: clientId,
    [oauth.clockSkew]: runtime.now() - systemNow(),
    [oauth.clockTolerance]: toleranceSeconds,
  }
}

/** `client_secret_basic`, the default of Core 1.0, section 9; in the body where only that is offered. */
function clientAuthOf({ clientSecret }: ProviderConfig): oauth.ClientAuth {
  if (clientSecret === undefined) return oauth.None()
  const [basic, post] = [oauth.ClientSecretBasic(clientSecret), oauth.ClientSecretPost(clientSecret)]
  return (metadata, client, body, headers) => {
    const offered = metadata.token_endpoint_auth_methods_supported ?? ['client_secret_basic']
    const inBody = offered.includes('client_secret_post') && !offered.includes('client_secret_basic')
    return (inBody ? post : basic)(metadata, client, body, headers)
  }
}

function isHttp(url: string | undefined): boolean {
  return url?.startsWith('http:') === true
}
