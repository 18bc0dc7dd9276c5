import { describe, expect, it } from 'vitest'
import { generic } from '../../../packages/endsession/src/profiles/generic.ts'
import { knownProviders, profileFor, profileNames } from '../../../packages/endsession/src/profiles/index.ts'
import { type Facts, type Field, profileOf } from '../../../packages/endsession/src/profiles/known-provider.ts'
import type { Profile } from '../../../packages/endsession/src/profiles/profile.ts'

describe('profileFor', () => {
  it('is generic where nothing is known', () => {
    expect(profileFor('https://id.example')).toEqual(generic)
    expect(profileFor('nonsense')).toEqual(generic)
  })

  it('is chosen by name, whatever the issuer is, and overridden field by field', () => {
    const override = { name: 'oidc-provider', acceptsPost: true, urlLimitBytes: 4000 }
    expect(profileFor('https://accounts.google.com', override)).toMatchObject({
      name: 'oidc-provider',
      expiredHint: 'accepted',
      probeProves: true,
      acceptsPost: true,
      urlLimitBytes: 4000,
    })
    expect(profileFor('https://accounts.google.com', { name: 'generic' })).toEqual(generic)
    expect(profileFor('https://accounts.google.com', { authTime: 'max_age' })).toMatchObject({
      name: 'google',
      authTime: 'max_age',
      revocationReach: 'person',
    })
  })

  it('a field that is undefined overrides nothing', () => {
    const override = { revocation: undefined, name: undefined } as unknown as Partial<Profile>
    expect(profileFor('https://id.example', override)).toEqual(generic)
  })

  it('an unknown name is generic, and says so', () => {
    expect(profileFor('https://id.example', { name: 'nonsense' }).name).toBe('generic')
    expect(profileFor('https://id.example', { name: 'toString' }).name).toBe('generic')
  })

  it('nobody changes a profile', () => {
    expect(() => Object.assign(generic, { name: 'x' })).toThrow()
    expect(() => Object.assign(profileFor('', {}), { name: 'x' })).toThrow()
    expect(() => Object.assign(generic.interactive, { prompt: 'x' })).toThrow()
    expect(() => Object.assign(profileFor('', { name: 'google' }).interactive, { prompt: 'x' })).toThrow()
  })

  it('[A2] generic claims nothing that only some providers keep', () => {
    expect(generic).toMatchObject({
      logoutTokenProves: 'nothing',
      probeProves: false,
      sidUnguessable: false,
      acceptsPost: false,
    })
  })

  it('[A14 L10] where one revocation may take everything of the person, it waits for a logout everywhere', () => {
    for (const name of ['google', 'auth0', 'auth0-v2-logout'])
      expect([name, profileFor('', { name }).revocationReach]).toEqual([name, 'person'])
  })
})

describe('what is known of providers', () => {
  it('names are words, and nobody has two', () => {
    expect(new Set(profileNames).size).toBe(profileNames.length)
    for (const name of profileNames) expect(name).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/)
  })

  it.each(knownProviders.map((known) => [known.name, known] as const))(
    '[A2] %s: each fact names its source, and what is not known for a fact keeps the generic value',
    (name, known) => {
      const facts = [...Object.values(known.facts), ...Object.values(known.offers), ...known.toDo]
      for (const { from, where } of facts) {
        expect(['observed', 'source', 'documentation']).toContain(from)
        expect(where).toMatch(/\w{3}/)
        expect(where).not.toMatch(/https?:/)
      }
      const profile = profileOf(known)
      const fields = Object.keys(generic).filter((field) => field !== 'name') as Field[]
      for (const field of fields) expect([field, profile[field]]).toEqual([field, expectedOf(known.facts, field)])
      expect(profile.name).toBe(name)
    },
  )

  it('[A2] only what was seen at the running server, or read in its code, lets a report claim more than generic does', () => {
    for (const { name, facts } of knownProviders) {
      for (const field of ['probeProves', 'logoutTokenProves', 'sidUnguessable', 'acceptsPost'] as const) {
        const fact = facts[field]
        if (fact && fact.value !== generic[field]) expect([name, field, fact.from]).not.toContain('documentation')
      }
    }
  })

  it('what is to be done names addresses that there are', () => {
    const known = ['callback', 'loggedOut', 'backchannelLogout', 'frontchannelLogout']
    for (const { name, toDo } of knownProviders)
      for (const { value } of toDo)
        for (const [, address] of value.matchAll(/\{(\w+)\}/g))
          expect([name, known]).toEqual([name, expect.arrayContaining([address])])
  })
})

function expectedOf(facts: Facts, field: Field): unknown {
  return facts[field] ? facts[field].value : generic[field]
}
