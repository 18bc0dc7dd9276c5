/** The provider's tokens: what Auth.js got, what the app's callbacks have copied of it, and what older cookies hold. */
import { decodeJwt } from 'jose'
import type { ProviderOptions, Tokens } from '../../index.ts'
import type { Account, Claims } from './library.ts'

/** Of a login that Auth.js has just done. */
export function tokensOf({ id_token, access_token, refresh_token, expires_at }: Account): Tokens {
  return {
    idToken: id_token ?? '',
    ...(access_token && { accessToken: access_token }),
    ...(access_token && typeof expires_at === 'number' && { accessTokenExpiresAt: expires_at }),
    ...(refresh_token && { refreshToken: refresh_token }),
  }
}

/** Deeper than anybody nests what goes into a cookie; beyond it nothing is kept. */
const deepest = 8

/** The same without any of the tokens, wherever they are, and under whatever name; `tell` gets each field's. */
export function withoutTokens<C extends Claims>(claims: C, tokens: Tokens, tell: (field: string) => void): C {
  const { idToken, accessToken, refreshToken } = tokens
  const secrets = [idToken, accessToken, refreshToken].filter(
    (token) => token !== undefined && token !== '',
  ) as string[]
  const holds = (value: string) => secrets.some((secret) => value.includes(secret))

  function cleaned(value: unknown, path: string, depth: number): unknown {
    if (typeof value === 'string') return holds(value) ? removed(path) : value
    if (typeof value !== 'object' || value === null) return value
    if (depth > deepest) return undefined
    if ('toJSON' in value && typeof value.toJSON === 'function') return cleaned(value.toJSON(), path, depth + 1)
    if (Array.isArray(value)) return value.map((part, place) => cleaned(part, `${path}[${place}]`, depth + 1))
    const fields = Object.entries(value).map(([name, part]) => [
      name,
      holds(name) ? removed(`a name in ${path || 'it'}`) : cleaned(part, path ? `${path}.${name}` : name, depth + 1),
    ])
    return Object.fromEntries(fields.filter(([, part]) => part !== undefined))
  }
  function removed(path: string): undefined {
    tell(path)
    return undefined
  }

  return cleaned(claims, '', 0) as C
}

export interface Earlier {
  /** The provider's name. */
  readonly provider: string
  readonly sub: string
  readonly tokens?: Tokens
}

/**
 * Who a cookie from before stands for; nothing where neither an ID token in it nor its only provider says so. `isOwnId`: Auth.js
 * has a database of people, and names them by its own ids.
 */
export function readEarlier(
  claims: Claims,
  providers: Readonly<Record<string, ProviderOptions>>,
  isOwnId: boolean,
): Earlier | undefined {
  const fields = fieldsOf(claims)
  for (const [name, value] of fields) {
    const found = /id.?token/i.test(name) ? ownerOf(value, providers) : undefined
    if (found) return { ...found, tokens: { idToken: value as string, ...otherTokens(fields) } }
  }
  const [only, ...more] = Object.keys(providers)
  const named = claims['provider']
  const provider = typeof named === 'string' && Object.hasOwn(providers, named) ? named : only
  if (provider === undefined || (more.length > 0 && provider !== named) || !claims.sub) return undefined
  // Number 5 of its database is nobody whom the provider calls 5.
  return { provider, sub: isOwnId ? `authjs:${claims.sub}` : claims.sub }
}

/** The fields of the cookie, and of what stands in them. */
function fieldsOf(claims: Claims): readonly (readonly [string, unknown])[] {
  return Object.entries(claims).flatMap(([name, value]) =>
    typeof value === 'object' && value !== null ? Object.entries(value) : [[name, value] as const],
  )
}

function otherTokens(fields: readonly (readonly [string, unknown])[]): Omit<Tokens, 'idToken'> {
  const text = (pattern: RegExp) =>
    fields.find(([name, value]) => pattern.test(name) && typeof value === 'string' && value !== '')?.[1] as
      | string
      | undefined
  const expires = fields.find(([name, value]) => /expires.?at/i.test(name) && typeof value === 'number')?.[1] as
    | number
    | undefined
  const [accessToken, refreshToken] = [text(/access.?token/i), text(/refresh.?token/i)]
  // Some write milliseconds.
  const at = expires !== undefined && expires > 1e11 ? expires / 1000 : expires
  return {
    ...(accessToken && { accessToken, ...(at !== undefined && { accessTokenExpiresAt: at }) }),
    ...(refreshToken && { refreshToken }),
  }
}

function ownerOf(
  token: unknown,
  providers: Readonly<Record<string, ProviderOptions>>,
): { provider: string; sub: string } | undefined {
  try {
    const { iss, aud, sub } = decodeJwt(token as string)
    const isFor = ({ issuer, clientId = '' }: ProviderOptions) => iss === issuer && [aud].flat().includes(clientId)
    const provider = Object.keys(providers).find((name) => isFor(providers[name] as ProviderOptions))
    return provider !== undefined && sub ? { provider, sub } : undefined
  } catch {
    return undefined
  }
}
