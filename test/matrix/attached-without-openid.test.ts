import { memoryStore } from 'endsession'
import { afterEach, describe, expect, it } from 'vitest'
import { makeSetting, type Setting, type SettingOptions } from './setting.ts'

let setting: Setting
afterEach(() => setting.close())

const day = 86_400
const start = 1_800_000_000
const secrets = { clientId: 'app', clientSecret: 'app-secret' }
const behaviours = { withoutOpenid: true, issuer: 'https://github.com/login/oauth', expiresIn: null }

/** A host that logs in at GitHub, and somewhere with OpenID; it keeps our handles itself. */
async function open(
  options: SettingOptions['options'] = {},
  store?: SettingOptions['store'],
): Promise<Setting['endsession']> {
  const providers = {
    github: { ...secrets, profile: { name: 'github' } },
    house: { ...secrets, issuer: 'https://another.example', clientId: 'other' },
    // Its login is the host's own matter: nothing here needs its addresses.
    twitch: { ...secrets, issuer: 'https://id.twitch.example', profile: { name: 'oauth' } },
  }
  const all = { behaviours, another: {}, options: { providers, ...options } }
  setting = await makeSetting({ ...all, ...(store && { store }) })
  return setting.endsession
}

describe('a host’s login without OpenID', () => {
  it('[L27 L22 A8] opens a record for the id that the host names, and takes no ID token for anything', async () => {
    const endsession = await open()
    const idToken = await setting.another.sign({ iss: 'https://another.example', sub: 'mallory' })
    for (const tokens of [{}, { idToken }, { accessToken: 'gho_1', idToken: '' }]) {
      const handle = await endsession.open('github', tokens, { sub: '583231' })
      expect(await endsession.resume(handle)).toMatchObject({
        iss: 'https://github.com/login/oauth',
        sub: '583231',
        claims: { sub: '583231' },
        signedInAt: start,
      })
    }
    expect(setting.provider.requests).toEqual([])
  })

  it('[L22] where the host takes ID tokens of such a provider, they name the person, as long as they are its own', async () => {
    const endsession = await open()
    const claims = { iss: 'https://github.com/login/oauth', aud: 'app', sub: '7', iat: start - 99, exp: start + 60 }
    const handle = await endsession.open('github', { idToken: await setting.another.sign(claims) })
    expect(await endsession.resume(handle)).toMatchObject({ sub: '7', claims: { sub: '7' }, signedInAt: start })
    for (const wrong of [{ iss: 'https://another.example' }, { aud: 'other' }, { sub: 'a b' }]) {
      const idToken = await setting.another.sign({ ...claims, ...wrong })
      await expect(endsession.open('github', { idToken })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    }
  })

  it.each([undefined, '', ' ', 'a b', 'ä', 'x'.repeat(256), String(undefined), String(null), String(Number.NaN)])(
    '[L27 L22] %j names nobody: refused',
    async (sub) => {
      const endsession = await open()
      const opened = endsession.open('github', { accessToken: 'gho_1' }, { sub })
      await expect(opened).rejects.toMatchObject({ code: 'ERR_LOGIN' })
    },
  )

  it('[L22 A8] with OpenID the ID token says who it is: another name beside it is refused', async () => {
    const endsession = await open()
    const claims = { iss: 'https://another.example', aud: 'other', sub: 'alice', iat: start, exp: start + 60 }
    const idToken = await setting.another.sign(claims)
    const handle = await endsession.open('house', { idToken }, { sub: 'alice' })
    expect(await endsession.resume(handle)).toMatchObject({ sub: 'alice' })
    for (const [tokens, sub] of [
      [{ idToken }, 'mallory'],
      [{}, 'mallory'],
      [{ accessToken: 'at' }, 'alice'],
    ] as const)
      await expect(endsession.open('house', tokens, { sub })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
  })

  it('[M7 M10 L22] what ended everywhere lets in only who was asked again, by the host’s word', async () => {
    const endsession = await open()
    const handle = await endsession.open('github', {}, { sub: '1' })
    const neighbour = await endsession.open('github', {}, { sub: '11' })
    await endsession.end({ provider: 'github', sub: '1' }, 'left')
    expect(await endsession.resume(handle)).toBeUndefined()
    expect(await endsession.resume(neighbour)).toMatchObject({ sub: '11' })
    setting.clock.advance(10)
    expect(await endsession.resume(await endsession.open('github', {}, { sub: '1' }))).toBeUndefined()
    const asked = await endsession.open('github', {}, { sub: '1', interactive: true })
    expect(await endsession.resume(asked)).toMatchObject({ sub: '1' })
  })

  it('[L22 M13] a login from before is adopted by its id, once ended never again', async () => {
    const endsession = await open({ adoptUntil: start + day })
    const earlier = { sub: '583231', tokens: { accessToken: 'gho_1' } }
    const handle = await endsession.adopt('github', earlier)
    expect(await endsession.adopt('github', { ...earlier, tokens: { accessToken: 'gho_2' } })).toBe(handle)
    expect(await endsession.resume(handle as string)).toMatchObject({ sub: '583231' })
    await endsession.end({ provider: 'github', sub: '583231' }, 'left')
    expect(await endsession.adopt('github', earlier)).toBeUndefined()
    await expect(endsession.adopt('github', { sub: '' })).rejects.toMatchObject({ code: 'ERR_LOGIN' })
  })

  it('[L27 M2] a login from before counts from the clock of the store too: a clock that is ahead keeps nobody out', async () => {
    const store: SettingOptions['store'] = (clock) => memoryStore({ now: () => clock.now() - 300 })
    const endsession = await open({ adoptUntil: start + day }, store)
    const handle = (await endsession.adopt('github', { sub: '1', tokens: { accessToken: 'gho_1' } })) as string
    expect(await endsession.resume(handle)).toMatchObject({ signedInAt: start - 300 })
    await endsession.end({ provider: 'github', sub: '1' }, 'left')
    setting.clock.advance(10)
    const asked = await endsession.open('github', {}, { sub: '1', interactive: true })
    expect(await endsession.resume(asked)).toMatchObject({ sub: '1' })
  })

  it('[A2 L10] its token is ended there, or is said to live on where nobody knows how', async () => {
    const endsession = await open()
    const github = await endsession.resume(await endsession.open('github', { accessToken: 'gho_1' }, { sub: '1' }))
    const twitch = await endsession.resume(await endsession.open('twitch', { accessToken: 'tw_1' }, { sub: '1' }))
    const parts = async (id = '') => (await endsession.end({ id }, 'left')).layers.tokens.parts
    expect(await parts(github?.id)).toContainEqual({
      what: 'access token',
      outcome: 'ended',
      reason: 'access_token_revoked',
    })
    expect(await parts(twitch?.id)).toContainEqual({
      what: 'access token',
      outcome: 'impossible',
      reason: 'no_revocation_endpoint',
    })
  })
})
