import { describe, expect, it } from 'vitest'
import { profileFields, profileProblems } from '../../../packages/endsession/src/profiles/check-profile.ts'
import { generic } from '../../../packages/endsession/src/profiles/generic.ts'
import { knownProviders } from '../../../packages/endsession/src/profiles/index.ts'
import { profileOf } from '../../../packages/endsession/src/profiles/known-provider.ts'
import type { Profile } from '../../../packages/endsession/src/profiles/profile.ts'

const problems = (profile: object) => profileProblems(profile as Partial<Profile>)

describe('profileProblems', () => {
  it('[L18] finds none in the profiles that there are, nor in what is not set', () => {
    expect(problems(generic)).toEqual([])
    for (const known of knownProviders)
      expect([known.name, profileProblems(profileOf(known))]).toEqual([known.name, []])
    expect(problems(Object.fromEntries(profileFields.map((field) => [field, undefined])))).toEqual([])
    expect(profileFields).toEqual(expect.arrayContaining(Object.keys(generic)))
  })

  it.each([
    ['idTokenHint', 'always', /must be one of required, recommended, ignored, forbidden/],
    ['revocationReach', true, /must be one of token, grant, session, person/],
    ['probeProves', 'yes', /must be true or false/],
    ['acceptsPost', null, /must be true or false/],
    ['urlLimitBytes', 0, /must be a number of bytes/],
    ['urlLimitBytes', '8000', /must be a number of bytes/],
    ['logoutHintClaim', '', /must be text/],
    ['interactive', { max_age: 0 }, /must be parameters/],
    ['extraParameters', ['federated'], /must be parameters/],
    ['extraParameters', null, /must be parameters/],
  ])('[L18] %s: %j', (field, value, words) => {
    expect(problems({ [field]: value })).toEqual([[field, expect.stringMatching(words)]])
  })

  it.each(['/v2/logout', 'https://login.example/logout', 'http://localhost:4000/logout'])(
    '[L18] a logout at %s is one',
    (endSessionUrl) => {
      expect(problems({ endSessionUrl })).toEqual([])
    },
  )

  it.each([
    '',
    'logout',
    '//evil.example/logout',
    '/\\evil.example',
    '/a\\b',
    'http://id.example/logout',
    'javascript:x',
    7,
  ])('[L18] a logout at %s is none', (endSessionUrl) => {
    expect(problems({ endSessionUrl })).toEqual([['endSessionUrl', expect.stringContaining('https URL')]])
  })
})
