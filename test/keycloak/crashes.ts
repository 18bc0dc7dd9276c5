/** Keycloak killed while somebody is logging out, and started again. */
import { describe, expect, it } from 'vitest'
import { nextOf, openBrowser } from './browser.ts'
import { probing, type Setting } from './setting.ts'
import { askSilently, isIn, lastOf, logOut, refresh, rowsOf, signIn } from './steps.ts'

export function describeCrashes(at: () => Setting): void {
  describe('Keycloak, killed in the middle of a logout', () => {
    it('[A1 A12 A13] costs nothing that is ended here; once it is back, the same way ends the rest (needs 20, 21)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const browser = openBrowser()
      await signIn(browser, mail)
      const copied = openBrowser(browser.cookies)
      // Ours has answered; the browser has not gone on yet.
      const leaving = await logOut(browser, mail, {}, keycloak.url)
      await keycloak.kill()
      expect(rowsOf(mail)).toMatchObject({ app: 'ended record_ended', provider: 'requested sent_to_provider' })
      expect(await isIn(copied, mail)).toBe(false)
      await expect(browser.visit(keycloak.url)).rejects.toThrow()
      // With no session left, and a provider that is down, the button gives the same way again.
      const again = await logOut(browser, mail, {}, keycloak.url)
      expect(again.status).toBe(200)
      expect(rowsOf(mail)).toMatchObject({ app: 'ended ended_before', provider: 'requested sent_to_provider' })

      await keycloak.start()
      expect(await askSilently(browser, keycloak)).toBe('code')
      const landing = await browser.visit(nextOf(leaving) as URL)
      expect(landing.url.pathname).toBe('/auth/logged-out')
      expect(rowsOf(mail)).toMatchObject({ tokens: 'ended revoked', provider: 'ended probe_login_required' })
      expect([await refresh(mail, lastOf(mail)), await askSilently(browser, keycloak)]).toEqual([
        'invalid_grant',
        'login_required',
      ])
      // It starts a second time here.
    }, 300_000)
  })
}
