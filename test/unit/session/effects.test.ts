import { describe, expect, it } from 'vitest'
import { effectsOf } from '../../../packages/endsession/src/session/effects.ts'
import type { EndPlan } from '../../../packages/endsession/src/session/ending.ts'
import type { MarkLookup, StoredMark } from '../../../packages/endsession/src/session/marks.ts'
import type { Limits, StoredSession } from '../../../packages/endsession/src/session/store.ts'

const limits: Limits = {
  absoluteSeconds: 1000,
  idleSeconds: 500,
  endedSeconds: 60,
  reauthSeconds: 9000,
  accessTokenSeconds: 100,
}
const nothing: EndPlan = { ends: [], repeats: [], raises: [], tokens: [] }
const session: StoredSession = {
  id: 'a',
  iss: 'i',
  client: 'c',
  sub: 's',
  signedInAt: 5,
  sealed: new Uint8Array([1]),
  tokens: [{ hash: 't', expiresAt: 700 }],
  liveSeconds: 10,
  endsBy: 'absolute',
  openedAt: 90,
  seenAt: 90,
  expiresAt: 110,
  revision: 0,
}

function marks(held: Record<string, StoredMark> = {}): MarkLookup {
  const look = (key: string) => held[key]
  return { sid: look, sub: look, id: look, token: look }
}

describe('effectsOf', () => {
  it('[M4 M13] a session that ends: its record, the marks of its id and tokens, one entry', () => {
    const {
      records,
      marks: written,
      entries,
    } = effectsOf({ ...nothing, ends: [session] }, marks(), 'user', 100, limits)
    expect(records).toEqual([{ ...session, cause: 'user', endedAt: 100, repeated: false, settled: false }])
    // 160 by endedSeconds; 700, since its token lives longer than itself.
    expect(written).toEqual([
      { kind: 'id', key: 'a', mark: { cause: 'user', endedAt: 100, until: 700 } },
      { kind: 'token', key: 't', mark: { cause: 'user', endedAt: 100, until: 700 } },
    ])
    expect(entries).toEqual([{ id: 'a', tokens: ['t'], cause: 'user', until: 700 }])
  })

  it('[M3] a raise that changes nothing writes nothing; one of authBefore alone tells followers nothing', () => {
    const held = { h: { before: 50, cause: 'backchannel', endedAt: 1, until: 900 } as const }
    const raise = (given: { before?: number; authBefore?: number }) =>
      effectsOf({ ...nothing, raises: [{ kind: 'sub', hash: 'h', ...given }] }, marks(held), 'admin', 100, limits)
    expect(raise({ before: 49 })).toEqual({ records: [], marks: [], entries: [] })
    expect(raise({ authBefore: 60 })).toMatchObject({
      marks: [{ kind: 'sub', key: 'h', mark: { before: 50, authBefore: 60 } }],
      entries: [],
    })
    expect(raise({ before: 70 }).entries).toEqual([{ sub: 'h', before: 70, tokens: [], cause: 'admin', until: 1200 }])
  })

  it('[M13] a token\u2019s mark is never shortened', () => {
    const held = { t: { cause: 'user', endedAt: 1, until: 900 } as const }
    const { marks: written } = effectsOf(
      { ...nothing, tokens: [{ hash: 't', expiresAt: 200 }] },
      marks(held),
      'user',
      100,
      limits,
    )
    expect(written[0]?.mark.until).toBe(900)
  })

  it('a plan of nothing has no effects', () => {
    expect(effectsOf(nothing, marks(), 'user', 100, limits)).toEqual({ records: [], marks: [], entries: [] })
  })
})
