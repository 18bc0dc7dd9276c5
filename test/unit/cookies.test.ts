import { describe, expect, it } from 'vitest'
import { cookieNames, createCookieJar, readCookie } from '../../packages/endsession/src/web/cookies.ts'

const withCookie = (cookie: string) => new Request('https://mail.example/', { headers: { cookie } })

describe('createCookieJar', () => {
  it('[A6] on https every name has the prefix that no other host can set (need 9)', () => {
    const jar = createCookieJar('https://mail.example')
    expect(jar.write('__Host-endsession', 'v', 60.9)).toBe(
      '__Host-endsession=v; Path=/; HttpOnly; SameSite=Lax; Secure; Max-Age=60',
    )
    const { session, ticket, logout, fresh, loginPrefix } = jar.names
    for (const name of [session, ticket, logout, fresh, loginPrefix]) expect(name).toMatch(/^__Host-endsession/)
  })

  it('http on loopback has neither prefix nor Secure', () => {
    const jar = createCookieJar('http://localhost:3000')
    expect(jar.write(jar.names.session, 'v')).toBe('endsession=v; Path=/; HttpOnly; SameSite=Lax')
  })

  it.each(['https://mail.example', 'http://localhost:3000'])(
    'a cookie of %s goes with the attributes it came with (need 9)',
    (origin) => {
      const jar = createCookieJar(origin)
      expect(jar.expire('name')).toBe(jar.write('name', '', 0))
    },
  )

  it('names are all different', () => {
    const { session, ticket, logout, fresh, loginPrefix } = createCookieJar('https://mail.example').names
    expect(new Set([session, ticket, logout, fresh, loginPrefix]).size).toBe(5)
  })
})

describe('readCookie', () => {
  it.each([
    ['a=1', '1'],
    ['b=2; a=1', '1'],
    ['b=2;a=1', '1'],
    ['b=2;\ta=1 ', '1'],
    ['a=x=y==', 'x=y=='],
    ['a=', ''],
    ['A=1', undefined],
    ['ba=1', undefined],
    ['a', undefined],
    ['=a=1', undefined],
    [';;; =; a', undefined],
    ['b="; a=1"', '1"'],
  ])('of %j reads %j', (cookie, value) => {
    expect(readCookie(withCookie(cookie), 'a')).toBe(value)
  })

  it('of two with one name takes the first: the longer path, as RFC 6265 orders them', () => {
    expect(readCookie(withCookie('a=1; a=2'), 'a')).toBe('1')
  })

  it("[A6] a name behind a character that only looks like a space is another name: it got past the browser's check of __Host-", () => {
    for (const space of ['\u00a0', '\u0085', '\u000b'].map((character) => `${character}__Host-endsession=tossed`))
      expect(readCookie({ headers: { get: () => space } } as unknown as Request, '__Host-endsession')).toBeUndefined()
  })

  it('without a Cookie header reads nothing', () => {
    expect(readCookie(new Request('https://mail.example/'), 'a')).toBeUndefined()
  })
})

describe('cookieNames', () => {
  it('answers each name once, and none that would break a header', () => {
    const cookie = 'in-1=a; in-1=b; in-2=c; out=d; in-\u00fc=e; in-"=f; in-(=g; in-3'
    expect(cookieNames({ headers: { get: () => cookie } } as unknown as Request, 'in-')).toEqual([
      'in-1',
      'in-2',
      'in-3',
    ])
  })
})
