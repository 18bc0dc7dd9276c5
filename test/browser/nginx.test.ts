import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'
import { beforeAll, describe, expect, it } from 'vitest'
import { neededNginx } from '../../servers/dist/nginx.js'
import { describeInBrowser } from './chromium.ts'
import { buildNextApp, useNextApp } from './next-app.ts'
import { fatIdTokens } from './next-neighbours.ts'
import { visitsTo } from './next-visit.ts'

const page = readFileSync(new URL('../../docs/proxies.md', import.meta.url), 'utf8')
const [, roomFromDocs = ''] = /^```nginx\n([\s\S]*?)^```$/m.exec(page) ?? []

/** Everybody's way to build it, for the difference: see its README. */
describe('Next.js with Auth.js, before endsession, behind nginx', neededNginx, () => {
  beforeAll(async () => {
    const { code, written } = await buildNextApp('next-authjs-before')
    expect([code, written]).toEqual([0, expect.stringContaining('Generating static pages')])
  }, 600_000)

  async function tryToSignIn(tab: Page, origin: string, person: string): Promise<number | undefined> {
    await tab.goto(origin)
    await tab.getByRole('button', { name: 'Sign in' }).click()
    await tab.fill('input[name=sub]', person)
    const callback = tab.waitForResponse((response) => response.url().includes('/api/auth/callback/'))
    await tab.getByRole('button', { name: 'Continue' }).click()
    return (await callback).status()
  }

  describe('with ID tokens of 120 groups', () => {
    const narrow = useNextApp({ example: 'next-authjs-before', behindNginx: true, behaviours: fatIdTokens })
    describeInBrowser(
      'and nginx as it comes',
      (chromium) => {
        it('nobody can sign in: its answer is too large, and people see 502 (need 23)', async () => {
          const { page: tab } = await chromium.open()
          expect(await tryToSignIn(tab, narrow().origin, 'ana')).toBe(502)
          expect(narrow().nginx?.errors()).toContain('upstream sent too big header')
          await tab.goto(narrow().origin)
          await tab.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
        })
      },
      () => narrow().nginx?.pin ?? '',
    )

    const wide = useNextApp({
      example: 'next-authjs-before',
      behindNginx: true,
      behaviours: fatIdTokens,
      settings: roomFromDocs,
    })
    describeInBrowser(
      'and the settings of docs/proxies.md',
      (chromium) => {
        it('people can (need 23)', async () => {
          const { page: tab, context } = await chromium.open()
          expect(roomFromDocs).toContain('proxy_buffer_size')
          expect(await tryToSignIn(tab, wide().origin, 'ana')).toBe(302)
          await tab.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
          const cookie = await visitsTo(wide).copyCookies(context)
          expect(cookie.length).toBeGreaterThan(4096)
          expect(wide().nginx?.errors()).not.toMatch(/too big|too large/)
        })
      },
      () => wide().nginx?.pin ?? '',
    )
  })

  describe('with small ID tokens, and nginx as it comes', () => {
    const opened = useNextApp({ example: 'next-authjs-before', behindNginx: true })
    const { signIn, copyCookies, ask, signedInAtProvider } = visitsTo(opened)
    describeInBrowser(
      'the logout',
      (chromium) => {
        it('leaves a copied cookie alive, and the ID token in an address and in the log (needs 3, 24)', async () => {
          const { page: tab, context } = await chromium.open()
          await signIn(tab, 'ana')
          const copy = await copyCookies(context)
          const asked = tab.waitForRequest((request) => request.url().includes('/provider-sign-out?idToken=eyJ'))
          await tab.getByRole('button', { name: 'Log out' }).click()
          await asked
          await tab.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
          expect(await signedInAtProvider(context)).toBe(false)
          expect(await ask(copy)).toMatchObject({ page: 'Jobs of Alice', session: 'Alice' })
          expect(opened().nginx?.accesses('app.localhost')).toMatch(/idToken=eyJ[\w-]{8,}\.eyJ/)
        })

        it('of Auth.js alone is none: the next click on "Sign in" asks nobody (need 1)', async () => {
          const { page: tab } = await chromium.open()
          await signIn(tab, 'bea')
          await tab.getByRole('button', { name: 'Sign out of this app' }).click()
          await tab.getByRole('button', { name: 'Sign in' }).click()
          await tab.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
        })

        it('can be set off by a link on any other site (need 19)', async () => {
          const { page: tab, context } = await chromium.open()
          await signIn(tab, 'cleo')
          await tab.goto('about:blank')
          await tab.setContent(`<a href="${opened().origin}/api/auth/provider-sign-out">Win a car</a>`)
          await tab.getByRole('link', { name: 'Win a car' }).click()
          await tab.getByRole('heading', { name: 'Jobs of Alice' }).waitFor()
          expect(await signedInAtProvider(context)).toBe(false)
        })
      },
      () => opened().nginx?.pin ?? '',
    )
  })
})
