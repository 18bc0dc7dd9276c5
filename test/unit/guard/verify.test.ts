import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Guarded, guarded } from './guarded.ts'

let setting: Guarded
beforeAll(async () => {
  setting = await guarded()
})
afterAll(() => setting.close())

const part = (value: unknown) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url')

describe('takes access tokens', () => {
  it.for<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['as RFC 9068 has them', {}, {}],
    ['with the long form of typ', {}, { typ: 'application/at+jwt' }],
    ['in other letters', {}, { typ: 'AT+JWT' }],
    ['with the plain typ', {}, { typ: 'JWT' }],
    ['without a typ', {}, { typ: undefined }],
    ['that name the client in azp', { client_id: undefined, azp: 'app' }, {}],
    ['that name no client', { client_id: undefined }, {}],
    ['for several audiences', { aud: ['https://other.example', 'https://api.example'] }, {}],
    ['a minute after they expired, at most', { exp: -59 }, {}],
    ['from a minute ahead, at most', { nbf: 59 }, {}],
    ['of Keycloak before 25, which hold the nonce of the login', { typ: 'Bearer', nonce: 'n' }, { typ: 'JWT' }],
    ['that say that they are some, and hold an at_hash all the same', { at_hash: 'x' }, {}],
  ])('%s [G4]', async ([, claims, header]) => {
    const { sub, ...rest } = { sub: 'alice', ...timed(claims) }
    expect(await setting.check(await setting.token({ sub, ...rest }, header))).toMatchObject({
      ok: true,
      claims: { sub: 'alice' },
    })
  })
})

/** Small numbers of `exp` and `nbf` are seconds from now. */
function timed(claims: Record<string, unknown>): Record<string, unknown> {
  const now = Math.floor(setting.clock.now())
  const at = (name: string) =>
    typeof claims[name] === 'number' && Math.abs(claims[name] as number) < 1000
      ? { [name]: now + (claims[name] as number) }
      : {}
  return { ...claims, ...at('exp'), ...at('nbf') }
}

describe('refuses what is no access token for this service, with 401', () => {
  it.for<[string, Record<string, unknown>, Record<string, unknown>]>([
    ['an ID token', { nonce: 'n', aud: ['app', 'https://api.example'] }, { typ: 'JWT' }],
    ['an ID token without a typ', { nonce: 'n' }, { typ: undefined }],
    ['an ID token that holds only an at_hash', { at_hash: 'x' }, { typ: 'JWT' }],
    ['an ID token that holds only a c_hash', { c_hash: 'x' }, { typ: 'JWT' }],
    ['a logout token', { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } }, { typ: 'logout+jwt' }],
    ['a logout token in disguise', { events: {} }, { typ: 'JWT' }],
    ['an ID token of Keycloak', { typ: 'ID' }, { typ: 'JWT' }],
    ['a refresh token in disguise', { typ: 'Refresh' }, { typ: 'JWT' }],
    ['an offline token in disguise', { typ: 'Offline' }, { typ: 'JWT' }],
    ['a refresh token under a good typ', { typ: 'Refresh' }, {}],
    ['another typ', {}, { typ: 'dpop+jwt' }],
    ['a typ that is no text', {}, { typ: 7 }],
    ['another issuer', { iss: 'https://id.example.evil' }, {}],
    ['the issuer with a slash', { iss: 'https://id.example/' }, {}],
    ['another audience', { aud: 'https://other.example' }, {}],
    ['no audience', { aud: undefined }, {}],
    ['an audience that begins alike', { aud: 'https://api.example.evil' }, {}],
    ['a client that no feed names', { client_id: 'other' }, {}],
    ['an azp that no feed names', { azp: 'other' }, {}],
    ['an empty client', { client_id: '' }, {}],
    ['expired', { exp: -61 }, {}],
    ['no exp', { exp: undefined }, {}],
    ['an exp that is no number', { exp: '9999999999' }, {}],
    ['not yet', { nbf: 61 }, {}],
    ['no sub', { sub: undefined }, {}],
    ['an empty sub', { sub: '' }, {}],
    ['a sub that is no text', { sub: 7 }, {}],
    ['20 kB', { fat: 'x'.repeat(20_000) }, {}],
  ])('%s [G4]', async ([, claims, header]) => {
    const answer = await setting.send(`Bearer ${await setting.token(timed(claims), header)}`)
    expect(answer).toMatchObject({ status: 401 })
    expect((answer as Response).headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="The token is not good here."',
    )
    expect((answer as Response).headers.get('cache-control')).toBe('no-store')
  })

  it('alg none, and an HS256 signed with the public key [G4]', async () => {
    const [, payload] = (await setting.token()).split('.')
    const { keys } = (await (await setting.provider.fetch('https://id.example/jwks')).json()) as { keys: object[] }
    const { createHmac } = await import('node:crypto')
    const symmetric = `${part({ alg: 'HS256', typ: 'at+jwt', kid: 'key-1' })}.${payload}`
    const mac = createHmac('sha256', JSON.stringify(keys[0])).update(symmetric).digest('base64url')
    for (const token of [
      `${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.`,
      `${part({ alg: 'none', typ: 'at+jwt' })}.${payload}.AA`,
      `${symmetric}.${mac}`,
    ])
      expect(await setting.check(token)).toMatchObject({ ok: false, response: { status: 401 } })
  })

  it('a changed payload, and a signature of somebody else [G4]', async () => {
    const [[header, , signature], [, payload]] = [
      (await setting.token()).split('.'),
      (await setting.token({ sub: 'eve' })).split('.'),
    ]
    expect(await setting.check(`${header}.${payload}.${signature}`)).toMatchObject({ why: 'invalid' })
  })

  it.for([
    'a.b.c',
    '..',
    '...',
    'x',
    'eyJ.x.y',
    `${part('null')}.${part('{}')}.x`,
    `${part('{}')}.${part('[]')}.x`,
    `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part('nonsense')}.x`,
    'a.b.c.d.e',
    '.'.repeat(50),
    `${part({ alg: 'ES256', typ: 'at+jwt' })}.${part({ iss: 'https://id.example' })}.x`,
  ])('the garbage %s [G4]', async (token) => {
    const answer = await setting.send(`Bearer ${token}`)
    expect(answer).toMatchObject({ status: 401 })
    expect(setting.provider.count('unknown')).toBe(0)
  })
})

describe('an Authorization header that carries no bearer token is asked for one', () => {
  it.for([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic YTpi',
    'Bearer two words',
    'Bearer a, Bearer b',
    'Bearerx',
    'Bearer ä',
    `Bearer ${'='.repeat(90)}`,
    'DPoP a.b.c',
  ])('%s [G4]', async (authorization) => {
    const answer = await setting.send(authorization)
    expect(answer).toMatchObject({ status: 401 })
    expect((answer as Response).headers.get('www-authenticate')).toBe('Bearer')
    expect(await (answer as Response).json()).toEqual({ error: 'missing_token' })
  })
})

it('causes no key fetch for what is refused by its claims [G4]', async () => {
  const cold = await guarded()
  const before = cold.provider.count('jwks')
  for (const claims of [{ iss: 'https://evil.example' }, { aud: 'x' }, { exp: 1 }, { sub: '' }])
    await cold.check(await cold.token(claims))
  expect(cold.provider.count('jwks')).toBe(before)
  await cold.check(await cold.token())
  expect(cold.provider.count('jwks')).toBe(before + 1)
  await cold.close()
})

it('does not know, and says 503, when the keys cannot be had [G2]', async () => {
  const cold = await guarded()
  cold.provider.behaviours.jwksDown = true
  const answer = await cold.send(`Bearer ${await cold.token()}`)
  expect(answer).toMatchObject({ status: 503 })
  expect((answer as Response).headers.get('retry-after')).toBe('1')
  expect(await (answer as Response).json()).toEqual({ error: 'keys_unreachable' })
  await cold.close()
})
