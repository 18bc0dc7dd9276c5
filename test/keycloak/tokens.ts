/** Refresh tokens, offline ones too, access tokens at an API: what is really dead. */
import { createGuard } from 'endsession/guard'
import { describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { api, probing, type Setting } from './setting.ts'
import {
  askForAccess,
  askSilently,
  claimsOf,
  isIn,
  isTaken,
  lastOf,
  logOut,
  refresh,
  revoke,
  rowsOf,
  signIn,
  toldTo,
  withShortTokens,
} from './steps.ts'

const offline = { scope: 'openid profile email offline_access' }

export function describeTokens(at: () => Setting): void {
  describe('tokens', () => {
    it('[L10] one revocation ends what this app holds of this login, access token included: no other app, no other browser', async () => {
      const { keycloak, open } = at()
      const [mail, calendar] = [await open('mail'), await open('calendar')]
      const [laptop, phone] = [openBrowser(), openBrowser()]
      await signIn(laptop, mail)
      const own = lastOf(mail)
      await signIn(laptop, calendar)
      await signIn(phone, mail)
      expect(await isTaken(keycloak, own)).toBe(true)
      expect(await revoke(mail, own)).toBe(200)
      expect([await refresh(mail, own), await isTaken(keycloak, own)]).toEqual(['invalid_grant', false])
      expect([await refresh(mail, lastOf(mail)), await refresh(calendar, lastOf(calendar))]).toEqual(['ok', 'ok'])
      expect([await askSilently(laptop, keycloak), await askSilently(phone, keycloak)]).toEqual(['code', 'code'])
      expect(await revoke(mail, own)).toBe(200)
    })

    it('[A14 L10 L20] the revocation of the last app there ends the session at Keycloak as well: the app learns it by its refresh', async () => {
      const { keycloak, open } = at()
      await withShortTokens(keycloak, 'mail', 20, async () => {
        const mail = await open('mail')
        const browser = openBrowser()
        await signIn(browser, mail)
        expect(await askForAccess(browser, mail)).toBe('ok')
        expect(await revoke(mail, lastOf(mail))).toBe(200)
        expect(await askSilently(browser, keycloak)).toBe('login_required')
        expect([toldTo(mail), await isIn(browser, mail)]).toEqual([[], true])
        expect(await askForAccess(browser, mail)).toBe('signed_out')
        expect(await isIn(browser, mail)).toBe(false)
      })
    })

    it('[L10] an offline token is dead after a logout; that of another browser lives (need 13)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing, offline)
      const [laptop, phone] = [openBrowser(), openBrowser()]
      await signIn(laptop, mail)
      const own = lastOf(mail)
      await signIn(phone, mail)
      expect(claimsOf(own.refresh_token)).toMatchObject({ typ: 'Offline' })
      expect(await refresh(mail, own)).toBe('ok')
      // Who asks for nothing else gets no session there.
      expect(await askSilently(laptop, keycloak)).toBe('login_required')
      await logOut(laptop, mail)
      expect(rowsOf(mail)).toMatchObject({ tokens: 'ended revoked', provider: 'ended probe_login_required' })
      expect([await refresh(mail, own), await refresh(mail, lastOf(mail))]).toEqual(['invalid_grant', 'ok'])
    })

    it('[M5 L10 A14] of scope `app` an offline token dies too: it stands beside the session at Keycloak, which lives on', async () => {
      const { keycloak, open } = at()
      const calendar = await open('calendar')
      const mail = await open('mail', probing, offline)
      const browser = openBrowser()
      await signIn(browser, calendar)
      await signIn(browser, mail)
      await logOut(browser, mail, { scope: 'app' })
      expect(rowsOf(mail)).toMatchObject({ app: 'ended record_ended', tokens: 'ended revoked' })
      expect([await refresh(mail, lastOf(mail)), await askSilently(browser, keycloak)]).toEqual([
        'invalid_grant',
        'code',
      ])
      expect([await isIn(browser, calendar), await refresh(calendar, lastOf(calendar))]).toEqual([true, 'ok'])
    })

    it('[G1 G3] the access token is refused at the API after a logout, long before it expires (need 5)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const feed = { store: mail.store, name: 'api', clients: ['mail'] }
      const guard = createGuard({ issuer: keycloak.issuer, audience: api, feed })
      const browser = openBrowser()
      await signIn(browser, mail)
      const { access_token: token } = lastOf(mail)
      const call = () => guard.check(new Request(api, { headers: { authorization: `Bearer ${token}` } }))
      try {
        await expect.poll(async () => (await call()).ok).toBe(true)
        await logOut(browser, mail)
        expect(rowsOf(mail)).toMatchObject({ services: 'ended guard_confirmed' })
        expect(await call()).toMatchObject({ ok: false, why: 'ended' })
        expect(claimsOf(token)['exp']).toBeGreaterThan(Date.now() / 1000)
      } finally {
        await guard.close()
      }
    })
  })
}
