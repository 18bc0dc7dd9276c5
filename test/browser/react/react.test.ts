import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'
import { createElement, StrictMode } from 'react'
import { renderToString } from 'react-dom/server'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { bundle } from '../bundle.ts'
import { describeInBrowser, type Profile } from '../chromium.ts'
import { startWatchedApp, type WatchedApp } from '../watched-app.ts'
import { App } from './app.ts'

const until = (work: () => unknown) => vi.waitFor(work, { timeout: 20_000, interval: 20 })
const render = (person: string) =>
  `<link rel="icon" href="data:,"><div id="root" data-person="${person}">${renderToString(createElement(StrictMode, null, createElement(App, { person })))}</div><script type="module" src="/client.js"></script>`

describe('[L24] the React components, on the server', () => {
  it('are a plain form, with what was asked for in it', () => {
    const html = renderToString(createElement(App, { person: 'ana' }))
    expect(html).toContain(
      '<form action="/auth/logout" method="post"><input type="hidden" name="returnTo" value="/elsewhere"/><button type="submit" class="quiet">Log out</button></form>',
    )
    expect(html).toContain(
      '<form action="/auth/logout" method="post"><input type="hidden" name="scope" value="app"/><button type="submit">Log out</button></form>',
    )
  })
})

describeInBrowser('[L24] the React components', (chromium) => {
  let app: WatchedApp
  let profile: Profile
  let client: string
  beforeAll(async () => {
    client = await bundle(fileURLToPath(new URL('client.ts', import.meta.url)))
  })
  afterEach(async () => {
    expect(profile.complaints).toEqual([])
    await app.close()
  })

  async function signedIn(how: { javaScriptEnabled?: boolean } = {}): Promise<Page> {
    app = await startWatchedApp({ pages: { '/react': render }, files: { '/client.js': client } })
    profile = await chromium.open(how)
    const { page } = profile
    await page.goto(`${app.origin}/auth/login?returnTo=/react`)
    await page.locator('input').fill('ana')
    await page.getByRole('button').click()
    await page.getByRole('heading', { name: 'Inbox of ana' }).waitFor()
    if (how.javaScriptEnabled !== false) await page.locator('[data-alive]').waitFor()
    return page
  }
  const count = (what: string) => app.asked.filter((one) => one.startsWith(what)).length
  const elsewhere = (page: Page) => page.getByRole('heading', { name: 'Elsewhere' }).waitFor()

  it('log out where no script runs', async () => {
    const page = await signedIn({ javaScriptEnabled: false })
    await page.locator('.quiet').click()
    await page.waitForURL(/elsewhere|end-session/)
    expect(count('POST /auth/logout')).toBe(1)
    await page.goto(`${app.origin}/react`)
    await page.getByRole('heading', { name: 'Who are you?' }).waitFor()
  })

  it('[A13] log out once for two clicks, and tell the other tabs', async () => {
    const page = await signedIn()
    const other = await profile.context.newPage()
    await other.goto(`${app.origin}/react`)
    await until(() => expect(count('GET /auth/session')).toBeGreaterThan(1))
    app.provider.behaviours.slowSeconds = 1
    await page.locator('.quiet').dblclick({ noWaitAfter: true })
    await elsewhere(page)
    await other.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    expect(count('POST /auth/logout')).toBe(1)
  })

  it('log out from a menu, by a form as well', async () => {
    const page = await signedIn()
    await page.getByRole('button', { name: 'Leave by the menu' }).click()
    await elsewhere(page)
    expect([count('POST /auth/logout'), app.provider.signedIn()]).toEqual([1, true])
  })

  it('watch the session, once, also under StrictMode', async () => {
    const page = await signedIn()
    await until(() => expect(count('GET /auth/events')).toBe(1))
    await app.endsession.end({ provider: 'example', sub: 'ana' }, 'test')
    await page.getByRole('heading', { name: 'You are not signed in' }).waitFor()
    expect(count('GET /auth/events')).toBeLessThan(3)
  })
})
