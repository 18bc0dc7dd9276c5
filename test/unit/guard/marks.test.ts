import { afterEach, describe, expect, it } from 'vitest'
import { createKnownMarks } from '../../../packages/endsession/src/guard/known-marks.ts'
import { tokenHash } from '../../../packages/endsession/src/protocol/token-hash.ts'
import type { Entry } from '../../../packages/endsession/src/session/store.ts'
import { type Guarded, guarded, testApp } from './guarded.ts'

let setting: Guarded
afterEach(() => setting?.close())

const who = (more: object = {}) => ({ iss: setting.provider.issuer, client: 'app', ...more })
const endSid = (sid: string, before: number) =>
  setting.app.store.end({ by: 'sid', ...who(), sid, before }, 'backchannel')
const endSub = (sub: string, before: number) =>
  setting.app.store.end({ by: 'sub', ...who(), sub, before }, 'backchannel')
const endToken = (token: string, expiresAt: number) =>
  setting.app.store.end({ by: 'tokens', id: 'an id', tokens: [{ hash: tokenHash(token), expiresAt }] }, 'user')

describe('an ended token is refused with 401', () => {
  it('by its sid; other sids live on [G1 M3]', async () => {
    setting = await guarded()
    const [token, other] = [await setting.token(), await setting.token({ sid: 'sid-2' })]
    expect([await setting.check(token), await setting.check(other)]).toMatchObject([{ ok: true }, { ok: true }])
    await endSid('sid-1', setting.clock.now())
    await setting.app.caughtUp()
    expect(await setting.check(token)).toMatchObject({ ok: false, why: 'ended', response: { status: 401 } })
    const answer = (await setting.send(`Bearer ${token}`)) as Response
    expect(answer.headers.get('www-authenticate')).toBe(
      'Bearer error="invalid_token", error_description="The login of this token has ended."',
    )
    expect(await setting.check(other)).toMatchObject({ ok: true })
    expect(setting.events).toContainEqual({ type: 'token.refused', why: 'ended' })
  })

  it('by its person, with a sid or without [G1 M3]', async () => {
    setting = await guarded()
    await endSub('alice', setting.clock.now())
    await setting.app.caughtUp()
    for (const claims of [{}, { sid: undefined }, { sid: 'another' }])
      expect(await setting.check(await setting.token(claims))).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ sub: 'bob' }))).toMatchObject({ ok: true })
  })

  it('by its hash alone [G1 M4]', async () => {
    setting = await guarded()
    const [token, twin] = [await setting.token(), await setting.token({ jti: 'another' })]
    await endToken(token, setting.clock.now() + 300)
    await setting.app.caughtUp()
    expect(await setting.check(token)).toMatchObject({ why: 'ended' })
    expect(await setting.check(twin)).toMatchObject({ ok: true })
  })

  it('equal seconds count as ended, the next second does not [M1]', async () => {
    setting = await guarded()
    const now = Math.floor(setting.clock.now())
    await endSid('sid-1', now)
    await setting.app.caughtUp()
    expect(await setting.check(await setting.token({ iat: now }))).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ iat: now - 1 }))).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ iat: now + 1 }))).toMatchObject({ ok: true })
  })

  it('without an iat it is as old as can be [M1]', async () => {
    setting = await guarded()
    expect(await setting.check(await setting.token({ iat: undefined }))).toMatchObject({ ok: true })
    await endSid('sid-1', 1)
    await setting.app.caughtUp()
    for (const iat of [undefined, 'today', -5])
      expect(await setting.check(await setting.token({ iat }))).toMatchObject({ why: 'ended' })
  })

  it('of the client that logged out, and of no other [M3]', async () => {
    setting = await guarded({ others: [] })
    await setting.close()
    const calendar = testApp((await guarded()).provider, { origin: 'https://calendar.example', client: 'calendar' })
    setting = await guarded({ others: [calendar] })
    await endSid('sid-1', setting.clock.now())
    await endSub('alice', setting.clock.now())
    await setting.app.caughtUp()
    expect(await setting.check(await setting.token())).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ client_id: 'calendar' }))).toMatchObject({ ok: true })
    // Who names no client may be of either.
    expect(await setting.check(await setting.token({ client_id: undefined }))).toMatchObject({ why: 'ended' })
    expect(await setting.check(await setting.token({ client_id: undefined, azp: 'calendar' }))).toMatchObject({
      ok: true,
    })
  })
})

it('another spelling of the signature is the same token: refused once that has ended [M12]', async () => {
  setting = await guarded()
  const token = await setting.token()
  const [header, payload, signature = ''] = token.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  const s = order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)
  const mirrored = Buffer.concat([bytes.subarray(0, 32), Buffer.from(s.toString(16).padStart(64, '0'), 'hex')])
  const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  const last = letters.indexOf(signature.at(-1) as string)
  const spellings = [
    mirrored.toString('base64url'),
    `${signature}==`,
    `${signature.slice(0, -1)}${letters[last ^ 1]}`,
    `${signature.slice(0, -1)}${letters[last ^ 15]}`,
    signature.replaceAll('-', '+').replaceAll('_', '/'),
  ].map((spelling) => `${header}.${payload}.${spelling}`)
  // The control: while it lives, they are good (but for the last one, which jose does not read in every runtime).
  for (const spelling of [token, ...spellings.slice(0, 4)])
    expect(await setting.check(spelling)).toMatchObject({ ok: true })
  expect(new Set([token, ...spellings]).size).toBeGreaterThanOrEqual(5)
  await endToken(token, setting.clock.now() + 300)
  await setting.app.caughtUp()
  for (const spelling of [token, ...spellings.slice(0, 4)])
    expect(await setting.check(spelling)).toMatchObject({ why: 'ended' })
  expect(await setting.check(spellings[4] as string)).toMatchObject({ ok: false })
})

describe('known marks', () => {
  const entry = (more: Partial<Entry>): Entry => ({ position: 'p', tokens: [], cause: 'user', until: 1000, ...more })
  const subject = ({
    sids = [''],
    subs = [''],
    ...more
  }: {
    sids?: string[]
    subs?: string[]
    at?: number
    token?: string
  } = {}) => ({
    token: 'none',
    at: 50,
    names: [...sids.map((sid) => ({ sid, sub: '' })), ...subs.map((sub) => ({ sub }))],
    ...more,
  })

  it('are kept until their time and two minutes more, and then forgotten [M13]', () => {
    const marks = createKnownMarks()
    marks.apply(entry({ sid: 's', before: 60 }))
    marks.apply(entry({ tokens: ['t'] }))
    for (const now of [999, 1000, 1119]) {
      marks.forget(now, 64)
      expect([marks.size, marks.covers(subject({ sids: ['s'] })), marks.covers(subject({ token: 't' }))]).toEqual([
        2,
        true,
        true,
      ])
    }
    marks.forget(1120, 64)
    marks.forget(1120, 64)
    expect(marks.size).toBe(0)
  })

  it('only ever rise [M3]', () => {
    const marks = createKnownMarks()
    marks.apply(entry({ sub: 's', before: 60, until: 2000 }))
    marks.apply(entry({ sub: 's', before: 40, until: 500 }))
    marks.apply(entry({ tokens: ['t'], until: 2000 }))
    marks.apply(entry({ tokens: ['t'], until: 500 }))
    for (let time = 0; time < 4; time++) marks.forget(1500, 64)
    expect(marks.covers(subject({ at: 60, subs: ['s'] }))).toBe(true)
    expect(marks.covers(subject({ at: 61, subs: ['s'] }))).toBe(false)
    expect(marks.covers(subject({ token: 't' }))).toBe(true)
  })

  it('of a sid are none of a sub, and one that asks for a new login only ends nothing [M3]', () => {
    const marks = createKnownMarks()
    marks.apply(entry({ sid: 'x', before: 60 }))
    marks.apply(entry({ sub: 'y' }))
    expect(marks.covers(subject({ subs: ['x'] }))).toBe(false)
    expect(marks.covers(subject({ subs: ['y'], at: 0 }))).toBe(false)
  })

  it('are forgotten as fast as told, a few at a time, while others come [G2]', () => {
    const marks = createKnownMarks()
    for (let number = 0; number < 10_000; number++) marks.apply(entry({ tokens: [`old ${number}`], until: 0 }))
    for (let round = 0; round < 100; round++) {
      marks.apply(entry({ tokens: [`new ${round}`], until: 10_000 }))
      marks.forget(5_000, 110)
    }
    expect(marks.size).toBe(100)
  })
})
