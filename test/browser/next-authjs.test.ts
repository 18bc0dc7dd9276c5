import { beforeAll, describe, expect, it } from 'vitest'
import { neededNginx } from '../../servers/dist/nginx.js'
import { describeInBrowser } from './chromium.ts'
import { buildNextApp, type NextAppWishes, type NextBuild, startNextApp, until, useNextApp } from './next-app.ts'
import { nextCases } from './next-cases.ts'
import { fatIdTokens } from './next-neighbours.ts'
import { nextPagesCases } from './next-pages-cases.ts'
import { nobody, postLogout, visitsTo } from './next-visit.ts'

/** A build takes its time on a busy machine. */
const buildMilliseconds = 600_000

/** A gate in front of the app, such as oauth2-proxy: it has a session of its own, and an address that ends it. */
const gate = `location = /gate/sign-out {
  add_header Set-Cookie "gate=; Max-Age=0; Path=/; Secure; HttpOnly";
  return 303 /;
}`

describe('Next.js with Auth.js, built once', () => {
  let built: NextBuild
  beforeAll(async () => {
    built = await buildNextApp()
  }, buildMilliseconds)

  it('builds with an empty environment (need 27)', () => {
    expect([built.code, built.written.includes('Generating static pages')]).toEqual([0, true])
  })

  describeInBrowser('on plain http', (chromium) => {
    const opened = useNextApp()
    nextCases(chromium, opened)
    nextPagesCases(chromium, opened)
  })

  describe('on https, behind nginx as it comes, with ID tokens of 120 groups', neededNginx, () => {
    const opened = useNextApp({ behindNginx: true, processes: 2, behaviours: fatIdTokens, settings: gate })
    describeInBrowser(
      'and two processes on one store',
      (chromium) => {
        nextCases(chromium, opened)
        const { signIn, copyCookies, ask } = visitsTo(opened)

        it('[A3 G1] whichever process a logout reaches, a copied cookie is dead at both (need 34)', async () => {
          const app = opened()
          for (const [at, process] of app.processes.entries()) {
            const { page, context } = await chromium.open()
            await signIn(page, `mia${at}`)
            const copy = await copyCookies(context)
            for (const one of app.processes) expect(await ask(copy, one)).toMatchObject({ page: 'Jobs of Alice' })
            const headers = { cookie: copy, 'sec-fetch-site': 'same-origin' }
            const body = new URLSearchParams()
            const answer = await app.fetch(`${process}/api/auth/endsession/logout`, { method: 'POST', headers, body })
            expect(answer.status).toBe(200)
            for (const one of app.processes) expect(await ask(copy, one)).toEqual(nobody)
          }
        })

        it('[M8 L24] whichever process hears of a logout elsewhere, it is over at both, and in the tab (need 34)', async () => {
          const app = opened()
          for (const [at, process] of app.processes.entries()) {
            const { page, context } = await chromium.open()
            await signIn(page, `nora${at}`)
            const copy = await copyCookies(context)
            const body = new URLSearchParams({ logout_token: await app.provider.logoutToken({ sub: `nora${at}` }) })
            const url = `${process}/api/auth/endsession/backchannel-logout`
            expect((await app.fetch(url, { method: 'POST', body })).status).toBe(200)
            for (const one of app.processes) expect(await ask(copy, one)).toEqual(nobody)
            await page.waitForURL(/\/api\/auth\/endsession\/logged-out/)
          }
        })

        it('a layer in front that has a cookie of its own goes along, where the logout comes out at its sign-out (need 29)', async () => {
          const { origin } = opened()
          const { page, context } = await chromium.open()
          await context.addCookies([{ name: 'gate', value: 'open', url: origin, httpOnly: true, secure: true }])
          const hasPassed = async () => (await context.cookies(origin)).some(({ name }) => name === 'gate')
          await signIn(page, 'paula')
          const copy = await copyCookies(context)
          expect(await hasPassed()).toBe(true)
          await postLogout(page, { returnTo: '/gate/sign-out' })
          await page.getByRole('heading', { name: 'Nobody is signed in' }).waitFor()
          expect([await hasPassed(), (await ask(copy)).session]).toEqual([false, null])
        })

        it('nginx has found nothing wrong with any answer (need 23)', () => {
          expect(opened().nginx?.errors()).not.toMatch(/too big|too large|invalid header/)
        })
      },
      () => opened().nginx?.pin ?? '',
    )
  })

  describeInBrowser('without authentication', (chromium) => {
    const modes = [
      ['on both sides everybody is in, and served', 'false', 'disabled', '200 jobs of unauthenticated', false],
      ['in the app alone, the service that believes in logins refuses', 'false', 'enabled', '503 feed_lost', true],
      ['in the service alone, it refuses who has logged in', 'true', 'disabled', '503 feed_lost', true],
    ] as const
    it.each(modes)('[L23] %s (need 20)', async (_what, enabled, auth, served, disagree) => {
      const off: NextAppWishes['environment'] = { AUTH_ENABLED: 'false', AUTH_SECRET: '', AUTH_KEYCLOAK_ISSUER: '' }
      const app = await startNextApp({ guard: { auth }, ...(enabled === 'false' && { environment: off }) })
      try {
        const { page } = await chromium.open()
        if (enabled === 'true') await visitsTo(() => app).signIn(page, 'olga')
        const disagreed = () => app.told.some(({ type }) => type === 'mode.disagreed')
        await until(async () => {
          await page.goto(app.origin)
          return (await page.locator('#jobs').textContent()) === served && disagreed() === disagree
        }, app.written)
        const name = enabled === 'true' ? 'Alice' : 'Unauthenticated'
        expect(await page.locator('h1').textContent()).toBe(`Jobs of ${name}`)
      } finally {
        await app.close()
      }
    })
  })
})
