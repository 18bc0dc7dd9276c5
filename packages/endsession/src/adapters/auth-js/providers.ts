/** Auth.js's providers: what we read of them, and what we have them ask for. */
import { EndSessionError } from '../../errors.ts'
import type { ProviderOptions } from '../../index.ts'
import { knownProvider } from '../../profiles/index.ts'
import type { ProviderExtras } from './kit.ts'

type Endpoint = string | { url?: string; params?: Record<string, unknown> } | undefined

/** The fields of Auth.js's providers that count here; `options` are the app's own, and win. */
export interface Fields {
  readonly id: string
  readonly type: string
  readonly issuer?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly authorization?: Endpoint
  /** Version 4: how it knows of ID tokens. */
  readonly idToken?: boolean
  readonly wellKnown?: string
  readonly options?: Partial<Fields>
}

/** Their issuer ends in a slash, which people leave out, and Auth.js does not mind. */
const endsInSlash = ['auth0']

/**
 * As Auth.js has resolved them, environment included. `unfit`: why a login there is none that we could end, if it is so;
 * throws ERR_OPTIONS for those. `isPlain`: it speaks OAuth 2.0 without OpenID.
 */
export function readProviders(
  providers: readonly unknown[],
  unfit: (provider: Fields) => string | undefined,
  extras: Readonly<Record<string, ProviderExtras>> = {},
  isPlain: (provider: Fields) => boolean = () => false,
): Record<string, ProviderOptions> {
  const all = providers.map(fieldsOf)
  const others = all.flatMap((one) => unfit(one) ?? []).map((problem) => `- providers.${problem}`)
  const unknown = Object.keys(extras).filter((name) => !all.some(({ id }) => id === name))
  const problems = [...others, ...unknown.map((name) => `- providers.${name}: Auth.js has no such provider`)]
  if (problems.length > 0)
    throw new EndSessionError('ERR_OPTIONS', `The options do not work yet:\n${problems.join('\n')}`)
  const optionsOf = (one: Fields) => (isPlain(one) ? plainOf(one, extras[one.id]) : credentialsOf(one))
  return Object.fromEntries(all.map((one) => [one.id, { ...extras[one.id], ...optionsOf(one) }]))
}

/**
 * Without OpenID: one that we know by the name that Auth.js has for it, or any other, told apart by where its logins begin. Who
 * logs in elsewhere than the one of that name is somebody else, who has other people, and whose tokens that one never sees.
 */
function plainOf(one: Fields, { profile }: ProviderExtras = {}): ProviderOptions {
  const { issuer = '', ...credentials } = credentialsOf(one)
  const { url = '' } = endpointOf(one.authorization)
  const known = knownProvider('', one.id)
  const isNamed = known?.withoutOpenid && (issuer === '' || known === knownProvider(issuer, undefined))
  const isKnown = isNamed && isAt(url, known.withoutOpenid?.endpoints.authorization_endpoint?.value)
  return {
    ...credentials,
    issuer: isKnown ? issuer : (!isNamed && issuer) || url,
    profile: { name: isKnown ? known.name : 'oauth', ...profile },
  }
}

/** An app may leave the address to Auth.js, and have only its parameters. */
function isAt(url: string, usual: string | undefined): boolean {
  return url === '' || (usual !== undefined && URL.canParse(url) && new URL(url).origin === new URL(usual).origin)
}

function credentialsOf({ id, issuer: own, wellKnown, clientId, clientSecret }: Fields): ProviderOptions {
  const issuer = own ?? issuerOf(wellKnown)
  const slash = endsInSlash.includes(id) && issuer !== undefined && !issuer.endsWith('/') ? '/' : ''
  return { issuer: issuer && issuer + slash, clientId, ...(clientSecret && { clientSecret }) }
}

/** Of a provider that names only the address of its metadata (OpenID Connect Discovery, section 4). */
function issuerOf(wellKnown: string | undefined): string | undefined {
  return /^(https?:.*)\/\.well-known\/openid-configuration/.exec(wellKnown ?? '')?.[1]
}

/** The same providers, of which each asks its authorization endpoint for these as well. */
export function withParameters<P>(
  providers: readonly P[],
  parametersOf: (id: string) => Readonly<Record<string, string>>,
): P[] {
  return providers.map((given) => {
    const provider: unknown = typeof given === 'function' ? given() : given
    const { id, authorization: own } = fieldsOf(provider)
    const { options = {}, authorization } = provider as Fields
    const endpoint = { ...endpointOf(authorization), ...endpointOf(own) }
    const params = { ...endpointOf(authorization).params, ...endpointOf(own).params, ...parametersOf(id) }
    const asked = { ...endpoint, params }
    // Copies: version 4 writes what it merges into the objects that it is given.
    return { ...(provider as Fields), authorization: { ...asked }, options: { ...options, authorization: asked } } as P
  })
}

function fieldsOf(given: unknown): Fields {
  const { options = {}, ...fields }: Fields = typeof given === 'function' ? given() : given
  const own = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...fields, ...own }
}

/** What an address asks for by itself is a parameter like others: version 4 takes the address itself from discovery. */
function endpointOf(endpoint: Endpoint): { url?: string; params?: Record<string, unknown> } {
  if (typeof endpoint !== 'string') return endpoint ?? {}
  const { origin, pathname, searchParams } = new URL(endpoint)
  return { url: origin + pathname, params: Object.fromEntries(searchParams) }
}
