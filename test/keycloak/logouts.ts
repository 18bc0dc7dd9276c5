/** The button, and what it ends at Keycloak. */
import { describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { probing, type Setting } from './setting.ts'
import {
  ana,
  askSilently,
  asksToSignIn,
  ben,
  claimsOf,
  confirmForm,
  greets,
  isIn,
  lastOf,
  logOut,
  refresh,
  rowsOf,
  secondsLater,
  signIn,
  toldTo,
} from './steps.ts'

/** What a logout with a probe finds where all goes well, and no service follows. */
const whole = {
  browser: 'ended cookies_expired',
  app: 'ended record_ended',
  tokens: 'ended revoked',
  services: 'impossible no_guard_follows',
  peers: 'requested peers_told_by_provider',
  provider: 'ended probe_login_required',
  upstream: 'unknown upstream_broker',
}

const withoutHint = { profile: { name: 'keycloak', idTokenHint: 'forbidden' } } as const

export function describeLogouts(at: () => Setting): void {
  describe('a logout', () => {
    it('[L1 L5 L11 A7] ends the session at Keycloak too: then it wants a login, and so does the app (needs 1, 3)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const browser = openBrowser()
      expect(greets(await signIn(browser, mail))).toBe(true)
      const copied = openBrowser(browser.cookies)
      expect(await askSilently(browser, keycloak)).toBe('code')

      const landing = await logOut(browser, mail)
      expect([landing.status, landing.url.pathname]).toEqual([200, '/auth/logged-out'])
      expect(rowsOf(mail)).toEqual(whole)
      expect(await askSilently(browser, keycloak)).toBe('login_required')
      expect(await isIn(copied, mail)).toBe(false)
      expect(await refresh(mail, lastOf(mail))).toBe('invalid_grant')
      expect(asksToSignIn(await browser.visit(mail.origin))).toBe(true)
      await secondsLater()
      expect(greets(await signIn(browser, mail))).toBe(true)
    })

    it('[M5 A14 L10] of scope `app` leaves it alone: one click logs back in, so that the tokens stay, and that is said (need 14)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const browser = openBrowser()
      await signIn(browser, mail)
      await logOut(browser, mail, { scope: 'app' })
      expect(rowsOf(mail)).toMatchObject({
        app: 'ended record_ended',
        tokens: 'skipped revocation_reaches_farther',
        provider: 'skipped outside_scope',
      })
      expect(await refresh(mail, lastOf(mail))).toBe('ok')
      expect(await askSilently(browser, keycloak)).toBe('code')
      await secondsLater()
      expect(greets(await browser.visit(mail.origin))).toBe(true)
    })

    it('[A7 M7 M10] everywhere asks for a new login on the other device too, though Keycloak knows it (need 15)', async () => {
      const { keycloak, open } = at()
      const [mail, calendar] = [await open('mail', probing), await open('calendar')]
      const [phone, laptop, bens] = [openBrowser(), openBrowser(), openBrowser()]
      await signIn(phone, mail)
      await signIn(laptop, mail)
      // Without another app the revocation of its tokens would end that session as well.
      await signIn(laptop, calendar)
      await signIn(bens, mail, ben)
      await logOut(phone, mail, { scope: 'everywhere' })
      expect(rowsOf(mail)).toEqual(whole)
      expect([await isIn(laptop, mail), await isIn(bens, mail)]).toEqual([false, true])
      expect(await askSilently(laptop, keycloak)).toBe('code')
      await secondsLater()
      const again = await laptop.visit(mail.origin)
      expect(asksToSignIn(again)).toBe(true)
      expect(greets(await laptop.submit(again, '#kc-form-login', { ...ana }))).toBe(true)
    })

    it('[M8 L13] reaches the other app of this browser, by a logout token with `sid`, and no other browser (needs 4, 16)', async () => {
      const { open } = at()
      const [mail, calendar] = [await open('mail', probing), await open('calendar')]
      const [laptop, phone] = [openBrowser(), openBrowser()]
      await signIn(laptop, mail)
      await signIn(laptop, calendar)
      const sid = claimsOf(lastOf(calendar).id_token)['sid']
      await signIn(phone, mail)
      await signIn(phone, calendar)
      await logOut(laptop, mail)
      expect(rowsOf(mail)).toEqual(whole)
      await expect.poll(() => isIn(laptop, calendar)).toBe(false)
      expect([await isIn(phone, mail), await isIn(phone, calendar)]).toEqual([true, true])
      const [token] = toldTo(calendar)
      expect(token).toMatchObject({ sid, exp: token?.['iat'] + 120 })
      expect(calendar.events).toContainEqual(expect.objectContaining({ type: 'session.ended', cause: 'backchannel' }))
    })

    it('[A2 L11 L13] that nobody confirms there ends nothing there: no token comes, and the report says it lives (needs 21, 22)', async () => {
      const { keycloak, open } = at()
      // Without a hint Keycloak asks the person first.
      const [mail, calendar] = [await open('mail', probing, withoutHint), await open('calendar')]
      const browser = openBrowser()
      await signIn(browser, mail)
      await signIn(browser, calendar)
      const asked = await logOut(browser, mail)
      expect(asked.html.querySelector(confirmForm)).not.toBeNull()
      const state = asked.url.searchParams.get('state')

      await browser.visit(`${mail.origin}/auth/logged-out?state=${state}`)
      expect(rowsOf(mail)).toEqual({ ...whole, provider: 'failed probe_still_signed_in' })
      expect(await askSilently(browser, keycloak)).toBe('code')
      expect([toldTo(mail), toldTo(calendar), await isIn(browser, calendar)]).toEqual([[], [], true])
    })

    it('[A2 L11] that nobody confirms there is a whole one all the same where no other app is used: the revocation ends it', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing, withoutHint)
      const browser = openBrowser()
      await signIn(browser, mail)
      const asked = await logOut(browser, mail)
      expect(asked.html.querySelector(confirmForm)).not.toBeNull()
      await browser.visit(`${mail.origin}/auth/logged-out?state=${asked.url.searchParams.get('state')}`)
      expect(rowsOf(mail)).toEqual(whole)
      expect(await askSilently(browser, keycloak)).toBe('login_required')
    })

    it('[L7 L11] that the person confirms there is a whole one, without a hint as well', async () => {
      const { open } = at()
      const mail = await open('mail', probing, withoutHint)
      const browser = openBrowser()
      await signIn(browser, mail)
      const asked = await logOut(browser, mail)
      const landing = await browser.submit(asked, confirmForm, { confirmLogout: 'Logout' })
      expect(landing.url.pathname).toBe('/auth/logged-out')
      expect(rowsOf(mail)).toEqual(whole)
    })

    it('[A2 L19] with an address that is not registered is an error page: nothing ended there, and nothing else is said (needs 11, 21)', async () => {
      const { keycloak, open } = at()
      const profile = { name: 'keycloak', extraParameters: { post_logout_redirect_uri: 'http://mail.localhost:1/' } }
      const mail = await open('mail', probing, { profile })
      const browser = openBrowser()
      await signIn(browser, mail)
      const page = await logOut(browser, mail)
      expect([page.status, page.url.origin]).toEqual([400, keycloak.url])
      expect(rowsOf(mail)).toMatchObject({ app: 'ended record_ended', provider: 'requested sent_to_provider' })
      expect(await askSilently(browser, keycloak)).toBe('code')
      expect(await isIn(browser, mail)).toBe(false)
    })
  })
}
