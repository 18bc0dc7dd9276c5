import type { Page } from 'playwright-core'
import { expect, it } from 'vitest'
import type { Chromium } from './chromium.ts'
import { type NextApp, until } from './next-app.ts'
import { listenTo, visitsTo } from './next-visit.ts'

/** What holds in the Pages Router: `pages/` of the same app, which its App Router has built and serves as well. */
export function nextPagesCases(chromium: Chromium, opened: () => NextApp): void {
  const { signIn, copyCookies } = visitsTo(opened)
  /** Signed in, on a page of the Pages Router. */
  async function openClassic(page: Page, person: string): Promise<void> {
    await signIn(page, person)
    await page.goto(`${opened().origin}/classic`)
    await page.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
  }
  /** What a plain HTTP client gets with these cookies. */
  async function ask(cookie: string) {
    const get = async (path: string) => (await opened().fetch(opened().origin + path, { headers: { cookie } })).text()
    return {
      page: /<h1>([^<]*)/.exec((await get('/classic')).replaceAll('<!-- -->', ''))?.[1],
      route: JSON.parse(await get('/api/classic')),
    }
  }
  const nobody = { page: 'Nobody is signed in', route: { error: 'signed_out' } }

  it('[A3 A6] a page and an API route of the Pages Router know the person, and call the service; logged out there, a copied cookie is dead (need 27)', async () => {
    const app = opened()
    const { page, context, complaints } = await chromium.open()
    const heard = listenTo(page, app.origin)
    await openClassic(page, 'petra')
    await page.locator('#client', { hasText: 'authenticated Alice' }).waitFor()
    // The service's guard may have to ask for its lease first.
    await until(async () => {
      const served = (await page.locator('#jobs').textContent()) === '200 jobs of petra'
      if (!served) await page.reload()
      return served
    }, app.written)
    const copy = await copyCookies(context)
    expect(await ask(copy)).toEqual({
      page: 'Jobs of Alice',
      route: { name: 'Alice', sub: 'petra', hasToken: true },
    })
    const token = app.tokens.at(-1)?.split(' ')[1] ?? ''
    await heard.settled()
    const shown = heard.answers.join()
    expect([token.length > 100, shown.includes('Jobs of'), shown.includes(token)]).toEqual([true, true, false])

    await page.getByRole('button', { name: 'Log out' }).click()
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
    await page.goto(`${app.origin}/classic`)
    await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
    expect(complaints).toEqual([])
    expect(app.written()).not.toMatch(/error/i)
  })

  it('[M8 L24] the provider’s logout token empties an open page of the Pages Router, with nobody touching it (needs 4, 8)', async () => {
    const app = opened()
    const { page, context } = await chromium.open()
    await openClassic(page, 'quentin')
    const copy = await copyCookies(context)
    const body = new URLSearchParams({ logout_token: await app.provider.logoutToken({ sub: 'quentin' }) })
    const told = await app.fetch(`${app.origin}/api/auth/endsession/backchannel-logout`, { method: 'POST', body })
    expect(told.status).toBe(200)
    await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
  })

  it('[A3] nothing is kept in a module: what one router has ended is over in the other (need 27)', async () => {
    const app = opened()
    const { page, context } = await chromium.open()
    await openClassic(page, 'rosa')
    const other = await context.newPage()
    await other.goto(app.origin)
    await other.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
    const copy = await copyCookies(context)
    expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice' })
    await other.getByRole('button', { name: 'Log out' }).click()
    await other.waitForURL(/logged-out/)
    expect(await ask(copy)).toEqual(nobody)
    await page.waitForURL(/logged-out/)
  })
}
