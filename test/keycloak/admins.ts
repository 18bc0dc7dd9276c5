/** What an administrator does there, or time: what Keycloak sends, and how the app learns of what it does not send. */
import { describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import type { Setting } from './setting.ts'
import {
  anaPath,
  askForAccess,
  askSilently,
  ben,
  changed,
  claimsOf,
  clientPath,
  greets,
  isIn,
  lastOf,
  logOut,
  secondsLater,
  signIn,
  toldTo,
  withShortTokens,
} from './steps.ts'

/** So short that the app refreshes before each call of an API. */
const oneCallSeconds = 20

export function describeAdmins(at: () => Setting): void {
  describe('an administrator', () => {
    it('[M8 L13] who ends one session ends it here: its `sid` comes in a logout token, and the other one stays (needs 4, 25)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail')
      const [phone, laptop] = [openBrowser(), openBrowser()]
      await signIn(laptop, mail)
      await signIn(phone, mail)
      const { sid, sub } = claimsOf(lastOf(mail).id_token)
      expect((await keycloak.admin('DELETE', `/example/sessions/${sid}`)).status).toBe(204)
      await expect.poll(() => isIn(phone, mail)).toBe(false)
      expect(await isIn(laptop, mail)).toBe(true)
      expect(toldTo(mail)).toEqual([expect.objectContaining({ sid, sub })])
    })

    it('[M8 L13] who logs a person out of everything ends each session: a logout token for each, with its `sid` (needs 4, 25)', async () => {
      const { keycloak, open } = at()
      const [mail, calendar] = [await open('mail'), await open('calendar')]
      const [phone, laptop, bens] = [openBrowser(), openBrowser(), openBrowser()]
      await signIn(laptop, mail)
      await signIn(laptop, calendar)
      await signIn(phone, mail)
      const sids = mail.granted.map(({ id_token }) => claimsOf(id_token)['sid'])
      await signIn(bens, mail, ben)
      expect((await keycloak.admin('POST', `${anaPath}/logout`)).status).toBe(204)
      await expect
        .poll(() => Promise.all([isIn(laptop, mail), isIn(laptop, calendar), isIn(phone, mail)]))
        .toEqual([false, false, false])
      expect(await isIn(bens, mail)).toBe(true)
      expect(
        toldTo(mail)
          .map(({ sid }) => sid)
          .toSorted(),
      ).toEqual(sids.toSorted())
      expect(toldTo(calendar)).toEqual([expect.objectContaining({ sid: sids[0] })])
    })

    it('[L20 M5] who disables a person tells nobody: the app learns it with its next refresh, and ends the session (need 25)', async () => {
      const { keycloak, open } = at()
      await withShortTokens(keycloak, 'mail', oneCallSeconds, async () => {
        const mail = await open('mail')
        const browser = openBrowser()
        await signIn(browser, mail)
        await changed(
          keycloak,
          anaPath,
          (person) => ({ ...person, enabled: false }),
          async () => {
            expect(await isIn(browser, mail)).toBe(true)
            expect(await askForAccess(browser, mail)).toBe('signed_out')
          },
        )
        expect(await isIn(browser, mail)).toBe(false)
        expect(mail.events).toContainEqual(expect.objectContaining({ cause: 'refresh_refused' }))
        expect(toldTo(mail)).toEqual([])
      })
    })

    it('[L20] who signs the whole realm out tells nobody either: the next refresh is refused', async () => {
      const { keycloak, open } = at()
      await withShortTokens(keycloak, 'mail', oneCallSeconds, async () => {
        const mail = await open('mail')
        const browser = openBrowser()
        await signIn(browser, mail)
        expect(await askForAccess(browser, mail)).toBe('ok')
        expect((await keycloak.admin('POST', '/example/logout-all')).status).toBe(200)
        expect(await askForAccess(browser, mail)).toBe('signed_out')
        expect(toldTo(mail)).toEqual([])
      })
    })

    it('[M8 A4] who withdraws a consent makes Keycloak send a logout token, though its session lives: the same `sid` comes back', async () => {
      const { keycloak, open } = at()
      const asksFirst = (client: object) => ({ ...client, consentRequired: true })
      await changed(keycloak, await clientPath(keycloak, 'example', 'calendar'), asksFirst, async () => {
        const [mail, calendar] = [await open('mail'), await open('calendar')]
        const browser = openBrowser()
        // It holds the session there, whenever the calendar's revocation comes.
        await signIn(browser, mail)
        const asked = await signIn(browser, calendar)
        await browser.submit(asked, 'form', { accept: 'Yes' })
        const { sid } = claimsOf(lastOf(calendar).id_token)
        expect((await keycloak.admin('DELETE', `${anaPath}/consents/calendar`)).status).toBe(204)
        await expect.poll(() => isIn(browser, calendar)).toBe(false)
        expect(toldTo(calendar)).toEqual([expect.objectContaining({ sid })])
        expect([await askSilently(browser, keycloak), await isIn(browser, mail)]).toEqual(['code', true])

        await secondsLater()
        const again = await browser.visit(calendar.origin)
        expect(greets(await browser.submit(again, 'form', { accept: 'Yes' }))).toBe(true)
        expect(claimsOf(lastOf(calendar).id_token)['sid']).toBe(sid)
        await keycloak.admin('DELETE', `${anaPath}/consents/calendar`)
        await keycloak.admin('DELETE', `${anaPath}/consents/calendar`)
      })
    })

    it('who switches front-channel logout on for an app switches its logout tokens off', async () => {
      const { keycloak, open } = at()
      const front = (client: object) => ({ ...client, frontchannelLogout: true })
      await changed(keycloak, await clientPath(keycloak, 'example', 'calendar'), front, async () => {
        const [mail, calendar] = [await open('mail'), await open('calendar')]
        const browser = openBrowser()
        await signIn(browser, mail)
        await signIn(browser, calendar)
        await logOut(browser, mail)
        // The other app is told of the same logout.
        await expect.poll(() => toldTo(mail).length).toBe(1)
        expect([toldTo(calendar), await isIn(browser, calendar)]).toEqual([[], true])
      })
    })
  })

  it('[L20 M5] a session that has been idle for too long there is over here with the next refresh: nobody tells (need 25)', async () => {
    const { keycloak, open } = at()
    await withShortTokens(keycloak, 'mail', oneCallSeconds, async () => {
      await changed(
        keycloak,
        '/example',
        (realm) => ({ ...realm, ssoSessionIdleTimeout: 2 }),
        async () => {
          const mail = await open('mail')
          const browser = openBrowser()
          await signIn(browser, mail)
          // Longer than the limit each time: asking makes a session that still lives younger.
          const asked = { timeout: 60_000, interval: 4000 }
          await expect.poll(() => askForAccess(browser, mail), asked).toMatch(/signed_out|no session/)
          expect(mail.events).toContainEqual(expect.objectContaining({ cause: 'refresh_refused' }))
          expect([await isIn(browser, mail), toldTo(mail)]).toEqual([false, []])
        },
      )
    })
  })
}
