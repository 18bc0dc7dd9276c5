import type { FakeProvider } from 'endsession/testing'

/** A browser before Auth.js's routes: it keeps cookies, and goes where it is sent, by way of the providers. No sockets. */
export interface HttpBrowser {
  readonly name: string
  readonly cookies: Map<string, string>
  cookieHeader(): string
  get(path: string, headers?: Record<string, string>): Promise<Answer>
  post(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Answer>
  /** Auth.js's own login, from its button to the page behind it. */
  login(sub?: string, how?: LoginHow): Promise<Journey>
  /** From an answer on, through the provider, until a page comes. */
  follow(answer: Answer, how?: LoginHow): Promise<Journey>
}

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
}

export interface LoginHow {
  readonly provider?: string
  readonly callbackUrl?: string
  /** The person takes what asks for the login screen out of the address. */
  readonly ignoresPrompt?: boolean
  readonly [key: string]: unknown
}

export interface Journey {
  readonly answer: Answer
  readonly hops: readonly string[]
}

export const navigation = { accept: 'text/html', 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'same-origin' }

/** `ask`: the app, called as Next.js calls it. */
export function makeHttpBrowser(
  name: string,
  origin: string,
  ask: (request: Request) => Promise<Response>,
  providers: readonly FakeProvider[],
): HttpBrowser {
  const cookies = new Map<string, string>()
  const cookieHeader = () => [...cookies].map(([key, value]) => `${key}=${value}`).join('; ')

  async function request(
    method: 'GET' | 'POST',
    path: string,
    headers: Record<string, string>,
    body?: string,
  ): Promise<Answer> {
    const given = { ...(cookies.size > 0 && { cookie: cookieHeader() }), ...headers }
    const response = await ask(
      new Request(origin + path, { method, headers: given, ...(body !== undefined && { body }) }),
    )
    for (const line of response.headers.getSetCookie()) keep(line)
    return { status: response.status, headers: response.headers, text: await response.text() }
  }
  function keep(line: string): void {
    const [, key = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
    if (/Max-Age=0/.test(line)) cookies.delete(key)
    else cookies.set(key, value)
  }

  const form = { origin, 'content-type': 'application/x-www-form-urlencoded' }
  const browser: HttpBrowser = {
    name,
    cookies,
    cookieHeader,
    get: (path, headers = {}) => request('GET', path, { ...navigation, ...headers }),
    post: (path, fields = {}, headers = {}) =>
      request('POST', path, { ...navigation, ...form, ...headers }, new URLSearchParams(fields).toString()),
    async login(sub = 'alice', how = {}) {
      const { csrfToken } = JSON.parse((await browser.get('/api/auth/csrf')).text)
      const start = await browser.post(`/api/auth/signin/${how.provider ?? 'keycloak'}`, {
        csrfToken,
        callbackUrl: how.callbackUrl ?? '/inbox',
      })
      return browser.follow(start, { sub, ...how })
    },
    async follow(first, { ignoresPrompt, provider: _, callbackUrl: __, ...login } = {}) {
      const hops: string[] = []
      let answer = first
      for (;;) {
        const location = answer.headers.get('location')
        if (location === null || hops.length >= 20) return { answer, hops }
        let url = new URL(location, origin)
        const at = providers.find((one) => new URL(one.issuer).origin === url.origin)
        if (at) {
          hops.push(url.searchParams.get('prompt') === 'login' ? 'provider login' : 'provider')
          if (ignoresPrompt) {
            url.searchParams.delete('prompt')
            url.searchParams.set('max_age', '315360000')
          }
          url = at.authorize(url, { browser: name, ...login })
        }
        hops.push(url.pathname)
        if (!url.pathname.startsWith('/api/auth/')) return { answer, hops }
        answer = await browser.get(url.pathname + url.search)
      }
    },
  }
  return browser
}
