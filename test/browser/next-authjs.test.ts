import Database from 'libsql'
import type { BrowserContext, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import { describeInBrowser } from './chromium.ts'
import { buildNextApp, type NextApp, startNextApp, until } from './next-app.ts'

/** A build takes its time on a busy machine. */
const buildMilliseconds = 600_000

describeInBrowser('Next.js with Auth.js, built and started', (chromium) => {
  let app: NextApp
  let built: Awaited<ReturnType<typeof buildNextApp>>
  beforeAll(async () => {
    built = await buildNextApp()
    app = await startNextApp()
  }, buildMilliseconds)
  afterAll(() => app?.close())
  afterEach(() => app.provider.endSession(`${app.provider.issuer}/end-session`))

  async function signIn(page: Page): Promise<void> {
    await page.goto(app.origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.fill('input[name=sub]', 'alice')
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
  }
  const cookieHeader = async (context: BrowserContext) =>
    (await context.cookies(app.origin)).map(({ name, value }) => `${name}=${value}`).join('; ')
  /** What a plain HTTP client gets with these cookies, from each kind of reader. */
  async function ask(cookie: string) {
    const get = async (path: string) =>
      (await fetch(app.origin + path, { headers: { cookie }, redirect: 'manual' })).text()
    return {
      page: /<h1>([^<]*)/.exec((await get('/')).replaceAll('<!-- -->', ''))?.[1],
      route: await get('/api/jobs'),
      session: JSON.parse(await get('/api/auth/session'))?.user?.name ?? null,
    }
  }
  const nobody = { page: 'Nobody is signed in', route: '{"error":"signed_out"}', session: null }

  it('builds with an empty environment (need 27)', () => {
    expect([built.code, built.written.includes('Generating static pages')]).toEqual([0, true])
  })

  it('[A3 A6 A7 G1] a login, a logout: copied cookie dead, service refuses, login screen shown, no token in the browser (needs 1, 2, 3)', async () => {
    const { page, context, complaints } = await chromium.open()
    const bodies: string[] = []
    const urls: string[] = []
    page.on('request', (request) => void urls.push(request.url()))
    page.on('response', async (response) => {
      if (response.url().startsWith(app.origin)) bodies.push(await response.text().catch(() => ''))
    })
    await signIn(page)
    await page.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    // The service's guard may have to ask for its lease first.
    await until(async () => {
      const served = (await page.locator('#jobs').textContent()) === '200 jobs of alice'
      if (!served) await page.reload()
      return served
    }, app.written)
    const copy = await cookieHeader(context)
    const [, token = ''] = (app.tokens.at(-1) ?? '').split(' ')
    expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice', session: 'Alice' })
    expect(bodies.join() + copy).not.toMatch(/eyJhbGciOi[\w-]+\.eyJ[\w-]*/)

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
    const askJobs = async () => (await fetch(app.jobs, { headers: { authorization: `Bearer ${token}` } })).status
    let status = await askJobs()
    await until(async () => {
      if (status === 503) status = await askJobs()
      return status !== 503
    })
    expect([token.length > 100, status]).toEqual([true, 401])
    expect(urls.filter((url) => url.startsWith(app.origin) && url.includes('eyJ'))).toEqual([])

    await page.goto(app.origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
    expect(complaints).toEqual([])
    expect(app.written()).not.toMatch(/error|eyJ/i)
  })

  it('[A3 A7] Auth.js’s own signOut, in a server action, ends it too; the next login shows the login screen (need 2)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page)
    const copy = await cookieHeader(context)
    await page.getByRole('button', { name: 'Sign out of this app' }).click()
    // To where the action leads, or to the landing page: whichever the tab hears of first.
    await page.getByRole('heading', { name: /Nobody is signed in|not signed in|signed out/ }).waitFor()
    expect(await ask(copy)).toEqual(nobody)
    expect(app.provider.signedIn()).toBe(true)
    await page.goto(app.origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  })

  it('[M8 L24] the provider’s logout token ends it in every tab, with nobody touching them (needs 4, 8)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page)
    const other = await context.newPage()
    await other.goto(app.origin)
    await other.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    const copy = await cookieHeader(context)
    const token = await app.provider.logoutToken({ sub: 'alice' })
    const told = await fetch(`${app.origin}/api/auth/endsession/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: token }),
    })
    expect(told.status).toBe(200)
    await Promise.all([page, other].map((tab) => tab.waitForURL(/\/api\/auth\/endsession\/logged-out/)))
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[A3] 200 requests beside a logout bring nothing back', async () => {
    const { page, context } = await chromium.open()
    await signIn(page)
    const copy = await cookieHeader(context)
    const renewed: string[] = []
    const request = async () => {
      const answer = await fetch(app.origin, { headers: { cookie: copy } })
      renewed.push(
        ...answer.headers.getSetCookie().flatMap((line) => /authjs\.session-token=es1[^;]+/.exec(line)?.[0] ?? []),
      )
    }
    const before = Array.from({ length: 100 }, request)
    await page.getByRole('button', { name: 'Log out' }).click()
    const beside = Array.from({ length: 100 }, request)
    await Promise.all([...before, ...beside])
    await page.waitForURL(/logged-out/)
    expect(renewed.length).toBeGreaterThan(0)
    expect(await ask(renewed.at(-1) ?? '')).toEqual(nobody)
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[A2 S12] while the store takes nothing a logout is a failure, and says so; it goes on by itself once it can', async () => {
    const { page, context } = await chromium.open()
    await signIn(page)
    const copy = await cookieHeader(context)
    const lock = new Database(app.database)
    try {
      lock.exec('BEGIN IMMEDIATE')
      const answer = page.waitForResponse((response) => response.url().endsWith('/endsession/logout'))
      await page.getByRole('button', { name: 'Log out' }).click()
      expect((await answer).status()).toBe(503)
      expect((await cookieHeader(context)).includes('authjs.session-token')).toBe(false)
      expect(await ask(copy)).toMatchObject({ session: 'Alice' })
      lock.exec('ROLLBACK')
    } finally {
      lock.close()
    }
    await page.waitForURL(/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[L23] without authentication everybody is in, and the service that believes in logins refuses (need 20)', async () => {
    const open = await startNextApp({ AUTH_ENABLED: 'false', AUTH_SECRET: '', AUTH_KEYCLOAK_ISSUER: '' })
    try {
      const { page } = await chromium.open()
      await until(async () => {
        await page.goto(open.origin)
        return (await page.locator('#jobs').textContent()) === '503 feed_lost'
      }, open.written)
      expect(await page.locator('h1').textContent()).toBe('Jobs of Unauthenticated')
    } finally {
      await open.close()
    }
  })
})
