/** A login that Keycloak itself got from another realm: does that one end? */
import { describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { probing, type Setting } from './setting.ts'
import {
  askSilently,
  asksToSignIn,
  changed,
  clientPath,
  greets,
  logOut,
  rowsOf,
  signInThroughAcme,
  withAttribute,
} from './steps.ts'

const acme = '/example/identity-provider/instances/acme'

export function describeBrokered(at: () => Setting): void {
  describe('a login that came from behind Keycloak', () => {
    it('[L19] ends there too where the "Logout URL" is set; the report cannot see it, and says so (needs 21, 28)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const browser = openBrowser()
      expect(greets(await signInThroughAcme(browser, mail))).toBe(true)
      expect(await askSilently(browser, keycloak, 'acme')).toBe('code')
      const landing = await logOut(browser, mail)
      expect(landing.url.pathname).toBe('/auth/logged-out')
      expect(rowsOf(mail)).toMatchObject({
        provider: 'ended probe_login_required',
        upstream: 'unknown upstream_broker',
      })
      expect(await askSilently(browser, keycloak, 'acme')).toBe('login_required')
    })

    it('[A7 L19] lives on where it is not: the report says the same, and the next login meets its login screen (need 28)', async () => {
      const { keycloak, open } = at()
      const stays = (provider: any) => ({ ...provider, config: { ...provider.config, logoutUrl: '' } })
      await changed(keycloak, acme, stays, async () => {
        const mail = await open('mail', probing)
        const browser = openBrowser()
        await signInThroughAcme(browser, mail)
        await logOut(browser, mail)
        expect(rowsOf(mail)).toMatchObject({
          provider: 'ended probe_login_required',
          upstream: 'unknown upstream_broker',
        })
        expect(await askSilently(browser, keycloak, 'acme')).toBe('code')
        const first = await browser.visit(mail.origin)
        const link = first.html.querySelector('#social-acme')?.getAttribute('href') ?? ''
        const screen = await browser.visit(new URL(link, first.url))
        expect([screen.url.pathname, asksToSignIn(screen)]).toEqual([expect.stringMatching(/^\/realms\/acme\//), true])
      })
    })

    it('ends there too, but the browser stays there, where both tell each other: the report claims no more than that', async () => {
      const { keycloak, open } = at()
      const back = `${keycloak.issuer}/protocol/openid-connect/logout/backchannel-logout`
      const client = await clientPath(keycloak, 'acme', 'example-id')
      await withAttribute(keycloak, client, 'backchannel.logout.url', back, async () => {
        const mail = await open('mail', probing)
        const browser = openBrowser()
        await signInThroughAcme(browser, mail)
        const page = await logOut(browser, mail)
        // Mostly an error page; "You are logged out" where the browser was there before the other's word.
        expect(page.url.href).toMatch(`${keycloak.issuer}/broker/acme/endpoint/logout_response`)
        console.log(`the last page: HTTP ${page.status}`)
        expect(rowsOf(mail)).toMatchObject({ app: 'ended record_ended', provider: 'requested sent_to_provider' })
        expect([await askSilently(browser, keycloak), await askSilently(browser, keycloak, 'acme')]).toEqual([
          'login_required',
          'login_required',
        ])
      })
    })

    it('is left alone when the refresh token is revoked first: that is why the profile revokes last', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing, { profile: { name: 'keycloak', revokeBeforeLeaving: true } })
      const browser = openBrowser()
      await signInThroughAcme(browser, mail)
      await logOut(browser, mail)
      expect(rowsOf(mail)).toMatchObject({ upstream: 'unknown upstream_broker' })
      expect(await askSilently(browser, keycloak, 'acme')).toBe('code')
    })
  })
}
