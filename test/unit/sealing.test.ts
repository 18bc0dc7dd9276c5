import { describe, expect, it } from 'vitest'
import { systemRuntime } from '../../packages/endsession/src/runtime.ts'
import { createSealer, type Purpose } from '../../packages/endsession/src/session/sealing.ts'
import { testClock } from '../../packages/endsession/src/testing/clock.ts'

const clock = testClock()
const runtime = { ...systemRuntime(), ...clock }
const [one, two, three] = ['one', 'two', 'three'].map((name) => name.padEnd(32, '.')) as [string, string, string]
const sealer = createSealer([one], runtime)
const purposes: readonly Purpose[] = ['claims', 'tokens', 'login', 'logout', 'ticket', 'fresh', 'state']

describe('createSealer', () => {
  it('[A6] opens what it sealed, and the same value never looks the same', () => {
    const value = { text: '\u00fc \ud83d\ude00 "\\', list: [1, null] }
    expect(sealer.open('tokens', 'id', sealer.seal('tokens', 'id', value))).toEqual(value)
    expect(sealer.seal('tokens', 'id', value)).not.toEqual(sealer.seal('tokens', 'id', value))
    expect(Buffer.from(sealer.seal('tokens', 'id', 'canary')).includes('canary')).toBe(false)
  })

  it('[S14] opens for the id that it was sealed to, and for no other', () => {
    const sealed = sealer.seal('tokens', 'id', 'v')
    for (const other of ['', 'i', 'id ', 'ID', 'idx']) expect(sealer.open('tokens', other, sealed)).toBeUndefined()
  })

  it('[A6] opens for its purpose, and for no other', () => {
    for (const purpose of purposes)
      for (const other of purposes)
        expect(sealer.open(other, 'id', sealer.seal(purpose, 'id', 'v'))).toBe(other === purpose ? 'v' : undefined)
  })

  it('[A6 S14] not one bit may be another: version, key and text', () => {
    const sealed = sealer.seal('tokens', 'id', 'v')
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = sealed.slice()
      changed[bit >> 3] = (changed[bit >> 3] as number) ^ (1 << (bit & 7))
      expect(sealer.open('tokens', 'id', changed)).toBeUndefined()
    }
    for (let length = 0; length < sealed.length; length++)
      expect(sealer.open('tokens', 'id', sealed.slice(0, length))).toBeUndefined()
    expect(sealer.open('tokens', 'id', new Uint8Array([...sealed, 0]))).toBeUndefined()
  })

  it('the first secret seals, all open; a secret that has gone opens nothing', () => {
    const before = createSealer([one], runtime).seal('tokens', 'id', 'v')
    const rotated = createSealer([two, one], runtime)
    expect(rotated.open('tokens', 'id', before)).toBe('v')
    expect(createSealer([two], runtime).open('tokens', 'id', rotated.seal('tokens', 'id', 'v'))).toBe('v')
    expect(createSealer([one], runtime).open('tokens', 'id', rotated.seal('tokens', 'id', 'v'))).toBeUndefined()
    expect(createSealer([three], runtime).open('tokens', 'id', before)).toBeUndefined()
  })

  it('a cookie is good for its seconds and a minute for other clocks, then not', () => {
    const text = sealer.sealFor(600, 'login', { a: 1 })
    expect(sealer.openCookie('login', text)).toEqual({ a: 1 })
    clock.advance(659)
    expect(sealer.openCookie('login', text)).toEqual({ a: 1 })
    clock.advance(1)
    expect(sealer.openCookie('login', text)).toBeUndefined()
  })

  it.each([undefined, '', 'x', '!!!', '='.repeat(50), 'A'.repeat(100_000), '\u00fc', '{}', '%00'])(
    '[L18] of the cookie %j it makes nothing',
    (text) => {
      expect(sealer.openCookie('login', text)).toBeUndefined()
    },
  )

  it('[A6] one value has one spelling: padding and other alphabets do not open', () => {
    const text = sealer.sealFor(600, 'login', { a: '????>>>>' })
    for (const other of [`${text}=`, `${text}==`, ` ${text}`, `${text}\n`, `${text}.`])
      expect(sealer.openCookie('login', other)).toBeUndefined()
  })

  it("[A6] nobody changes what was opened: it may be the next request's, too", () => {
    const opened = sealer.open('claims', 'id', sealer.seal('claims', 'id', { claims: { groups: ['a'] } })) as {
      claims: { groups: string[] }
    }
    expect(() => opened.claims.groups.push('admin')).toThrow(TypeError)
    expect(() => Object.assign(opened.claims, { sub: 'bob' })).toThrow(TypeError)
  })

  it('tags are the same for the same text, purpose and secret only', () => {
    expect(sealer.tag('state', 'id')).toBe(sealer.tag('state', 'id'))
    const others = [
      sealer.tag('state', 'id2'),
      sealer.tag('login', 'id'),
      createSealer([two], runtime).tag('state', 'id'),
    ]
    expect(others).not.toContain(sealer.tag('state', 'id'))
  })

  it('[L22] a new secret in front changes no tag, until the oldest one is taken away', () => {
    const before = createSealer([one], runtime).tag('legacy', 'alice')
    expect(createSealer([two, one], runtime).tag('legacy', 'alice')).toBe(before)
    expect(createSealer([three, two, one], runtime).tag('legacy', 'alice')).toBe(before)
    expect(createSealer([two], runtime).tag('legacy', 'alice')).not.toBe(before)
  })
})
