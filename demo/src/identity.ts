import type { Name, Plan } from './plan.ts'

/** Where things are at the provider and at the one behind it: the demo's own two, or two realms of one Keycloak. */
type Whose = Pick<Plan, 'provider' | 'urls'>

export function tokenEndpoint({ provider, urls }: Whose): string {
  return `${urls.provider}${provider === 'keycloak' ? '/protocol/openid-connect/token' : '/token'}`
}

export function authorizationEndpoint({ provider, urls }: Whose, at: 'provider' | 'acme'): string {
  return `${urls[at]}${provider === 'keycloak' ? '/protocol/openid-connect/auth' : '/auth'}`
}

/** Where Acme sends a browser back to Example ID. */
export function brokerCallback({ provider, urls }: Whose): string {
  return `${urls.provider}${provider === 'keycloak' ? '/broker/acme/endpoint' : '/acme/callback'}`
}

/** Two realms have one origin: whose page it is, its path says. */
export function isAt({ urls }: Pick<Plan, 'urls'>, name: Name, { href }: URL): boolean {
  return `${href}/`.startsWith(`${urls[name]}/`)
}
