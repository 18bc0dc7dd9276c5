import { describe, expect, it } from 'vitest'
import { byLayer } from '../../demo/dist/once/result.js'
import { makePlan } from '../../demo/dist/plan.js'
import type { Found } from '../../demo/dist/room/auditor.js'
import { describeExchange } from '../../demo/dist/room/exchange.js'
import {
  nameAddress,
  nameAuthorization,
  nameCookie,
  nameCookies,
  nameJson,
  nameTarget,
} from '../../demo/dist/room/naming.js'
import { describeHeadline, describeStoreys } from '../../demo/dist/room/storeys.js'
import { people } from '../../demo/dist/servers/people.js'

describe('secrets by name', () => {
  const secret = 'Zk3-9fQ_x7Lm2Vb8Nc4Rt6Yw'
  const token = `eyJhbGciOiJub25lIn0.${Buffer.from('{"sub":"ana","aud":"mail"}').toString('base64url')}.c2ln`

  it.each([
    ['a query', nameTarget(`/auth/callback?code=${secret}&state=${secret}&error=${secret.repeat(20)}`)],
    ['a field that nobody has heard of', nameTarget(`/x?brand_new=${secret}`)],
    ['a path', nameTarget(`/interaction/${secret}/finish`)],
    [
      'an address inside an address',
      nameAddress(`http://a.example/?redirect_uri=${encodeURIComponent(`http://b.example/?code=${secret}`)}`),
    ],
    ['an address with a name and a password', nameAddress(`http://ana:${secret}@a.example/`)],
    ['no address at all', nameAddress(secret)],
    ['cookies', nameCookies(`endsession=${secret}; _session=${secret}; ${secret}`, 'Mail')],
    ['a cookie that is set', nameCookie(`endsession=${secret}; Path=/; HttpOnly`, 'Mail')],
    ['Basic', nameAuthorization(`Basic ${secret}`, 'Mail')],
    ['Bearer', nameAuthorization(`Bearer ${secret}`, 'The API')],
    ['a token', nameAuthorization(`Bearer ${token}`, 'Mail')],
    ['a token that is none', nameAuthorization('Bearer eyJ.eyJ.x', 'Mail')],
    [
      'JSON, however deep',
      JSON.stringify(nameJson({ a: [{ access_token: token, b: { c: secret } }], [secret.repeat(2)]: 1 })),
    ],
    ['a harmless field that holds a token', nameTarget(`/x?scope=${token}`)],
  ])('%s [A6]', (_where, named) => {
    expect(named).not.toContain(secret)
    expect(named).not.toContain(token.slice(0, 12))
  })

  it('says what they are', () => {
    expect(nameAuthorization(`Bearer ${token}`, 'Mail')).toBe('Bearer eyJ… (ID token, Ana, mail)')
    expect(nameCookies(`endsession=${secret}`, 'Mail')).toBe('endsession=… (Mail’s session cookie)')
    expect(nameTarget('/auth/backchannel-logout?scope=openid&code=x')).toBe(
      '/auth/backchannel-logout?scope=openid&code=… (login code)',
    )
    expect(nameCookie('endsession=; Path=/; Max-Age=0', 'Mail')).toBe('endsession=; Path=/; Max-Age=0')
  })
})

describe('a Keycloak’s secrets, by name', () => {
  const tokenOf = (claims: object) =>
    `Bearer eyJhbGciOiJub25lIn0.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`
  const sub = people[0]?.idAt.example

  it('its tokens say in their claims what they are, and the person has another id there', () => {
    expect(nameAuthorization(tokenOf({ typ: 'Bearer', sub, aud: 'mail' }), 'Mail')).toBe(
      'Bearer eyJ… (access token, Ana, mail)',
    )
    expect(nameAuthorization(tokenOf({ typ: 'Refresh', sub }), 'Mail')).toBe('Bearer eyJ… (refresh token, Ana)')
  })

  it.each([
    ['KEYCLOAK_IDENTITY', 'Acme’s session cookie'],
    ['AUTH_SESSION_ID', 'a login in progress'],
    ['authjs.session-token.0', 'Acme’s session cookie'],
  ])('the cookie %s is %s', (name, meaning) => {
    expect(nameCookie(`${name}=a-secret; Path=/realms/acme/`, 'Acme')).toBe(
      `${name}=… (${meaning}); Path=/realms/acme/`,
    )
  })

  it('an exchange belongs to the realm that its path is in: both have one origin', () => {
    const plan = makePlan({ ports, folder: '', provider: 'keycloak' })
    const seen = { from: 'laptop', method: 'GET', requestHeaders: new Headers(), requestBody: '' } as const
    const answered = { status: 200, responseHeaders: new Headers(), responseBody: '', startedAt: 0 }
    const lookAt = (path: string) =>
      describeExchange(plan, { ...seen, ...answered, url: new URL(path, 'http://localhost:2') })
    const auth = '/protocol/openid-connect/auth'
    expect(lookAt(`/realms/example${auth}?client_id=mail`)).toMatchObject({ to: 'provider', label: 'GET /auth' })
    expect(lookAt(`/realms/acme${auth}`)).toMatchObject({ to: 'acme', meaning: 'is sent to say who this is' })
    expect(lookAt('/realms/acme-two/protocol/openid-connect/auth')).toBeUndefined()
    expect(lookAt('/admin/realms/acme')).toBeUndefined()
  })
})

const ports = { room: 1, provider: 2, acme: 3, mail: 4, calendar: 5, api: 6, next: 7 }

describe('the building', () => {
  const found = (observed: Found['observed']) => byLayer((): Found => ({ observed, how: 'GET / → 200' }))
  const says = (word: 'ended' | 'unknown' | 'requested') => ({
    by: 'endsession' as const,
    scope: 'provider' as const,
    says: byLayer(() => ({ word, sentence: '' })),
  })

  it('names a claim that is not true, whoever made it [A2]', () => {
    const storeys = describeStoreys(says('ended'), found('alive'))
    expect(storeys.map(({ lie }) => lie)).not.toContain(undefined)
    expect(storeys[1]?.lie).toBe('endsession says ended. A copied cookie still opens Ana’s inbox.')
    expect(describeHeadline(storeys, false)).toBe('7 of 7 still open')
  })

  it.each(['unknown', 'requested'] as const)('calls “%s” no lie, whatever is found [A2]', (word) => {
    expect(describeStoreys(says(word), found('alive')).every(({ lie }) => lie === undefined)).toBe(true)
  })

  it('has the Next.js app in the storey of the other apps, where there is one', () => {
    const names = (hasNext: boolean) => describeStoreys(undefined, found('alive'), hasNext).map(({ name }) => name)
    expect(names(false)).toContain('Calendar, the other app')
    expect(names(true)).toContain('Calendar and Jobs')
  })

  it('counts what nobody could try as unseen, not as closed', () => {
    const storeys = describeStoreys(says('ended'), found('not seen'))
    expect(describeHeadline(storeys, false)).toBe('0 doors open. 7 we can’t see.')
  })
})
