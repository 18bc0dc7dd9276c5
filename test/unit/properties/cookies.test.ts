import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../../packages/endsession/src/runtime.ts'
import { newCookieId, sessionIdOf } from '../../../packages/endsession/src/session/ids.ts'
import { cookieNames, createCookieJar, readCookie } from '../../../packages/endsession/src/web/cookies.ts'
import { cookieText, headerText, holds } from './holds.ts'

const jars = [createCookieJar('https://mail.example'), createCookieJar('http://localhost:3000')] as const
const withCookie = (cookie: string) => new Request('http://localhost:3000/', { headers: { cookie } })
const jar = () => fc.constantFrom(...jars)

describe('cookies', () => {
  it('[L18] what is written is read again, whatever stands around it', async () => {
    const name = fc.constantFrom('session', 'ticket', 'logout', 'fresh') satisfies fc.Arbitrary<
      keyof (typeof jars)[0]['names']
    >
    await holds(
      fc.property(
        jar(),
        name,
        cookieText(),
        fc.array(headerText()),
        fc.array(headerText()),
        (jar, key, value, before, after) => {
          const line = jar.write(jar.names[key], value, 600)
          const sent = line.split(';', 1)[0] as string
          // Of two of one name the first counts: nothing before ours may have its name.
          const others = before.map((text) => `x${text.replaceAll(';', '')}`)
          expect(readCookie(withCookie([...others, sent, ...after].join('; ')), jar.names[key])).toBe(value)
        },
      ),
    )
  })

  it('[L18 A12] no header throws, and what is read out of it is part of it', async () => {
    await holds(
      fc.property(jar(), headerText(), fc.array(headerText()), (jar, junk, more) => {
        const header = [junk, ...more.map((text) => jar.names.loginPrefix + text)].join(';')
        const request = withCookie(header)
        const value = readCookie(request, jar.names.session)
        if (value !== undefined) expect(header).toContain(value)
        for (const name of cookieNames(request, jar.names.loginPrefix)) expect(name).toMatch(/^[\w-]+$/)
      }),
      1000,
    )
  })

  it('[L18] every line is one line, and expires with the attributes that it was set with', async () => {
    await holds(
      fc.property(jar(), cookieText(), fc.double({ min: 0, max: 1e9, noNaN: true }), (jar, value, seconds) => {
        const [pair, ...attributes] = jar.write(jar.names.session, value, seconds).split('; ')
        expect(pair).toBe(`${jar.names.session}=${value}`)
        expect(attributes.pop()).toMatch(/^Max-Age=\d+$/)
        expect(jar.expire(jar.names.session).split('; ').slice(1, -1)).toEqual(attributes)
      }),
    )
  })

  it('[L1] names of logins are found each once, whatever stands between them', async () => {
    const suffix = fc.stringMatching(/^[0-9a-z]{1,9}-[\w-]{8}$/)
    await holds(
      fc.property(jar(), fc.uniqueArray(suffix, { maxLength: 30 }), headerText(), (jar, suffixes, junk) => {
        const names = suffixes.map((each) => jar.names.loginPrefix + each)
        const header = names.flatMap((name) => [`${name}=1`, `x${junk.replaceAll(';', '')}`, `${name}=2`]).join(';')
        expect(cookieNames(withCookie(header), jar.names.loginPrefix)).toEqual(names)
      }),
    )
  })

  it('[A6 S15] an id is named by its hash, and only what has the shape of one is an id', async () => {
    const runtime = systemRuntime()
    const random = newCookieId(runtime, 7)
    await holds(
      fc.property(
        fc.oneof(headerText(), fc.string(), fc.constant(random), fc.stringMatching(/^\d{0,5}\.[\w-]{42,44}\n?$/)),
        (text) => {
          const id = sessionIdOf(text)
          expect(id === undefined).toBe(!/^\d{1,4}\.[\w-]{43}$/.test(text) || text.endsWith('\n'))
          if (id === undefined) return
          expect(id).toMatch(/^\d{1,4}\.[\w-]{43}$/)
          expect(id.split('.')[0]).toBe(text.split('.')[0])
          expect(id).not.toBe(text)
        },
      ),
      1000,
    )
    for (const { names, write } of jars)
      expect(write(names.session, newCookieId(runtime), 1e9).length, 'the cookie, attributes and all').toBeLessThan(200)
  })
})
