import type { BrowserContext, Page } from 'playwright-core'
import type { NextApp } from './next-app.ts'

/** What each kind of reader says to somebody with these cookies. */
export interface Asked {
  readonly page: string | undefined
  readonly route: string
  readonly session: string | null
}

export const nobody: Asked = { page: 'Nobody is signed in', route: '{"error":"signed_out"}', session: null }

export interface Visit {
  /** Each test signs in as somebody of its own: what has ended for one person says nothing of another. */
  signIn(page: Page, person: string): Promise<void>
  /** What this browser sends the app: a copy, for other hands. */
  copyCookies(context: BrowserContext): Promise<string>
  /** What a plain HTTP client gets with these cookies. @default at: the app's origin */
  ask(cookie: string, at?: string): Promise<Asked>
  /** Whether this browser has a session at the provider. */
  signedInAtProvider(context: BrowserContext): Promise<boolean>
}

/** What people and thieves do at the app that `opened` answers. */
export function visitsTo(opened: () => NextApp): Visit {
  return {
    async signIn(page, person) {
      await page.goto(opened().origin)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.fill('input[name=sub]', person)
      await page.getByRole('button', { name: 'Continue' }).click()
      await page.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
      // Auth.js's own script has asked, too: nothing is on its way that could set a cookie.
      await page.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    },
    copyCookies: async (context) =>
      (await context.cookies(opened().origin)).map(({ name, value }) => `${name}=${value}`).join('; '),
    async ask(cookie, at = opened().origin) {
      const get = async (path: string) => (await opened().fetch(at + path, { headers: { cookie } })).text()
      return {
        page: /<h1>([^<]*)/.exec((await get('/')).replaceAll('<!-- -->', ''))?.[1],
        route: await get('/api/jobs'),
        session: JSON.parse(await get('/api/auth/session'))?.user?.name ?? null,
      }
    },
    async signedInAtProvider(context) {
      const cookies = await context.cookies(opened().provider.issuer)
      const browser = cookies.find(({ name }) => name === 'browser')?.value
      return browser !== undefined && opened().provider.signedIn(browser)
    },
  }
}

/** The logout's form, with fields that no button of the example has. */
export function postLogout(page: Page, fields: Readonly<Record<string, string>>): Promise<void> {
  return page.evaluate((all) => {
    const form = document.createElement('form')
    Object.assign(form, { method: 'post', action: '/api/auth/endsession/logout' })
    for (const [name, value] of Object.entries(all))
      form.append(Object.assign(document.createElement('input'), { name, value }))
    document.body.append(form)
    // Not `submit`: the page hears of the logout, and is to know that it is its own.
    form.requestSubmit()
  }, fields)
}

export interface Heard {
  /** Every address that was asked for, the provider's as well. */
  readonly urls: readonly string[]
  /** What the app has answered: headers and bodies. */
  readonly answers: readonly string[]
  /** The largest header that the app has answered with: status line, and lines with their ends. */
  readonly headerBytes: () => number
  /** Resolves once all of it is there. */
  settled(): Promise<void>
}

/** Everything that passes between this tab and the app from now on. */
export function listenTo(page: Page, origin: string): Heard {
  const urls: string[] = []
  const answers: string[] = []
  const sizes: number[] = []
  const reading: Promise<void>[] = []
  page.on('request', (request) => void urls.push(request.url()))
  page.on('response', (response) => {
    if (!response.url().startsWith(origin)) return
    const stream = response.headers()['content-type'] === 'text/event-stream'
    reading.push(
      response.headersArray().then(async (headers) => {
        const lines = headers.map(({ name, value }) => `${name}: ${value}\r\n`).join('')
        sizes.push(Buffer.byteLength(`HTTP/1.1 500 Internal Server Error\r\n${lines}\r\n`))
        answers.push(lines)
        // A stream goes on, and a page that was left behind has no body any more.
        if (!stream) answers.push(await response.text().catch(() => ''))
      }),
    )
  })
  return {
    urls,
    answers,
    headerBytes: () => Math.max(...sizes),
    settled: async () => void (await Promise.allSettled(reading)),
  }
}

/** The addresses in this tab's history. */
export async function readHistory(page: Page): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page)
  const { entries } = await session.send('Page.getNavigationHistory')
  await session.detach()
  return entries.map(({ url }) => url)
}
