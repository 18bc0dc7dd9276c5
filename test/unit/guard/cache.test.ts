import { afterEach, expect, it } from 'vitest'
import { createVerifiedTokens } from '../../../packages/endsession/src/guard/verified-tokens.ts'
import { createProvider } from '../../../packages/endsession/src/protocol/provider.ts'
import { underTest } from '../protocol/provider-under-test.ts'
import { type Guarded, guarded } from './guarded.ts'

let setting: Guarded
afterEach(() => setting?.close())

it('verifies each token once: then it works without the provider [G2]', async () => {
  setting = await guarded()
  const token = await setting.token()
  expect(await setting.check(token)).toMatchObject({ ok: true })
  const asked = setting.provider.requests.length
  setting.provider.behaviours.down = true
  for (let time = 0; time < 20; time++) expect(await setting.check(token)).toMatchObject({ ok: true })
  expect(setting.provider.requests.length).toBe(asked)
})

it('a remembered token that has expired is refused [G4]', async () => {
  setting = await guarded({ guard: { leaseSeconds: 300 } })
  const token = await setting.token({ exp: Math.floor(setting.clock.now()) + 10 })
  expect(await setting.check(token)).toMatchObject({ ok: true })
  setting.clock.advance(69)
  expect(await setting.check(token)).toMatchObject({ ok: true })
  setting.clock.advance(1)
  expect(await setting.check(token)).toMatchObject({ ok: false, why: 'invalid' })
})

it('a key that has left the JWKS takes its tokens along, once the guard has seen that [G4]', async () => {
  setting = await guarded({ guard: { leaseSeconds: 300 } })
  const old = await setting.token({ exp: Math.floor(setting.clock.now()) + 9_000 })
  expect(await setting.check(old)).toMatchObject({ ok: true })
  setting.provider.rotateKeys()
  setting.clock.advance(3)
  // A token of the new key has the keys fetched again.
  expect(await setting.check(await setting.token())).toMatchObject({ ok: true })
  expect(await setting.check(old)).toMatchObject({ ok: false, why: 'invalid' })
})

it('a withdrawn key is noticed by itself, within twenty minutes [G4]', async () => {
  setting = await guarded({ guard: { leaseSeconds: 300, onLost: 'allow' } })
  const old = await setting.token({ exp: Math.floor(setting.clock.now()) + 9_000 })
  expect(await setting.check(old)).toMatchObject({ ok: true })
  setting.provider.rotateKeys()
  setting.clock.advance(601)
  expect(await setting.check(old)).toMatchObject({ ok: false, why: 'invalid' })
})

/** The number of verifications, by the keys that were asked for. */
function counted() {
  const { fake, clock, runtime } = underTest()
  const provider = createProvider(
    { issuer: fake.issuer, clientId: '', scope: '', profile: underTest().provider.config.profile },
    runtime,
  )
  let verifications = 0
  const keys = {
    ...provider.keys,
    get: (...asked: Parameters<typeof provider.keys.get>) => {
      verifications++
      return provider.keys.get(...asked)
    },
  }
  const tokens = createVerifiedTokens({ ...provider, keys }, ['api'])
  const sign = (number: number) =>
    fake.sign({ iss: fake.issuer, aud: 'api', sub: 's', jti: number, exp: clock.now() + 5_000 }, { typ: 'at+jwt' })
  return { fake, clock, tokens, sign, count: () => verifications, generation: () => provider.keys.generation() }
}

it('remembers 10 000 tokens, and forgets the oldest beyond [G2]', async () => {
  const { tokens, sign, count } = counted()
  const first = await sign(0)
  await tokens.verify(first)
  await tokens.verify(first)
  expect(count()).toBe(1)
  for (let number = 1; number < 10_000; number++) await tokens.verify(await sign(number))
  await tokens.verify(first)
  expect(count()).toBe(10_000)
  await tokens.verify(await sign(10_000))
  await tokens.verify(first)
  expect(count()).toBe(10_002)
})

it('bad tokens are not remembered: they do not push good ones out [G2]', async () => {
  const { tokens, sign, count } = counted()
  const good = await sign(0)
  await tokens.verify(good)
  const bad = `${(await sign(1)).slice(0, -8)}AAAAAAAA`
  for (let time = 0; time < 3; time++) expect(await tokens.verify(bad)).toBeUndefined()
  expect(count()).toBe(4)
  await tokens.verify(good)
  expect(count()).toBe(4)
})

it('a token that was verified while its key left is verified again [G4]', async () => {
  const { fake, runtime, clock } = underTest()
  const provider = createProvider(
    { issuer: fake.issuer, clientId: '', scope: '', profile: underTest().provider.config.profile },
    runtime,
  )
  const token = await fake.sign({ iss: fake.issuer, aud: 'api', sub: 's', exp: clock.now() + 5_000 }, { typ: 'at+jwt' })
  const fresh = () => fake.sign({ iss: fake.issuer, aud: 'api', sub: 't', exp: clock.now() + 5_000 }, { typ: 'at+jwt' })
  let between = async () => {}
  const keys = {
    ...provider.keys,
    async get(...asked: Parameters<typeof provider.keys.get>) {
      const key = await provider.keys.get(...asked)
      await between()
      return key
    },
  }
  const tokens = createVerifiedTokens({ ...provider, keys }, ['api'])
  await tokens.verify(await fresh())
  between = async () => {
    between = async () => {}
    fake.rotateKeys()
    clock.advance(3)
    await tokens.verify(await fresh())
  }
  expect(await tokens.verify(token)).toBeDefined()
  expect(await tokens.verify(token)).toBeUndefined()
})
