/** Cookies of ours: all host-only, Path=/, HttpOnly, Lax. On https they carry the `__Host-` prefix. */
export interface CookieNames {
  readonly session: string
  /** Ends one session, opens nothing: takes the session cookie's place when the store fails. */
  readonly ticket: string
  /** A logout between its answer and the landing. */
  readonly logout: string
  /** One per provider that has to ask this browser's person again: this, and a name of its own behind it. */
  readonly fresh: string
  /** Attached: the host's login was asked for interactively, once. */
  readonly asked: string
  /** One per login in progress: this, and a name of its own behind it. */
  readonly loginPrefix: string
}

export interface CookieJar {
  readonly names: CookieNames
  /** `Set-Cookie` line; without `seconds` it lasts as long as the browser's session. */
  write(name: string, value: string, seconds?: number): string
  expire(name: string): string
}

export function createCookieJar(baseUrl: string): CookieJar {
  const secure = baseUrl.startsWith('https:')
  const base = secure ? '__Host-endsession' : 'endsession'
  const attributes = `; Path=/; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`
  return {
    names: {
      session: base,
      ticket: `${base}-ticket`,
      logout: `${base}-out`,
      fresh: `${base}-fresh`,
      asked: `${base}-asked`,
      loginPrefix: `${base}-in-`,
    },
    write: (name, value, seconds) =>
      `${name}=${value}${attributes}${seconds === undefined ? '' : `; Max-Age=${Math.floor(seconds)}`}`,
    expire: (name) => `${name}=${attributes}; Max-Age=0`,
  }
}

/** The value of one cookie. Of several with the same name the first, as RFC 6265 orders them. */
export function readCookie(request: Request, name: string): string | undefined {
  const header = request.headers.get('cookie')
  if (!header) return undefined
  for (const pair of header.split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && trim(pair.slice(0, at)) === name) return trim(pair.slice(at + 1))
  }
  return undefined
}

/** The names of all cookies that begin so, each once. */
export function cookieNames(request: Request, prefix: string): readonly string[] {
  const names = (request.headers.get('cookie') ?? '')
    .split(';')
    .map((pair) => pair.split('=', 1)[0] ?? '')
    .map(trim)
  return [...new Set(names.filter((name) => name.startsWith(prefix) && /^[\w-]+$/.test(name)))]
}

/** `String.trim` takes off more: a name behind U+00A0 passes a browser's check of `__Host-`, and must not pass here. */
function trim(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '')
}
