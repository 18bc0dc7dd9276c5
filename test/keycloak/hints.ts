/** The ID token as the logout's hint: what Keycloak takes of it. */
import { describe, expect, it } from 'vitest'
import { openBrowser } from './browser.ts'
import { probing, type Setting } from './setting.ts'
import { askSilently, claimsOf, isIn, lastOf, logOut, rowsOf, signIn, withShortTokens } from './steps.ts'

export function describeHints(at: () => Setting): void {
  describe('the hint', () => {
    it('[A9] is taken long after the ID token has expired, and nobody is asked (needs 2, 22)', async () => {
      const { keycloak, open } = at()
      await withShortTokens(keycloak, 'mail', 5, async () => {
        const mail = await open('mail', probing)
        const browser = openBrowser()
        await signIn(browser, mail)
        const { exp, iat } = claimsOf(lastOf(mail).id_token)
        expect(exp - iat).toBe(5)
        await expect.poll(() => Date.now() / 1000 > exp, { timeout: 30_000 }).toBe(true)
        const landing = await logOut(browser, mail)
        expect(landing.url.pathname).toBe('/auth/logged-out')
        expect(landing.trail.some((url) => url.searchParams.has('id_token_hint'))).toBe(true)
        expect(rowsOf(mail)).toMatchObject({ provider: 'ended probe_login_required' })
      })
    })

    it('[A1 A2 L19] that a key has signed which the realm has no more is an error page there: the report claims nothing (needs 2, 21)', async () => {
      const { keycloak, open } = at()
      const mail = await open('mail', probing)
      const browser = openBrowser()
      await signIn(browser, mail)
      await rotateKeys(at())
      const page = await logOut(browser, mail)
      expect([page.status, page.url.origin]).toEqual([400, keycloak.url])
      expect(rowsOf(mail)).toMatchObject({ app: 'ended record_ended', provider: 'requested sent_to_provider' })
      expect(await askSilently(browser, keycloak)).toBe('code')
      expect(await isIn(browser, mail)).toBe(false)

      const other = openBrowser()
      await signIn(other, mail)
      await logOut(other, mail)
      expect(rowsOf(mail)).toMatchObject({ provider: 'ended probe_login_required' })
    })
  })
}

/** Another key signs from now on, and the one before is thrown away. */
async function rotateKeys({ keycloak: { admin } }: Setting): Promise<void> {
  const providerType = 'org.keycloak.keys.KeyProvider'
  const read = async (path: string): Promise<any> => (await admin('GET', path)).json()
  const [{ id: parentId }, keys] = [await read('/example'), await read(`/example/components?type=${providerType}`)]
  const old = keys.filter(({ providerId }: { providerId: string }) => providerId === 'rsa-generated')
  const made = { name: 'rsa-generated', providerId: 'rsa-generated', providerType, parentId }
  expect((await admin('POST', '/example/components', { ...made, config: { priority: ['100'] } })).status).toBe(201)
  for (const { id } of old) expect((await admin('DELETE', `/example/components/${id}`)).status).toBe(204)
}
