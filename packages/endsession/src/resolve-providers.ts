import { checkKeys, isSecure, oneOf, type Tell } from './option-checks.ts'
import type { Options, ProviderOptions } from './options.ts'
import { profileFields, profileProblems } from './profiles/check-profile.ts'
import { profileFor, profileNames } from './profiles/index.ts'
import type { Profile } from './profiles/profile.ts'
import { lacksOpenid } from './profiles/without-openid.ts'
import { type Endpoint, endpointNames, isVisited, type ProviderConfig } from './protocol/provider.ts'

const knownKeys = [
  'issuer',
  'clientId',
  'clientSecret',
  'scope',
  'profile',
  'serverUrl',
  'endpoints',
  'callback',
] as const

export function checkProviders(
  given: Options['providers'] | undefined,
  report: Tell,
): ReadonlyMap<string, ProviderConfig> {
  const providers = new Map<string, ProviderConfig>()
  for (const [name, provider = {}] of Object.entries(given ?? {}) as [string, Partial<ProviderOptions>][]) {
    const path = `providers.${name}`
    if (!/^[\w-]{1,64}$/.test(name)) report(path, 'a name is made of letters, digits, _ and -')
    providers.set(name, checkProvider(provider, path, report))
  }
  if (providers.size === 0) report('providers', 'must name at least one provider')
  const seen = [...providers.values()].map(({ issuer, clientId }) => `${issuer} ${clientId}`)
  if (new Set(seen).size < seen.length) report('providers', 'must differ in issuer or clientId')
  return providers
}

/** `path`: how its problems are named. */
export function checkProvider(provider: Partial<ProviderOptions>, path: string, report: Tell): ProviderConfig {
  checkKeys(path, provider, knownKeys, report)
  const { issuer = '', clientId = '', clientSecret, scope = 'openid profile email', profile, serverUrl } = provider
  checkIssuer(issuer, profile?.name, `${path}.issuer`, report)
  if (clientId === '') report(`${path}.clientId`, 'is missing')
  if (clientSecret === '') report(`${path}.clientSecret`, 'is empty; leave it out for a public client')
  if (!String(scope).split(' ').includes('openid')) report(`${path}.scope`, 'must contain openid')
  if (serverUrl !== undefined && !URL.canParse(serverUrl)) report(`${path}.serverUrl`, 'must be a URL')
  checkProfile(profile, `${path}.profile`, report)
  const endpoints = checkEndpoints(provider.endpoints, `${path}.endpoints`, report)
  return {
    issuer,
    clientId,
    ...(clientSecret !== undefined && { clientSecret }),
    scope,
    ...(serverUrl !== undefined && { serverUrl }),
    ...(endpoints && { endpoints }),
    ...(oneOf(`${path}.callback`, provider.callback ?? 'shared', ['shared', 'own'], report) === 'own' && {
      ownCallback: true,
    }),
    profile: profileFor(issuer, profile),
  }
}

function checkIssuer(issuer: string, name: string | undefined, path: string, report: Tell): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  const other = lacksOpenid(issuer, name)
  if (other)
    report(
      path,
      `${other.why.value}, so nobody can sign in here with them alone. Put an OpenID provider between that signs in with ${other.title} (Keycloak, Dex, Auth0, …), and name that one here`,
    )
  else if (!url) report(path, 'must be the issuer URL of the provider, exactly as in its tokens')
  else if (!isSecure(url)) report(path, 'must be https; http works for loopback names only')
  else if (url.search || url.hash) report(path, 'must have no query and no fragment')
}

function checkProfile(profile: Partial<Profile> | undefined, path: string, report: Tell): void {
  checkKeys(path, profile, profileFields, report)
  for (const [field, whatToDo] of profileProblems(profile ?? {})) report(`${path}.${field}`, whatToDo)
  const { name } = profile ?? {}
  if (name !== undefined && !profileNames.includes(name) && !lacksOpenid('', name))
    report(`${path}.name`, `there is no such profile; known are ${profileNames.join(', ')}`)
}

/** Browsers are sent to some, with what they must not carry over http; the others are this process's own affair. */
function checkEndpoints(
  given: ProviderOptions['endpoints'],
  path: string,
  report: Tell,
): ProviderConfig['endpoints'] | undefined {
  checkKeys(path, given, endpointNames, report)
  const set = Object.entries(given ?? {}).filter((entry): entry is [Endpoint, string] => entry[1] !== undefined)
  for (const [name, address] of set) {
    const url = URL.canParse(address) ? new URL(address) : undefined
    if (!url || !/^https?:$/.test(url.protocol)) report(`${path}.${name}`, 'must be a URL')
    else if (isVisited(name) && !isSecure(url))
      report(`${path}.${name}`, 'must be https; http works for loopback names only')
  }
  // As they will be called: what is to be taken to the letter has to be known by it.
  const addresses = set
    .filter(([, address]) => URL.canParse(address))
    .map(([name, address]) => [name, new URL(address).href])
  return set.length > 0 ? Object.freeze(Object.fromEntries(addresses)) : undefined
}
