import { checkKeys, isSecure, oneOf, type Tell } from './option-checks.ts'
import type { Options, ProviderOptions } from './options.ts'
import { profileFields, profileProblems } from './profiles/check-profile.ts'
import { knownProvider, profileFor, profileNames } from './profiles/index.ts'
import { matchesIssuer } from './profiles/issuers.ts'
import type { KnownProvider } from './profiles/known-provider.ts'
import type { Profile } from './profiles/profile.ts'
import { type Endpoint, endpointNames, isVisited, type ProviderConfig } from './protocol/provider.ts'
import { plainOauthOf } from './protocol/without-openid.ts'

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
  const { clientId = '', clientSecret, profile, serverUrl } = provider
  const known = knownProvider(provider.issuer ?? '', profile?.name)
  const plain = known?.withoutOpenid
  const issuer = issuerOf(provider.issuer ?? '', known)
  const { scope = plain?.scope.value ?? 'openid profile email' } = provider
  checkIssuer(issuer, `${path}.issuer`, report)
  if (clientId === '') report(`${path}.clientId`, 'is missing')
  if (clientSecret === '' && !plain) report(`${path}.clientSecret`, 'is empty; leave it out for a public client')
  if (!plain && !String(scope).split(' ').includes('openid')) report(`${path}.scope`, 'must contain openid')
  if (serverUrl !== undefined && !URL.canParse(serverUrl)) report(`${path}.serverUrl`, 'must be a URL')
  checkProfile(profile, `${path}.profile`, report)
  const endpoints = checkEndpoints(provider.endpoints, `${path}.endpoints`, report)
  const chosen = profileFor(issuer, profile)
  if (plain) checkWithoutOpenid(provider, known, issuer, path, report)
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
    ...(plain && { withoutOpenid: plainOauthOf(plain, issuer, clientId, endpoints, chosen.userId) }),
    profile: chosen,
  }
}

/** Without OpenID no token says what the issuer is called: its sessions are kept by one name, however it is written here. */
function issuerOf(given: string, known: KnownProvider | undefined): string {
  const own = known?.withoutOpenid?.issuer
  const isItself = given === '' || known?.issuers.some((pattern) => matchesIssuer(pattern, given))
  return own !== undefined && isItself ? own : given
}

const loginEndpoints = ['authorization_endpoint', 'token_endpoint', 'userinfo_endpoint'] as const

/** Where a host logs in, none of the addresses is needed; otherwise one of them is of no use without the others. */
function checkWithoutOpenid(
  { clientSecret = '', endpoints = {} }: Partial<ProviderOptions>,
  { title, withoutOpenid }: KnownProvider,
  issuer: string,
  path: string,
  report: Tell,
): void {
  if (clientSecret === '')
    report(`${path}.clientSecret`, 'is missing: without OpenID, the secret is what makes the answer to a login ours')
  const missing = loginEndpoints.filter((name) => !endpoints[name])
  const own = withoutOpenid?.issuer
  // Somebody else's people, under the name of this one's.
  if (issuer === own && isElsewhere(endpoints.userinfo_endpoint, withoutOpenid?.endpoints.userinfo_endpoint?.value))
    report(`${path}.issuer`, `is missing: the userinfo_endpoint is not that of ${title}, so its people are others`)
  if (issuer === own || missing.length === 0) return
  if (own !== undefined)
    report(`${path}.issuer`, `${title} is ${own}: leave it out, or set endpoints with ${missing.join(', ')}`)
  else if (missing.length < loginEndpoints.length)
    report(`${path}.endpoints`, `must have ${missing.join(', ')} as well: there is no discovery`)
}

function isElsewhere(address: string | undefined, own = ''): boolean {
  return address !== undefined && URL.canParse(address) && new URL(address).host !== new URL(own).host
}

function checkIssuer(issuer: string, path: string, report: Tell): void {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined
  if (!url) report(path, 'must be the issuer URL of the provider, exactly as in its tokens')
  else if (!isSecure(url)) report(path, 'must be https; http works for loopback names only')
  else if (url.search || url.hash) report(path, 'must have no query and no fragment')
}

function checkProfile(profile: Partial<Profile> | undefined, path: string, report: Tell): void {
  checkKeys(path, profile, profileFields, report)
  for (const [field, whatToDo] of profileProblems(profile ?? {})) report(`${path}.${field}`, whatToDo)
  const { name } = profile ?? {}
  if (name !== undefined && !profileNames.includes(name))
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
