import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { safeReturnTo } from '../../../packages/endsession/src/web/return-to.ts'
import { makeSetting, origin } from '../../matrix/setting.ts'
import { holds } from './holds.ts'

const trusted = ['https://www.example.com', 'http://127.0.0.1:8080']

/** Pieces that have fooled other people's checks. */
const pieces = [
  ...[
    '/',
    '//',
    '\\',
    '/\\',
    '\\/',
    '///',
    ':',
    '@',
    '.',
    '..',
    '?',
    '#',
    '%2f',
    '%5c',
    '%09',
    '%00',
    '\t',
    '\n',
    '\r',
    ' ',
    '\u0000',
    '\u00a0',
  ],
  ...[
    '\u3002',
    '\uff0f',
    '\u2028',
    '\ufeff',
    '\u202e',
    'http:',
    'https:',
    'HTTPS:',
    'javascript:',
    'data:',
    'blob:',
    'view-source:',
    'ws:',
    'file:',
  ],
  ...[
    'filesystem:',
    `blob:${origin}/x`,
    'blob:https://www.example.com/x',
    'about:blank',
    'localhost:3000',
    'localhost:3000.evil.example',
    'localhost',
    'evil.example',
    'www.example.com',
    'user:pass@',
  ],
  ...[
    origin,
    'https://www.example.com',
    'https://www.example.com.evil.example',
    '[::1]',
    '0x7f000001',
    '127.1',
    'inbox',
    '?next=//evil.example',
    ';',
  ],
]
const wanted = () =>
  fc.oneof(
    { weight: 6, arbitrary: fc.array(fc.constantFrom(...pieces), { maxLength: 8 }).map((parts) => parts.join('')) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary' }) },
    { weight: 1, arbitrary: fc.webUrl({ withFragments: true, withQueryParameters: true }) },
    { weight: 1, arbitrary: fc.webPath() },
  )

/** Where a browser that is at one of our pages ends up, or nothing if it goes nowhere. Of the network only http and https. */
function whereBrowserGoes(location: string): string {
  const url = new URL(location, `${origin}/auth/callback?code=1`)
  return /^https?:$/.test(url.protocol) ? url.origin : `${url.protocol} is no page`
}

describe('returnTo', () => {
  it('[A11] leads to our origin or the allowed ones, whatever it is', async () => {
    await holds(
      fc.property(wanted(), (value) => {
        const url = safeReturnTo(value, origin, trusted)
        if (url === undefined) return
        expect([origin, ...trusted]).toContain(whereBrowserGoes(url))
        expect(url).toMatch(/^[\x21-\x7e]+$/)
        expect(new URL(url).username + new URL(url).password).toBe('')
      }),
      5000,
    )
  })

  it('[A11] without allowed ones, to our origin alone', async () => {
    await holds(
      fc.property(wanted(), (value) => {
        const url = safeReturnTo(value, origin, [])
        if (url !== undefined) expect(whereBrowserGoes(url)).toBe(origin)
      }),
      5000,
    )
  })

  it('[A11] a plain path is kept as it is', async () => {
    await holds(
      fc.property(fc.webPath(), (path) => {
        expect(safeReturnTo(`/inbox${path}`, origin, [])).toBe(new URL(`/inbox${path}`, origin).href)
      }),
    )
  })

  it('[A11 L2] a whole login ends on an allowed origin, and never at a route of ours', async () => {
    const setting = await makeSetting({ options: { trustedOrigins: trusted } })
    const property = fc.asyncProperty(wanted(), async (value) => {
      const browser = setting.browser()
      const start = await browser.get(`/auth/login?${new URLSearchParams({ returnTo: value })}`)
      const back = setting.provider.authorize(start.headers.get('location') ?? '', {})
      const answer = await browser.get(back.pathname + back.search)
      expect(answer.status).toBe(303)
      const location = answer.headers.get('location') ?? ''
      expect([origin, ...trusted]).toContain(whereBrowserGoes(location))
      expect(new URL(location, origin).href).not.toMatch(/^http:\/\/localhost:3000\/auth(\/|$)/)
    })
    await holds(property, 150).finally(() => setting.close())
  })
})
