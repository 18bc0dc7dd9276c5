/** Auth.js's own cookies: their names, what they hold, and how they are removed. */

/** How Auth.js calls its cookies here. */
export interface CookieNames {
  /** Of its version. */
  readonly prefix: 'authjs' | 'next-auth'
  readonly secure: boolean
  /** What the app's configuration says instead. */
  readonly given?: GivenCookies | undefined
}

export type GivenCookies = Partial<Readonly<Record<Kind, GivenCookie>>>

interface GivenCookie {
  readonly name?: string
  readonly options?: {
    readonly path?: string | undefined
    readonly domain?: string | undefined
    readonly sameSite?: unknown
    readonly secure?: boolean | undefined
  }
}

type Kind = keyof typeof kinds

interface AuthCookie {
  readonly name: string
  readonly attributes: {
    readonly path: string
    readonly domain?: string
    readonly sameSite: string
    readonly secure: boolean
  }
}

const kinds = {
  sessionToken: 'session-token',
  callbackUrl: 'callback-url',
  csrfToken: 'csrf-token',
  pkceCodeVerifier: 'pkce.code_verifier',
  state: 'state',
  nonce: 'nonce',
  webauthnChallenge: 'challenge',
} as const

/** A browser holds a few of them; more come from somewhere else, and would fill our headers. */
const mostExpired = 16

/** As Auth.js has it: its default, and what the app's configuration says instead. */
export function authCookie({ prefix, secure, given }: CookieNames, kind: Kind): AuthCookie {
  const { name, options } = given?.[kind] ?? {}
  const { path, domain, sameSite, secure: own } = options ?? {}
  return {
    name: name ?? `${protectionOf(kind, secure)}${prefix}.${kinds[kind]}`,
    attributes: {
      path: path ?? '/',
      ...(domain && { domain }),
      sameSite: typeof sameSite === 'string' ? sameSite : 'lax',
      secure: own ?? secure,
    },
  }
}

function protectionOf(kind: Kind, secure: boolean): string {
  if (!secure) return ''
  return kind === 'csrfToken' ? '__Host-' : '__Secure-'
}

/** All cookies of a request. Of several with one name the first, decoded, as Auth.js reads them. */
export function readCookies(header: string | null): ReadonlyMap<string, string> {
  const cookies = new Map<string, string>()
  for (const pair of (header ?? '').split(';')) {
    const at = pair.indexOf('=')
    const name = trim(pair.slice(0, Math.max(0, at)))
    if (at > 0 && !cookies.has(name)) cookies.set(name, decoded(trim(pair.slice(at + 1))))
  }
  return cookies
}

function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}

function decoded(value: string): string {
  if (!value.includes('%')) return value
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}

/** The session cookie, put together from its chunks in the order that Auth.js puts them in. */
export function readSessionToken(cookies: ReadonlyMap<string, string>, name: string): string {
  const place = (chunk: string) => Number.parseInt(chunk.split('.').pop() || '0', 10)
  return [...cookies]
    .filter(([chunk, value]) => chunk.startsWith(name) && value)
    .toSorted(([a], [b]) => place(a) - place(b))
    .map(([, value]) => value)
    .join('')
}

/** `Set-Cookie` lines that remove what this browser has of Auth.js, under the names of http and of https. */
export function expireAuthCookies(names: CookieNames, header: string | null): readonly string[] {
  const { name: session } = authCookie(names, 'sessionToken')
  const last = (name: string) => Number(!name.startsWith(session))
  return [...readCookies(header).keys()]
    .toSorted((a, b) => last(a) - last(b))
    .flatMap((name) => {
      const found = ownerOf(names, name)
      return found ? [expire(name, found)] : []
    })
    .slice(0, mostExpired)
}

function ownerOf({ given, ...plain }: CookieNames, name: string): AuthCookie['attributes'] | undefined {
  for (const kind of Object.keys(kinds) as Kind[])
    for (const variant of [
      authCookie({ ...plain, given }, kind),
      authCookie({ ...plain, secure: !plain.secure }, kind),
    ])
      if (name === variant.name || (kind === 'sessionToken' && isChunk(name, variant.name))) return variant.attributes
  return undefined
}

function isChunk(name: string, whole: string): boolean {
  return name.startsWith(`${whole}.`) && /^\d{1,2}$/.test(name.slice(whole.length + 1))
}

function expire(name: string, { path, domain, sameSite, secure }: AuthCookie['attributes']): string {
  const isSecure = secure || /^__(Secure|Host)-/.test(name)
  const site = sameSite[0]?.toUpperCase() + sameSite.slice(1)
  return `${name}=; Max-Age=0; Path=${path}; HttpOnly${isSecure ? '; Secure' : ''}; SameSite=${site}${domain ? `; Domain=${domain}` : ''}`
}
