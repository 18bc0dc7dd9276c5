import { base64url, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { peekIssuer, verifyLogoutToken } from '../../../packages/endsession/src/protocol/logout-token.ts'
import type { FakeAlgorithm } from '../../../packages/endsession/src/testing/fake-provider.ts'
import { failureOf, type UnderTest, underTest } from './provider-under-test.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const verify = ({ provider, runtime }: UnderTest, token: string) => verifyLogoutToken(token, provider, runtime)
const json = (value: unknown) => base64url.encode(JSON.stringify(value))

describe('verifyLogoutToken', () => {
  for (const algorithm of ['RS256', 'ES256', 'EdDSA'] satisfies FakeAlgorithm[]) {
    it(`[L13] takes a good token signed with ${algorithm}`, async () => {
      const test = underTest({ behaviours: { algorithm } })
      const token = await test.fake.logoutToken({ sub: 'alice', sid: 'sid-1', jti: 'j' })
      expect(await verify(test, token)).toEqual({
        iss: test.fake.issuer,
        sub: 'alice',
        sid: 'sid-1',
        iat: test.clock.now(),
        jti: 'j',
      })
    })
  }

  const good: Record<string, [claims: object, header?: Record<string, unknown>]> = {
    'with `sub` only': [{ sub: 'alice' }],
    'with `sid` only': [{ sid: 'sid-1' }],
    'with a `sid` of any characters': [{ sid: '../😀 "\u0000\n' + 'x'.repeat(2000) }],
    'for several audiences': [{ aud: ['other', 'app'] }],
    'of type JWT': [{}, { typ: 'JWT' }],
    'of type application/logout+jwt': [{}, { typ: 'application/logout+jwt' }],
    'of type LOGOUT+JWT': [{}, { typ: 'LOGOUT+JWT' }],
    'without a type': [{}, { typ: undefined }],
    'from 60 s ahead': [{ iat: 1_800_000_060 }],
    'expired 59 s ago': [{ exp: 1_800_000_000 - 59 }],
    'with a member in its event': [{ events: { [event]: { more: 1 }, other: {} } }],
    'whose header names keys of its own': [
      {},
      { jku: 'https://evil.example/jwks', jwk: { kty: 'oct', k: 'AA' }, x5u: 'https://evil.example' },
    ],
    'whose header has `b64` without `crit`': [{}, { b64: true }],
  }
  for (const [what, [claims, header]] of Object.entries(good)) {
    it(`[L13] takes a token ${what}`, async () => {
      const test = underTest()
      const token = await test.fake.logoutToken({ ...claims }, header)
      expect((await verify(test, token)).iss).toBe(test.fake.issuer)
    })
  }

  const bad: [check: string, what: string, claims: object, header?: Record<string, unknown>][] = [
    ['typ', 'an access token', {}, { typ: 'at+jwt' }],
    ['typ', 'a security event', {}, { typ: 'secevent+jwt' }],
    ['typ', 'a type that is no text', {}, { typ: 7 }],
    ['iss', 'another issuer', { iss: 'https://id.example/' }],
    ['iss', 'no issuer', { iss: undefined }],
    ['aud', 'another client', { aud: 'app2' }],
    ['aud', 'other clients', { aud: ['app2', 'app3'] }],
    ['aud', 'no audience', { aud: undefined }],
    ['aud', 'an audience in an object', { aud: { app: 'app' } }],
    ['iat', '61 s ahead', { iat: 1_800_000_061 }],
    ['iat', 'a time in text', { iat: '1800000000' }],
    ['iat', 'no time', { iat: undefined }],
    ['exp', 'expired', { exp: 1_800_000_000 - 60 }],
    ['exp', 'an expiry in text', { exp: '1900000000' }],
    ['exp', 'no expiry', { exp: undefined }],
    ['events', 'no events', { events: undefined }],
    ['events', 'null events', { events: null }],
    ['events', 'array events', { events: [event] }],
    ['events', 'text events', { events: event }],
    ['events', 'another event', { events: { other: {} } }],
    ['events', 'a null event', { events: { [event]: null } }],
    ['events', 'an array event', { events: { [event]: [] } }],
    ['events', 'a true event', { events: { [event]: true } }],
    ['nonce', 'a nonce', { nonce: 'n' }],
    ['nonce', 'a null nonce', { nonce: null }],
    ['sub', 'a numeric sub', { sub: 7 }],
    ['sub', 'an empty sub', { sub: '' }],
    ['sub', 'a null sub beside a good sid', { sub: null, sid: 's' }],
    ['sid', 'a numeric sid', { sid: 7 }],
    ['sid', 'an empty sid', { sub: 'alice', sid: '' }],
    ['subject', 'neither sub nor sid', { sub: undefined }],
    ['jti', 'no jti', { jti: undefined }],
    ['jti', 'an empty jti', { jti: '' }],
    ['size', 'a huge token', { sid: 'x'.repeat(20_000) }],
    ['key', 'an unknown key', {}, { kid: 'nobody' }],
  ]
  for (const [check, what, claims, header] of bad) {
    it(`[L13] refuses ${what}: ${check}`, async () => {
      const test = underTest()
      const token = await test.fake.logoutToken({ ...claims }, header)
      const error = await failureOf(verify(test, token))
      expect(error).toMatchObject({ code: 'ERR_LOGOUT_TOKEN', status: 400, message: 'The logout token is not valid.' })
      expect(error.cause.check).toBe(check)
      if (check !== 'key') expect(test.fake.requests).toEqual([])
    })
  }

  const claims = {
    iss: 'https://id.example',
    aud: 'app',
    iat: 1_800_000_000,
    exp: 1_800_000_120,
    jti: 'j',
    sub: 'alice',
    events: { [event]: {} },
  }
  const forged: [check: string, what: string, token: (test: UnderTest) => string | Promise<string>][] = [
    ['shape', 'the empty text', () => ''],
    ['shape', 'two parts', () => 'a.b'],
    ['shape', 'a header that is not JSON', () => `e30x.${json(claims)}.AA`],
    ['shape', 'claims that are an array', () => `${json({ alg: 'ES256' })}.${json([])}.AA`],
    ['shape', 'an encrypted token', () => 'eyJhbGciOiJkaXIifQ.a.b.c.d'],
    ['alg', 'alg none', () => `${json({ alg: 'none' })}.${json(claims)}.`],
    ['alg', 'alg nOnE', () => `${json({ alg: 'nOnE' })}.${json(claims)}.`],
    ['alg', 'no alg', () => `${json({ typ: 'JWT' })}.${json(claims)}.AA`],
    ['crit', 'an extension', () => `${json({ alg: 'ES256', crit: ['b64'], b64: false })}.${json(claims)}.AA`],
  ]
  for (const [check, what, token] of forged) {
    it(`[L13] refuses ${what}: ${check}, and fetches nothing`, async () => {
      const test = underTest()
      expect((await failureOf(verify(test, await token(test)))).cause.check).toBe(check)
      expect(test.fake.requests).toEqual([])
    })
  }

  it('[L13] refuses HS256 with the public key as its secret: alg', async () => {
    const test = underTest({
      behaviours: { algorithm: 'RS256', metadata: { id_token_signing_alg_values_supported: ['HS256', 'RS256'] } },
    })
    const jwks = await (await test.fake.fetch('https://id.example/jwks')).text()
    const token = await new SignJWT(claims)
      .setProtectedHeader({ alg: 'HS256', kid: 'key-1' })
      .sign(new TextEncoder().encode(jwks))
    expect((await failureOf(verify(test, token))).cause.check).toBe('alg')
  })

  it('[L13] refuses an algorithm that the provider does not announce: alg, without fetching keys', async () => {
    const test = underTest({ behaviours: { metadata: { id_token_signing_alg_values_supported: undefined } } })
    const token = await test.fake.logoutToken()
    expect((await failureOf(verify(test, token))).cause.check).toBe('alg')
    expect(test.fake.count('jwks')).toBe(0)
  })

  it('[L13] refuses a signature by another key, and one with a changed byte: signature', async () => {
    const [test, other] = [underTest(), underTest()]
    expect((await failureOf(verify(test, await other.fake.logoutToken()))).cause.check).toBe('signature')
    const [header, payload, signature] = (await test.fake.logoutToken()).split('.') as [string, string, string]
    const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1)
    expect((await failureOf(verify(test, `${header}.${payload}.${changed}`))).cause.check).toBe('signature')
  })

  it('[L13] finds the key of a token without `kid` among several', async () => {
    const test = underTest()
    test.fake.rotateKeys({ keepOld: true })
    const token = await test.fake.logoutToken({}, { kid: undefined })
    expect((await verify(test, token)).sub).toBe('alice')
    const forged = await underTest().fake.logoutToken({}, { kid: undefined })
    expect((await failureOf(verify(test, forged))).cause.check).toBe('signature')
  })

  it('[L13] a token without `exp` is good for 300 s, and 60 s of tolerance, where the profile says so', async () => {
    const test = underTest({ profile: { logoutTokenHasExp: false } })
    const token = await test.fake.logoutToken({ exp: undefined })
    test.clock.advance(359)
    expect((await verify(test, token)).sub).toBe('alice')
    test.clock.advance(1)
    expect((await failureOf(verify(test, token))).cause.check).toBe('exp')
  })

  it('[A12] a provider out of reach is ERR_PROVIDER, not a bad token', async () => {
    const test = underTest({ behaviours: { down: true } })
    expect(await failureOf(verify(test, await test.fake.logoutToken()))).toMatchObject({
      code: 'ERR_PROVIDER',
      status: 502,
    })
  })
})

describe('peekIssuer', () => {
  it('[L13] says whose token it claims to be, and fetches nothing', async () => {
    const { fake } = underTest()
    expect(peekIssuer(await fake.logoutToken({ aud: 'app' }))).toEqual({ iss: fake.issuer, aud: ['app'] })
    expect(peekIssuer(await fake.logoutToken({ aud: ['a', 7, 'b'] }))).toEqual({ iss: fake.issuer, aud: ['a', 'b'] })
    expect(() => peekIssuer('garbage')).toThrow('The logout token is not valid.')
    expect(fake.requests).toEqual([])
  })
})
