import type { Profile } from './profile.ts'

type Kind = 'boolean' | 'text' | 'parameters' | 'bytes' | 'address' | readonly string[]

/** Every field of a profile, and what it may be. */
const kinds: Readonly<Record<keyof Profile, Kind>> = {
  name: 'text',
  idTokenHint: ['required', 'recommended', 'ignored', 'forbidden'],
  expiredHint: ['accepted', 'refused', 'unknown'],
  sendClientId: 'boolean',
  redirectParameter: ['post_logout_redirect_uri', 'returnTo', 'logout_uri', 'none'],
  extraParameters: 'parameters',
  logoutHintClaim: 'text',
  echoesState: 'boolean',
  urlLimitBytes: 'bytes',
  acceptsPost: 'boolean',
  endSessionUrl: 'address',
  revocation: ['standard', 'own', 'none'],
  revocationReach: ['token', 'grant', 'session', 'person'],
  revocationCoversAccessToken: 'boolean',
  revokeBeforeLeaving: 'boolean',
  logoutTokenHasExp: 'boolean',
  logoutTokenProves: ['session', 'nothing'],
  probeProves: 'boolean',
  sidUnguessable: 'boolean',
  sidReused: 'boolean',
  authTime: ['max_age', 'claims', 'never'],
  interactive: 'parameters',
  upstream: ['none', 'parameter', 'broker', 'unknown'],
  userId: 'text',
}

export const profileFields: readonly string[] = Object.keys(kinds)

/** What is wrong with the fields that somebody has set, each with what to do. A field that is `undefined` is not set. */
export function profileProblems(
  profile: Partial<Profile>,
): readonly (readonly [field: keyof Profile, whatToDo: string])[] {
  const fields = Object.keys(kinds) as (keyof Profile)[]
  return fields.flatMap((field) => {
    const value = profile[field]
    const whatToDo = value === undefined ? undefined : problemOf(kinds[field], value)
    return whatToDo === undefined ? [] : [[field, whatToDo] as const]
  })
}

function problemOf(kind: Kind, value: unknown): string | undefined {
  if (typeof kind !== 'string') return kind.includes(value as string) ? undefined : `must be one of ${kind.join(', ')}`
  const [isGood, whatToDo] = checks[kind]
  return isGood(value) ? undefined : whatToDo
}

const checks: Readonly<Record<Kind & string, readonly [(value: unknown) => boolean, string]>> = {
  boolean: [(value) => typeof value === 'boolean', 'must be true or false'],
  text: [(value) => typeof value === 'string' && value !== '', 'must be text'],
  parameters: [isParameters, 'must be parameters with text for values, like { prompt: "login" }'],
  bytes: [(value) => Number.isInteger(value) && Number(value) > 0, 'must be a number of bytes'],
  address: [
    isAddress,
    'must be an https URL, or a path at the issuer, like /v2/logout; http works for loopback names only',
  ],
}

function isParameters(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((text) => typeof text === 'string')
}

/** `//host` would be an address of somebody else's, and a backslash is a slash to browsers. */
function isAddress(value: unknown): boolean {
  if (typeof value !== 'string') return false
  if (/^\/(?![/\\])/.test(value)) return !value.includes('\\')
  if (!URL.canParse(value)) return false
  const { protocol, hostname } = new URL(value)
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname))
}

/** A name that never leaves this machine (RFC 6761, section 6.3). */
export function isLoopback(hostname: string): boolean {
  return /^(localhost|.+\.localhost|127(\.\d+){3}|\[::1\])$/.test(hostname)
}
