import { describe, expect, it } from 'vitest'
import { profileFor } from '../../../packages/endsession/src/profiles/index.ts'
import { matchesIssuer } from '../../../packages/endsession/src/profiles/issuers.ts'

describe('the profile of an issuer', () => {
  it.each([
    ['https://accounts.google.com', 'google'],
    ['https://accounts.google.com/', 'google'],
    ['https://login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad/v2.0', 'entra'],
    ['https://tenant.auth0.com/', 'auth0'],
    ['https://tenant.eu.auth0.com/', 'auth0'],
    ['https://dev-1.okta.com', 'okta'],
    ['https://dev-1.okta.com/oauth2/default', 'okta'],
    ['https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_aBc', 'cognito'],
    ['https://tenant.b2clogin.com/tfp/0/b2c_1_in/v2.0/', 'azure-ad-b2c'],
    ['https://gitlab.com', 'gitlab'],
    ['https://appleid.apple.com', 'apple'],
    ['https://secure.login.gov/', 'login-gov'],
    ['https://slack.com', 'slack'],
  ])('%s is %s', (issuer, name) => {
    expect(profileFor(issuer).name).toBe(name)
  })

  it.each([
    'https://accounts.google.com.evil.example',
    'https://accounts.google.com@evil.example',
    'https://accounts.google.com\\@evil.example',
    'https://accounts.google.com:8443',
    'https://alice@accounts.google.com',
    'https://accounts.google.com/evil',
    'https://accounts.google.com?x',
    'https://accounts.google.com#x',
    'https://accounts.google.com.',
    'https://accountsxgoogle.com',
    'https://evil-accounts.google.com',
    'https://evil.example/https://accounts.google.com',
    'http://accounts.google.com',
    'https://login.microsoftonline.com.evil.example/',
    'https://notlogin.microsoftonline.com/x',
    'https://auth0.com/',
    'https://evilauth0.com/',
    'https://tenant.auth0.com.evil.example/',
    'https://tenant.auth0.com/evil',
    'https://cognito-idp.amazonaws.com/x',
    'https://cognito-idp.a.b.amazonaws.com/x',
    'https://cognito-idp.evil.example/.amazonaws.com/x',
    'https://.okta.com',
    'https://okta.com.evil.example',
    'javascript:accounts.google.com/',
    '',
  ])('[M10 A8] %s is none that is known', (issuer) => {
    expect(profileFor(issuer).name).toBe('generic')
  })

  it('a dot of a pattern is a dot, and a path is one to the letter unless it ends in /*', () => {
    expect(matchesIssuer('id.example/a', 'https://id.example/a')).toBe(true)
    expect(matchesIssuer('id.example/a', 'https://idxexample/a')).toBe(false)
    expect(matchesIssuer('id.example/a', 'https://id.example/a/b')).toBe(false)
    expect(matchesIssuer('id.example/a/*', 'https://id.example/a/b/c')).toBe(true)
    expect(matchesIssuer('id.example/a/*', 'https://id.example/ab')).toBe(false)
  })
})
