import { EndSessionError } from 'endsession'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { verifyLogoutToken } from '../../../packages/endsession/src/protocol/logout-token.ts'
import { makeSetting } from '../../matrix/setting.ts'
import { underTest } from '../protocol/provider-under-test.ts'
import { holds } from './holds.ts'

const event = 'http://schemas.openid.net/event/backchannel-logout'
const checks = [
  ...[
    'size',
    'shape',
    'crit',
    'alg',
    'typ',
    'iss',
    'aud',
    'iat',
    'exp',
    'events',
    'nonce',
    'sub',
    'sid',
    'subject',
    'jti',
  ],
  ...['key', 'signature'],
]
const now = 1_800_000_000
const goodHeader = { alg: 'ES256', typ: 'logout+jwt', kid: 'key-1' }
const goodClaims = {
  iss: 'https://id.example',
  aud: 'app',
  iat: now,
  exp: now + 120,
  jti: 'j',
  sub: 'alice',
  events: { [event]: {} },
}

const encode = (value: unknown) => Buffer.from(JSON.stringify(value) ?? 'null').toString('base64url')
const anyJson = () => fc.jsonValue({ maxDepth: 4 })
/** Values that are nearly right. */
const tricky = () =>
  fc.constantFrom<unknown>(
    ...[
      null,
      true,
      false,
      0,
      -0,
      -1,
      1e308,
      now,
      now + 61,
      now - 61,
      String(now),
      '',
      ' ',
      'app',
      'App',
      ['app'],
      [[]],
      [null],
      {},
    ],
    ...[
      'https://id.example',
      'https://id.example/',
      { [event]: null },
      { [event]: [] },
      { [event]: {} },
      [event],
      event,
      'none',
      'HS256',
      'ES256',
    ],
    ...['logout+jwt', 'at+jwt', 'JWT', ['b64'], { toString: 1 }],
  )
const laidOver = (good: object, keys: readonly string[]) =>
  fc
    .dictionary(
      fc.oneof(fc.constantFrom(...keys), fc.constantFrom('__proto__', 'constructor', 'toString')),
      fc.oneof(tricky(), anyJson()),
    )
    .map((bad) => ({ ...good, ...bad }))
const header = () =>
  fc.oneof(anyJson(), laidOver(goodHeader, ['alg', 'typ', 'kid', 'crit', 'b64', 'jwk', 'jku', 'x5u', 'zip', 'enc']))
const claims = () =>
  fc.oneof(anyJson(), laidOver(goodClaims, ['iss', 'aud', 'iat', 'exp', 'events', 'nonce', 'sub', 'sid', 'jti', 'nbf']))
/** Good but for one member. */
const nearly = () =>
  fc
    .tuple(
      fc.constantFrom('iss', 'aud', 'iat', 'exp', 'events', 'nonce', 'sub', 'sid', 'jti'),
      fc.oneof(tricky(), anyJson(), fc.constant(undefined)),
    )
    .map(([key, value]) => ({ ...goodClaims, [key]: value }))
const signature = () =>
  fc.oneof(
    fc.string(),
    fc.uint8Array({ minLength: 64, maxLength: 64 }).map((bytes) => Buffer.from(bytes).toString('base64url')),
  )

/** The check that refused it. Everything else that is thrown is thrown on. */
async function refusal(work: Promise<unknown>): Promise<string> {
  const error = await work.then(
    () => new Error('it was taken'),
    (error: unknown) => error,
  )
  if (!(error instanceof EndSessionError) || error.code !== 'ERR_LOGOUT_TOKEN') throw error
  return (error.cause as { readonly check: string }).check
}

describe('logout tokens', () => {
  it('[L13 L18] any text is refused by a named check, and nothing is fetched', async () => {
    const { fake, provider, runtime } = underTest()
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      fc.array(fc.base64String(), { maxLength: 6 }).map((parts) => parts.join('.')),
    )
    const long = fc.integer({ min: 16_385, max: 100_000 }).map((length) => 'a'.repeat(length))
    await holds(
      fc.asyncProperty(fc.oneof({ weight: 20, arbitrary: text }, { weight: 1, arbitrary: long }), async (token) => {
        expect(checks).toContain(await refusal(verifyLogoutToken(token, provider, runtime)))
        expect(fake.requests).toEqual([])
      }),
      1000,
    )
  })

  it('[L13 L18] any header and any claims are refused by a named check; none of ours fetches a key for another one', async () => {
    const { fake, provider, runtime } = underTest()
    await holds(
      fc.asyncProperty(
        fc.oneof(header(), fc.constant(goodHeader)),
        fc.oneof(claims(), nearly()),
        signature(),
        async (header, claims, signature) => {
          const check = await refusal(
            verifyLogoutToken(`${encode(header)}.${encode(claims)}.${signature}`, provider, runtime),
          )
          expect(checks).toContain(check)
          // Asked for a key, which is cached after the first.
          if (check === 'key' || check === 'signature')
            expect(isPlausible(header, claims), 'it was taken for a logout token').toBe(true)
          if (fake.requests.length > 0)
            expect(isPlausible(header, claims), 'it fetched for a token that is no logout token').toBe(true)
          ;(fake.requests as unknown[]).length = 0
        },
      ),
      3000,
    )
  })

  it('[L13 M11] a good token of which any character is changed is refused', async () => {
    const { fake, provider, runtime } = underTest()
    const token = await fake.logoutToken({ sub: 'alice', sid: 's' })
    const signatureAt = token.lastIndexOf('.') + 1
    expect((await verifyLogoutToken(token, provider, runtime)).sub).toBe('alice')
    // Of the last character some bits are spare; see [M12].
    const place = fc.nat(token.length - 2)
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \u0000é'
    await holds(
      fc.asyncProperty(place, fc.constantFrom(...characters), async (at, character) => {
        if (token[at] === character) return
        const changed = token.slice(0, at) + character + token.slice(at + 1)
        const check = await refusal(verifyLogoutToken(changed, provider, runtime))
        if (at > signatureAt) expect(['signature', 'shape']).toContain(check)
      }),
      500,
    )
  })

  it('[L13 L18] at the endpoint every body is 400, 413 or 415 in fixed words, ends nobody and fetches nothing', async () => {
    const setting = await makeSetting()
    const browser = setting.browser()
    await browser.login('alice')
    const before = setting.provider.requests.length
    const fixed = ['', '{"error":"invalid_request","error_description":"The logout was not done."}']
    const fields = fc.array(
      fc.tuple(fc.constantFrom('logout_token', 'logout_token', 'id_token', 'a'), fc.string({ unit: 'binary' })),
    )
    const body = fc.oneof(
      fields.map((pairs) => new URLSearchParams(pairs).toString()),
      fc.string({ unit: 'binary' }),
      fc.constant('a=1&'.repeat(20_000)),
    )
    const type = fc.constantFrom('application/x-www-form-urlencoded', 'application/json', 'multipart/form-data', '')
    const property = fc.asyncProperty(body, type, async (body, type) => {
      const init = { method: 'POST', body, headers: { ...(type && { 'content-type': type }) } }
      const answer = await setting.endsession.handle(new Request('http://localhost:3000/auth/backchannel-logout', init))
      expect([400, 413, 415]).toContain(answer?.status)
      expect(answer?.headers.get('cache-control')).toBe('no-store')
      expect(fixed).toContain(await answer?.text())
    })
    await holds(property)
    expect(setting.provider.requests.length).toBe(before)
    expect((await browser.get('/')).text).toBe('Hello alice')
    await setting.close()
  })
})

/** An oracle of its own: could this be a logout token of our provider for us, as far as it says itself? */
function isPlausible(header: unknown, claims: unknown): boolean {
  const [h, c] = [JSON.parse(JSON.stringify(header ?? null)), JSON.parse(JSON.stringify(claims ?? null))]
  if (typeof h !== 'object' || h === null || typeof c !== 'object' || c === null) return false
  const audiences = [c.aud].flat()
  const typ = h.typ === undefined ? 'jwt' : String(h.typ).toLowerCase()
  const text = (value: unknown) => value === undefined || (typeof value === 'string' && value.length > 0)
  return (
    !Object.hasOwn(h, 'crit') &&
    /^(RS|PS|ES)(256|384|512)$|^EdDSA$|^Ed25519$/.test(h.alg) &&
    /^(application\/)?(logout\+)?jwt$/.test(typ) &&
    c.iss === 'https://id.example' &&
    audiences.includes('app') &&
    typeof c.iat === 'number' &&
    c.iat <= now + 60 &&
    typeof c.exp === 'number' &&
    c.exp > now - 60 &&
    typeof c.events?.[event] === 'object' &&
    c.events[event] !== null &&
    !Object.hasOwn(c, 'nonce') &&
    text(c.sub) &&
    text(c.sid) &&
    (c.sub ?? c.sid) !== undefined &&
    typeof c.jti === 'string' &&
    c.jti !== ''
  )
}
