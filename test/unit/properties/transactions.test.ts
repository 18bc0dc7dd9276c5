import { memoryStore, type Store } from 'endsession'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { makeSetting, type Setting } from '../../matrix/setting.ts'
import { cookieText, headerText, holds } from './holds.ts'

const claimed: string[] = []
let setting: Setting

beforeAll(async () => {
  setting = await makeSetting({ store: (clock) => counting(memoryStore({ now: clock.now })) })
})
afterAll(() => setting.close())

function counting(store: Store): Store {
  const claim: Store['claim'] = (key, seconds) => {
    claimed.push(key)
    return store.claim(key, seconds)
  }
  return { ...store, claim }
}

/** The answer to a callback: its status, and whether it signed somebody in. */
async function callBack(query: string, cookie: string): Promise<{ status: number; signedIn: boolean; state: string }> {
  const request = new Request(`http://localhost:3000/auth/callback?${query}`, { headers: { cookie } })
  const answer = (await setting.endsession.handle(request)) as Response
  const signedIn = answer.headers.getSetCookie().some((line) => /^endsession=[^;]/.test(line))
  return { status: answer.status, signedIn, state: new URL(request.url).searchParams.get('state') ?? '' }
}

const state = () =>
  fc.oneof(fc.string({ unit: 'binary' }), cookieText(), fc.stringMatching(/^[0-9a-z]{1,10}\.[\w-]{0,50}$/))

describe('the state of a login', () => {
  it('[L2 L18] any other one is refused, and takes nothing', async () => {
    await holds(
      fc.asyncProperty(
        fc.array(state(), { maxLength: 2 }),
        headerText(),
        cookieText(),
        async (states, header, value) => {
          const pairs = [...states.map((text): [string, string] => ['state', text]), ['code', 'c'] as [string, string]]
          const query = new URLSearchParams(pairs).toString()
          const junk = `endsession-in--${value.slice(0, 8)}=${value}; endsession-in-=${value}; ${header}`
          const { status, signedIn } = await callBack(query, junk)
          expect([status, signedIn]).toEqual([400, false])
        },
      ),
      500,
    )
    expect(claimed).toEqual([])
  })

  it('[L2] a pending login survives every forged state, works once, and not a second time', async () => {
    await holds(
      fc.asyncProperty(
        fc.array(state(), { maxLength: 5 }),
        fc.nat(),
        fc.constantFrom('', 'A', '.', ' ', '\u0000'),
        async (forged, place, piece) => {
          const browser = setting.browser()
          const start = await browser.get('/auth/login')
          const back = setting.provider.authorize(start.headers.get('location') ?? '', {})
          const cookie = [...browser.cookies].map(([name, value]) => `${name}=${value}`).join('; ')
          const real = back.searchParams.get('state') ?? ''
          const at = place % real.length
          const changed = real.slice(0, at) + piece + real.slice(at + 1)
          const before = claimed.length
          for (const text of [...forged, changed]) {
            if (text === real) continue
            const query = new URLSearchParams(back.searchParams)
            query.set('state', text)
            expect(await callBack(query.toString(), cookie)).toMatchObject({ status: 400, signedIn: false })
          }
          expect(claimed.length).toBe(before)
          expect(await callBack(back.search.slice(1), cookie)).toMatchObject({ status: 303, signedIn: true })
          expect(await callBack(back.search.slice(1), cookie)).toMatchObject({ status: 400, signedIn: false })
        },
      ),
      100,
    )
  })

  it('[L1 A12] never more than five logins at once, and never more than a few cookies to remove', async () => {
    await holds(
      fc.asyncProperty(fc.integer({ min: 0, max: 60 }), async (pending) => {
        const cookie = Array.from({ length: pending }, (_, at) => `endsession-in-${at.toString(36)}-aaaaaaaa=x`).join(
          '; ',
        )
        const request = new Request('http://localhost:3000/auth/login', { headers: { cookie } })
        const lines = ((await setting.endsession.handle(request)) as Response).headers.getSetCookie()
        const removed = lines.filter((line) => line.includes('Max-Age=0'))
        expect(lines.length - removed.length).toBe(1)
        expect(removed.length).toBe(Math.min(10, Math.max(0, pending - 4)))
      }),
      60,
    )
  })
})
