import { adfs } from './adfs.ts'
import { apple } from './apple.ts'
import { auth0, auth0V2Logout } from './auth0.ts'
import { authelia } from './authelia.ts'
import { authentik } from './authentik.ts'
import { azureAdB2c } from './azure-ad-b2c.ts'
import { casdoor } from './casdoor.ts'
import { cognito } from './cognito.ts'
import { descope } from './descope.ts'
import { dex } from './dex.ts'
import { discord } from './discord.ts'
import { duende } from './duende.ts'
import { entra } from './entra.ts'
import { facebook } from './facebook.ts'
import { fusionauth } from './fusionauth.ts'
import { generic } from './generic.ts'
import { github } from './github.ts'
import { gitlab } from './gitlab.ts'
import { google } from './google.ts'
import { hydra } from './hydra.ts'
import { matchesIssuer } from './issuers.ts'
import { kanidm } from './kanidm.ts'
import { keycloak } from './keycloak.ts'
import { type KnownProvider, profileOf } from './known-provider.ts'
import { linkedin } from './linkedin.ts'
import { loginGov } from './login-gov.ts'
import { logto } from './logto.ts'
import { oidcProvider } from './oidc-provider.ts'
import { okta } from './okta.ts'
import { onelogin } from './onelogin.ts'
import { pingfederate } from './pingfederate.ts'
import { pingone } from './pingone.ts'
import { plainOauth } from './plain-oauth.ts'
import type { Profile } from './profile.ts'
import { salesforce } from './salesforce.ts'
import { slack } from './slack.ts'
import { wso2 } from './wso2.ts'
import { zitadel } from './zitadel.ts'

/** All that is known, by name. */
export const knownProviders: readonly KnownProvider[] = [
  adfs,
  apple,
  auth0,
  auth0V2Logout,
  authelia,
  authentik,
  azureAdB2c,
  casdoor,
  cognito,
  descope,
  dex,
  discord,
  duende,
  entra,
  facebook,
  fusionauth,
  github,
  gitlab,
  google,
  hydra,
  kanidm,
  keycloak,
  linkedin,
  loginGov,
  logto,
  oidcProvider,
  okta,
  onelogin,
  pingfederate,
  pingone,
  salesforce,
  slack,
  wso2,
  zitadel,
  plainOauth,
]

/** The names that `profile.name` may have. */
export const profileNames: readonly string[] = ['generic', ...knownProviders.map(({ name }) => name)]

/** Who is meant, by `name`, or else by issuer; nothing: nobody that is known, or `generic`. */
export function knownProvider(issuer: string, name: string | undefined): KnownProvider | undefined {
  if (name !== undefined && profileNames.includes(name)) return knownProviders.find((known) => known.name === name)
  return knownProviders.find(({ issuers }) => issuers.some((pattern) => matchesIssuer(pattern, issuer)))
}

/** Who might be meant where nobody is chosen. A path proves nothing: people are asked. */
export function likelyProvider(issuer: string): KnownProvider | undefined {
  if (knownProvider(issuer, undefined) || !URL.canParse(issuer)) return undefined
  const { pathname } = new URL(issuer)
  return knownProviders.find(({ path }) => path !== undefined && pathname.startsWith(path))
}

/**
 * The profile that `override.name`, or else the issuer, selects, with the override's other fields over it. An unknown
 * name selects by the issuer: whoever takes names from people checks them against `profileNames` first.
 */
export function profileFor(issuer: string, override: Partial<Profile> = {}): Profile {
  const known = knownProvider(issuer, override.name)
  const selected = known ? profileOf(known) : generic
  return Object.freeze({ ...selected, ...withoutUndefined(override), name: selected.name })
}

/** A field that is there and `undefined` would otherwise wipe out the profile's. */
function withoutUndefined(override: Partial<Profile>): Partial<Profile> {
  return Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined))
}
