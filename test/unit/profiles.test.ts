import { describe, expect, it } from 'vitest'
import { generic } from '../../packages/endsession/src/profiles/generic.ts'
import { profileFor, profileNames } from '../../packages/endsession/src/profiles/index.ts'

describe('profileFor', () => {
  it('is generic where nothing is known', () => {
    expect(profileFor('https://id.example')).toEqual(generic)
    expect(profileNames).toEqual(['generic', 'oidc-provider', 'google', 'entra'])
  })

  it.each([
    ['https://accounts.google.com', 'google'],
    ['https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', 'entra'],
    ['https://accounts.google.com.evil.example', 'generic'],
    ['https://login.microsoftonline.com.evil.example/', 'generic'],
    ['https://evil.example/https://accounts.google.com', 'generic'],
    ['http://accounts.google.com', 'generic'],
  ])('[M10] of the issuer %s is %s', (issuer, name) => {
    expect(profileFor(issuer).name).toBe(name)
    expect(profileFor(issuer).authTime).toBe(name === 'generic' ? 'max_age' : 'never')
    expect(profileFor(issuer, { name: 'oidc-provider' }).name).toBe('oidc-provider')
    expect(profileFor(issuer, { authTime: 'max_age' })).toMatchObject({ name, authTime: 'max_age' })
  })

  it('[A14 L10] one revocation at Google takes everything of the person; at Entra there is none', () => {
    expect(profileFor('', { name: 'google' }).revocationReach).toBe('person')
    expect(profileFor('', { name: 'entra' }).revocation).toBe('none')
  })

  it('is chosen by name, and overridden field by field', () => {
    const profile = profileFor('https://id.example', { name: 'oidc-provider', acceptsPost: true, urlLimitBytes: 4000 })
    expect(profile).toMatchObject({
      name: 'oidc-provider',
      expiredHint: 'accepted',
      probeProves: true,
      acceptsPost: true,
      urlLimitBytes: 4000,
    })
  })

  it('a field that is undefined overrides nothing', () => {
    const override = { revocation: undefined, name: undefined } as unknown as Parameters<typeof profileFor>[1]
    expect(profileFor('https://id.example', override)).toEqual(generic)
  })

  it('an unknown name is generic, and says so', () => {
    expect(profileFor('https://id.example', { name: 'nonsense' }).name).toBe('generic')
  })

  it('nobody changes a profile', () => {
    expect(() => Object.assign(generic, { name: 'x' })).toThrow()
    expect(() => Object.assign(profileFor('', {}), { name: 'x' })).toThrow()
    expect(() => Object.assign(generic.interactive, { prompt: 'x' })).toThrow()
  })

  it('[A2] generic claims nothing that only some providers keep', () => {
    expect(generic).toMatchObject({
      logoutTokenProves: 'nothing',
      probeProves: false,
      sidUnguessable: false,
      acceptsPost: false,
    })
  })
})
