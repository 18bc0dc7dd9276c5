import { createEndSession } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import Database from 'libsql'
import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Chromium } from './chromium.ts'
import { type NextApp, until } from './next-app.ts'
import { listen } from './next-neighbours.ts'
import { listenTo, nobody, postLogout, readHistory, visitsTo } from './next-visit.ts'

/** A signed token. Auth.js's own cookies are encrypted, and begin in the same way. */
const token = /eyJ[\w-]{8,}\.eyJ/

/** What Next.js sends where a page is already there: it wants its own name for that in the address, and tells it. */
async function readPayload({ fetch, origin }: NextApp, cookie: string): Promise<string> {
  const headers = { cookie, rsc: '1' }
  const moved = (await fetch(origin, { headers })).headers.get('location')
  return (await fetch(new URL(moved ?? '/', origin), { headers })).text()
}

/** What holds for an app with Auth.js and endsession, whatever stands in front of it. */
export function nextCases(chromium: Chromium, opened: () => NextApp): void {
  const { signIn, copyCookies, ask, signedInAtProvider } = visitsTo(opened)
  const logOut = async (page: Page) => {
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
  }
  const meetLoginScreen = async (page: Page) => {
    await page.goto(opened().origin)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  }
  /** The service's guard may have to ask for its lease first, and has as long to hear of an end. */
  const comesTo = (authorization: string, status: number) =>
    until(async () => (await fetch(opened().jobs, { headers: { authorization } })).status === status)

  it('[A3 A7 G1] a login, a logout: copied cookie dead, service refuses, login screen shown (needs 1, 3, 5)', async () => {
    const app = opened()
    const { page, context, complaints } = await chromium.open()
    await signIn(page, 'ana')
    await until(async () => {
      const served = (await page.locator('#jobs').textContent()) === '200 jobs of ana'
      if (!served) await page.reload()
      return served
    }, app.written)
    const copy = await copyCookies(context)
    const access = app.tokens.at(-1) ?? ''
    expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice', session: 'Alice' })
    expect([access.length > 100, await signedInAtProvider(context)]).toEqual([true, true])
    await comesTo(access, 200)
    await logOut(page)
    expect(await ask(copy)).toEqual(nobody)
    expect(await signedInAtProvider(context)).toBe(false)
    await comesTo(access, 401)
    await meetLoginScreen(page)
    expect(complaints).toEqual([])
    expect(app.written()).not.toMatch(/error/i)
  })

  it('[A6] no token is in any address of ours, history entry, cookie, page, RSC payload or log (needs 2, 24)', async () => {
    const app = opened()
    const { page, context } = await chromium.open()
    const heard = listenTo(page, app.origin)
    await signIn(page, 'bea')
    const cookie = await copyCookies(context)
    const payload = await readPayload(app, cookie)
    await logOut(page)
    await heard.settled()
    const ours = (urls: readonly string[]) => urls.filter((url) => url.startsWith(app.origin))
    const history = ours(await readHistory(page))
    expect(payload).toContain('Jobs of ')
    expect([history.length > 0, heard.answers.length > 5]).toEqual([true, true])
    expect([...ours(heard.urls), ...history, cookie, payload].filter((text) => token.test(text))).toEqual([])
    // The one answer that sends the browser to the provider may hold the hint.
    const pages = heard.answers.filter((text) => !text.includes('/end-session'))
    expect(pages.filter((text) => token.test(text))).toEqual([])
    expect(app.written() + (app.nginx?.accesses('app.localhost') ?? '')).not.toMatch(token)
    // The control: tokens are there to be found.
    expect(app.tokens.at(-1)).toMatch(token)
  })

  it('[A10] no answer has headers of 4 KiB, and after the logout no cookie of Auth.js is left (needs 9, 23)', async () => {
    const { page, context } = await chromium.open()
    const heard = listenTo(page, opened().origin)
    const names = async () => (await context.cookies(opened().origin)).map(({ name }) => name)
    await signIn(page, 'cleo')
    const secure = opened().origin.startsWith('https:')
    expect(await names()).toEqual(
      expect.arrayContaining([
        secure ? '__Secure-authjs.session-token' : 'authjs.session-token',
        secure ? '__Secure-authjs.callback-url' : 'authjs.callback-url',
        secure ? '__Host-authjs.csrf-token' : 'authjs.csrf-token',
      ]),
    )
    await logOut(page)
    expect((await names()).filter((name) => name.includes('authjs'))).toEqual([])
    await heard.settled()
    expect(heard.headerBytes()).toBeLessThan(4096)
  })

  it('[A3 A7] Auth.js’s own signOut, in a server action, ends it too; the next login shows the login screen (need 2)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page, 'dora')
    const copy = await copyCookies(context)
    await page.getByRole('button', { name: 'Sign out of this app' }).click()
    // To where the action leads, or to the landing page: whichever the tab hears of first.
    await page.getByRole('heading', { name: /Nobody is signed in|not signed in|signed out/ }).waitFor()
    expect(await ask(copy)).toEqual(nobody)
    expect(await signedInAtProvider(context)).toBe(true)
    await meetLoginScreen(page)
  })

  it('[M8 L24] the provider’s logout token ends it in every tab, with nobody touching them (needs 4, 8, 31)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page, 'eva')
    const other = await context.newPage()
    await other.goto(opened().origin)
    await other.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    const copy = await copyCookies(context)
    const told = await opened().fetch(`${opened().origin}/api/auth/endsession/backchannel-logout`, {
      method: 'POST',
      body: new URLSearchParams({ logout_token: await opened().provider.logoutToken({ sub: 'eva' }) }),
    })
    expect(told.status).toBe(200)
    await Promise.all([page, other].map((tab) => tab.waitForURL(/\/api\/auth\/endsession\/logged-out/)))
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[L25 L24] an admin’s end, from a process of its own, reaches the tab as well (need 25)', async () => {
    const { origin, secret, database, provider, fetch } = opened()
    const { page, context } = await chromium.open()
    await signIn(page, 'fay')
    const copy = await copyCookies(context)
    const { issuer, clientId, clientSecret } = provider
    const office = createEndSession({
      baseUrl: origin,
      secret,
      store: sqliteStore(new Database(database)),
      providers: { keycloak: { issuer, clientId, clientSecret } },
      runtime: { fetch },
    })
    try {
      await office.end({ provider: 'keycloak', sub: 'fay' }, 'has left the company')
    } finally {
      await office.close()
    }
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[M7] everywhere ends it in the other browser, too, and there the login screen comes next (need 15)', async () => {
    const [here, there] = [await chromium.open(), await chromium.open()]
    await signIn(here.page, 'gil')
    await signIn(there.page, 'gil')
    const copies = [await copyCookies(here.context), await copyCookies(there.context)]
    await postLogout(here.page, { scope: 'everywhere' })
    await Promise.all([here, there].map(({ page }) => page.waitForURL(/\/api\/auth\/endsession\/logged-out/)))
    for (const copy of copies) expect(await ask(copy)).toEqual(nobody)
    expect(await signedInAtProvider(there.context)).toBe(true)
    await meetLoginScreen(there.page)
  })

  it('[A3] 200 requests beside a logout bring nothing back (need 6)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page, 'hal')
    const copy = await copyCookies(context)
    const renewed: string[] = []
    const request = async () => {
      const answer = await opened().fetch(opened().origin, { headers: { cookie: copy } })
      const lines = answer.headers.getSetCookie()
      renewed.push(...lines.flatMap((line) => /^[\w-]*authjs\.session-token=es1[^;]+/.exec(line)?.[0] ?? []))
      await answer.text()
    }
    // The control: an answer to somebody who is signed in does set the cookie again.
    await request()
    expect(renewed.length).toBeGreaterThan(0)
    const before = Array.from({ length: 100 }, request)
    await page.getByRole('button', { name: 'Log out' }).click()
    const beside = Array.from({ length: 100 }, request)
    await Promise.all([...before, ...beside])
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(renewed.at(-1) ?? '')).toEqual(nobody)
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[A3 L20] a refresh that is on its way when the person logs out brings nothing back (needs 6, 26)', async () => {
    const { provider, fetch, origin, held, holdTokens, tokens } = opened()
    const { page, context } = await chromium.open()
    let release = () => {}
    try {
      // So short that each request wants a fresh one.
      provider.behaviours.expiresIn = 20
      await signIn(page, 'ida')
      const copy = await copyCookies(context)
      release = holdTokens()
      const late = fetch(`${origin}/api/jobs`, { headers: { cookie: copy } }).then((answer) => answer.text())
      await until(() => held() > 0)
      await logOut(page)
      release()
      expect(await late).not.toContain('200 jobs')
      expect(await ask(copy)).toEqual(nobody)
      await comesTo(tokens.findLast((one) => token.test(one)) ?? '', 401)
    } finally {
      release()
      delete provider.behaviours.expiresIn
    }
  })

  it('[A5] no prefetch ends anything, by a browser or by Next.js (need 18)', async () => {
    const { fetch, origin } = opened()
    const { page, context } = await chromium.open()
    await signIn(page, 'jo')
    const copy = await copyCookies(context)
    const fetched = page.waitForResponse(`${origin}/api/auth/endsession/logout`)
    await page.evaluate(() => {
      document.head.append(
        Object.assign(document.createElement('link'), { rel: 'prefetch', href: '/api/auth/endsession/logout' }),
      )
    })
    expect((await fetched).status()).toBe(204)
    for (const path of ['/api/auth/endsession/logout', '/api/auth/signout'])
      for (const hint of [{ 'next-router-prefetch': '1', rsc: '1' }, { 'sec-purpose': 'prefetch;prerender' }])
        await fetch(origin + path, { headers: { cookie: copy, ...(hint as Record<string, string>) } })
    expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice', session: 'Alice' })
  })

  it('[A5] no other site ends it, by a form or by a link (need 19)', async () => {
    const { fetch, origin } = opened()
    const logout = `${origin}/api/auth/endsession/logout`
    const other = await listen((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/html' })
      response.end(
        `<form method="post" action="${logout}"><button>Win a car</button></form><a href="${logout}">Or this</a>`,
      )
    })
    try {
      const { page, context } = await chromium.open()
      await signIn(page, 'kim')
      const copy = await copyCookies(context)
      await page.goto(`http://other.localhost:${other.port}/`)
      const refused = page.waitForResponse((response) => response.url() === logout)
      await page.getByRole('button', { name: 'Win a car' }).click()
      expect((await refused).status()).toBe(403)
      await page.goto(`http://other.localhost:${other.port}/`)
      await page.getByRole('link', { name: 'Or this' }).click()
      await page.waitForURL(logout)
      expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice', session: 'Alice' })
      const post = (site: string) =>
        fetch(logout, {
          method: 'POST',
          headers: { cookie: copy, 'sec-fetch-site': site },
          body: new URLSearchParams(),
        })
      expect((await post('cross-site')).status).toBe(403)
      expect(await ask(copy)).toMatchObject({ session: 'Alice' })
      // The control: one of our own pages may.
      expect((await post('same-origin')).status).toBe(200)
      expect(await ask(copy)).toEqual(nobody)
    } finally {
      await other.close()
    }
  })

  it('[A2 S12] while the store takes nothing a logout is a failure, and says so; it goes on by itself once it can (needs 20, 21)', async () => {
    const { page, context } = await chromium.open()
    await signIn(page, 'lea')
    const copy = await copyCookies(context)
    const lock = new Database(opened().database)
    try {
      lock.exec('PRAGMA busy_timeout = 20000')
      lock.exec('BEGIN IMMEDIATE')
      const answer = page.waitForResponse((response) => response.url().endsWith('/endsession/logout'))
      await page.getByRole('button', { name: 'Log out' }).click()
      expect((await answer).status()).toBe(503)
      expect(await copyCookies(context)).not.toContain('authjs.session-token')
      expect(await ask(copy)).toMatchObject({ session: 'Alice' })
      lock.exec('ROLLBACK')
    } finally {
      lock.close()
    }
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
  })
}
