import {
  createEndSession,
  type EndSession,
  type Event,
  memoryStore,
  type Options,
  type Profile,
  type Store,
} from 'endsession'
import { expressAdapter } from 'endsession/express'
import express, { type Express } from 'express'
import type { Page } from 'playwright-core'
import { afterEach, expect } from 'vitest'
import { clientSecret, serveProvider, signIn } from './provider.ts'
import { openSite, type Site } from './site.ts'

export interface Stage {
  readonly mail: Site
  readonly provider: Site
  readonly endsession: EndSession
  readonly store: Store
  readonly events: readonly Event[]
  /** Opens Mail in this tab and signs in at the provider. */
  logIn(page: Page, name?: string): Promise<void>
  /** What a plain request with the cookie that this tab's browser has now gets: a copy of it, in other hands. */
  copyCookie(page: Page): Promise<() => Promise<'in' | 'out'>>
}

export interface StageOptions {
  readonly options?: Partial<Options>
  /** Over the profile of `oidc-provider`. */
  readonly profile?: Partial<Profile>
  /** Middleware before everything else. */
  readonly before?: (app: Express) => void
  /** In place of a page for everybody at `/public` and Mail itself, for people who are signed in, at `/`. */
  readonly pages?: (app: Express, routes: ReturnType<typeof expressAdapter>, stage: Omit<Stage, 'logIn'>) => void
}

const sites: Site[] = []

/** Another site; like all that a test opens here, it is closed after that test. */
export async function openSiteForTest(name: string): Promise<Site> {
  const site = await openSite(name)
  sites.push(site)
  return site
}

/** Closes what a test has opened here. Call it once in each suite. */
export function closeSites(): void {
  afterEach(async () => {
    for (const site of sites.splice(0)) await site.close()
  })
}

/** Mail, an Express app with endsession, and a provider: real servers in this process, each a site of its own. */
export async function makeStage({ options, profile, before, pages = mailPages }: StageOptions = {}): Promise<Stage> {
  const mail = await openSiteForTest('mail')
  const provider = await openSiteForTest('id')
  serveProvider(provider, [mail])
  const events: Event[] = []
  const store = memoryStore()
  const endsession = createEndSession({
    baseUrl: mail.origin,
    secret: 'a secret of thirty-two bytes or more',
    store,
    unsafeLossyStore: true,
    providers: {
      example: {
        issuer: provider.origin,
        serverUrl: provider.serverUrl,
        clientId: mail.name,
        clientSecret,
        profile: { name: 'oidc-provider', ...profile },
      },
    },
    onEvent: (event) => void events.push(event),
    ...options,
  })
  const adapter = expressAdapter(endsession)
  const app = express()
  before?.(app)
  app.use(adapter.routes)
  const stage = { mail, provider, endsession, store, events, copyCookie: (page: Page) => copyCookie(mail, page) }
  pages(app, adapter, stage)
  mail.answerWith(app)
  return {
    ...stage,
    async logIn(page, name = 'ana') {
      await page.goto(`${mail.origin}/`)
      await signIn(page, name)
      await expect.poll(() => page.title()).toBe(`Mail of ${name}`)
    },
  }
}

/** What most apps do: one cookie is deleted, and that is all. The control of many tests. */
export const expireUsually = 'endsession=; Path=/; Max-Age=0'

const mailPages: NonNullable<StageOptions['pages']> = (app, { protect }) => {
  app.get('/public', (_request, response) => void response.send('<title>Public</title>'))
  app.get('/', protect, (request, response) => void response.send(renderMail(request.endsession.sub)))
  app.post('/usual-logout', (_request, response) => {
    response.setHeader('set-cookie', expireUsually)
    response.redirect(303, '/public')
  })
}

export function renderMail(name: string): string {
  return `<title>Mail of ${name}</title>
<form method="post" action="/auth/logout"><button>Log out</button></form>
<form method="post" action="/auth/logout"><button name="scope" value="everywhere">Log out everywhere</button></form>
<form method="post" action="/auth/logout"><button name="scope" value="app">Log out of Mail only</button></form>
<form method="post" action="/usual-logout"><button>Log out the usual way</button></form>`
}

async function copyCookie(mail: Site, page: Page): Promise<() => Promise<'in' | 'out'>> {
  const cookies = await page.context().cookies(mail.origin)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  return async () => {
    const answer = await fetch(`${mail.serverUrl}/`, { headers: { cookie, accept: 'text/html' }, redirect: 'manual' })
    return (await answer.text()).includes('<title>Mail of') ? 'in' : 'out'
  }
}

export function press(page: Page, button: string): Promise<void> {
  return page.getByRole('button', { name: button, exact: true }).click()
}

/** Where the browser has come to rest. */
export function expectTitle(page: Page, title: string): Promise<void> {
  return expect.poll(() => page.title()).toBe(title)
}

/** Times of logins are whole seconds, and one in the second of a logout counts as before it: people are not that fast. */
export function secondsLater(): Promise<void> {
  const began = Date.now()
  return expect.poll(() => Date.now() - began).toBeGreaterThan(2_000)
}
