/** Auth.js's providers: what we read of them, and what we have them ask for. */
import type { NextAuthConfig } from 'next-auth'
import { EndSessionError } from '../../errors.ts'
import type { ProviderOptions } from '../../index.ts'

/** What Auth.js does not know of a provider. */
export type ProviderExtras = Pick<ProviderOptions, 'profile' | 'serverUrl'>

type Endpoint = string | { url?: string; params?: Record<string, unknown> } | undefined

/** The fields of Auth.js's providers that count here; `options` are the app's own, and win. */
interface Fields {
  readonly id: string
  readonly type: string
  readonly issuer?: string
  readonly clientId?: string
  readonly clientSecret?: string
  readonly authorization?: Endpoint
  readonly options?: Partial<Fields>
}

/** Their issuer ends in a slash, which people leave out, and Auth.js does not mind. */
const endsInSlash = ['auth0']

/** As Auth.js has resolved them, environment included. Throws ERR_OPTIONS for one that has no ID tokens. */
export function readProviders(
  { providers }: NextAuthConfig,
  extras: Readonly<Record<string, ProviderExtras>> = {},
): Record<string, ProviderOptions> {
  const all = providers.map(fieldsOf)
  const others = all
    .filter(({ type }) => type !== 'oidc')
    .map(({ id, type }) => `- providers.${id}: is ${type}, not oidc`)
  const unknown = Object.keys(extras).filter((name) => !all.some(({ id }) => id === name))
  const problems = [...others, ...unknown.map((name) => `- providers.${name}: Auth.js has no such provider`)]
  if (problems.length > 0)
    throw new EndSessionError('ERR_OPTIONS', `The options do not work yet:\n${problems.join('\n')}`)
  return Object.fromEntries(all.map((one) => [one.id, { ...credentialsOf(one), ...extras[one.id] }]))
}

function credentialsOf({ id, issuer, clientId, clientSecret }: Fields): ProviderOptions {
  const slash = endsInSlash.includes(id) && issuer !== undefined && !issuer.endsWith('/') ? '/' : ''
  return { issuer: issuer && issuer + slash, clientId, ...(clientSecret && { clientSecret }) }
}

/** The same providers, of which each asks its authorization endpoint for these as well. */
export function withParameters(
  { providers }: NextAuthConfig,
  parametersOf: (id: string) => Readonly<Record<string, string>>,
): NextAuthConfig['providers'] {
  return providers.map((given) => {
    const provider = typeof given === 'function' ? given() : given
    const { id, authorization: own } = fieldsOf(provider)
    const { options = {}, authorization } = provider as unknown as Fields
    const endpoint = { ...endpointOf(authorization), ...endpointOf(own) }
    const params = { ...endpointOf(authorization).params, ...endpointOf(own).params, ...parametersOf(id) }
    return { ...provider, options: { ...options, authorization: { ...endpoint, params } } } as typeof provider
  })
}

function fieldsOf(given: NextAuthConfig['providers'][number]): Fields {
  const { options = {}, ...fields } = (typeof given === 'function' ? given() : given) as unknown as Fields
  const own = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
  return { ...fields, ...own }
}

function endpointOf(endpoint: Endpoint): { url?: string; params?: Record<string, unknown> } {
  return typeof endpoint === 'string' ? { url: endpoint } : (endpoint ?? {})
}
