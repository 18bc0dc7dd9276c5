import { describe, expect, it } from 'vitest'
import { serverReport } from '../../../packages/endsession/src/logout-report.ts'
import { planEnd } from '../../../packages/endsession/src/session/ending.ts'
import type { EndedRecord, Selector } from '../../../packages/endsession/src/session/store.ts'

const who = { iss: 'https://id.example', client: 'app' }
const now = 2000

/** More than a function takes as arguments. */
const records: readonly EndedRecord[] = Array.from({ length: 130_000 }, (_, place) => ({
  ...who,
  id: `0.${place}`,
  sub: 'mallory',
  sid: 's',
  signedInAt: 1_000_000_000 + (place % 1000),
  sealed: new Uint8Array(),
  tokens: [{ hash: `${place}`, expiresAt: 3000 }],
  liveSeconds: 6000,
  endsBy: 'absolute',
  openedAt: 1000,
  seenAt: 1000,
  expiresAt: 7000,
  revision: 0,
  cause: 'admin',
  endedAt: 1500,
  repeated: false,
  settled: true,
}))

describe('a person with very many sessions', () => {
  const selectors: Selector[] = [
    { by: 'sub', ...who, sub: 'mallory' },
    { by: 'sid', ...who, sid: 's', sub: 'mallory' },
    { by: 'id', id: '0.0', sid: true },
  ]
  it.each(selectors)('[M4 A12] can be ended by $by, and all of them tell the time', (selector) => {
    const look = {
      live: (where: object) => ('id' in where ? records.slice(0, 1) : records),
      ended: () => [],
    }
    const plan = planEnd(look, selector, 'admin', now)
    expect(plan.ends).toHaveLength(130_000)
    expect(plan.raises).toMatchObject([{ before: 1_000_000_999 + 1000, authBefore: 1_000_000_999 + 1000 }])
    const again = planEnd({ live: () => [], ended: () => records }, selector, 'admin', now)
    expect(again.ends).toEqual([])
    expect(again.raises).toHaveLength(1)
  })

  it('[A12 L19] can be reported', () => {
    const report = serverReport({
      scope: 'everywhere',
      at: now,
      records,
      revocation: [['a', 'revoked']],
      confirmations: [],
      hosted: false,
    })
    expect(report.layers.services).toMatchObject({ reason: 'no_guard_follows', until: 3000 })
  })
})

describe('a store whose clock was set back', () => {
  it.each([undefined, 1_000_000_005])('[M9 A3] still covers the logins that it ends (toldAt %j)', (toldAt) => {
    const [record] = records as readonly [EndedRecord]
    const session = { ...record, ...(toldAt !== undefined && { toldAt }) }
    const look = { live: () => [session], ended: () => [] }
    const { raises } = planEnd(look, { by: 'id', id: session.id, sid: true }, 'user', session.openedAt - 600)
    expect(raises).toMatchObject([{ kind: 'sid', before: toldAt ?? session.signedInAt }])
  })
})
