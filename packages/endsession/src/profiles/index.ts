import { entra } from './entra.ts'
import { generic } from './generic.ts'
import { google } from './google.ts'
import { oidcProvider } from './oidc-provider.ts'
import type { Profile } from './profile.ts'

const profiles: readonly Profile[] = [generic, oidcProvider, google, entra]

/** Providers that are known by their issuer. oidc-provider lives at any address, and is chosen by name. */
const issuers: readonly { readonly issuer: RegExp; readonly profile: Profile }[] = [
  { issuer: /^https:\/\/accounts\.google\.com$/, profile: google },
  { issuer: /^https:\/\/login\.microsoftonline\.com\//, profile: entra },
]

/** The names that `profile.name` may have. */
export const profileNames: readonly string[] = profiles.map((profile) => profile.name)

/**
 * The profile that `override.name`, or else the issuer, selects, with the override's other fields over it. An unknown
 * name selects `generic`: whoever takes names from people checks them against `profileNames` first.
 */
export function profileFor(issuer: string, override: Partial<Profile> = {}): Profile {
  const selected = byName(override.name) ?? byIssuer(issuer) ?? generic
  return Object.freeze({ ...selected, ...withoutUndefined(override), name: selected.name })
}

function byName(name: string | undefined): Profile | undefined {
  return profiles.find((profile) => profile.name === name)
}

function byIssuer(issuer: string): Profile | undefined {
  return issuers.find((known) => known.issuer.test(issuer))?.profile
}

/** A field that is there and `undefined` would otherwise wipe out the profile's. */
function withoutUndefined(override: Partial<Profile>): Partial<Profile> {
  return Object.fromEntries(Object.entries(override).filter(([, value]) => value !== undefined))
}
