import { exportJWK, generateKeyPair, type JSONWebKeySet, type JWK, SignJWT } from 'jose'
import { describe, expect, it } from 'vitest'
import { createKeys, verifySignature } from '../../../packages/endsession/src/protocol/keys.ts'
import { type Runtime, sleep, systemRuntime } from '../../../packages/endsession/src/runtime.ts'
import { testClock } from '../../../packages/endsession/src/testing/clock.ts'
import { failureOf } from './provider-under-test.ts'

interface Signer {
  readonly jwk: JWK
  token(): Promise<string>
}

async function signer(kid: string): Promise<Signer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true })
  const jwk = { ...(await exportJWK(publicKey)), kid, alg: 'ES256' }
  return { jwk, token: () => new SignJWT({}).setProtectedHeader({ alg: 'ES256', kid }).sign(privateKey) }
}

/** A JWKS endpoint as a function; `fetched` holds the time of each call. */
function endpoint(signers: readonly Signer[], runtime: Runtime) {
  const state = { signers, down: false, fetched: [] as number[], holdSeconds: 0 }
  const fetchJwks = async (): Promise<JSONWebKeySet> => {
    state.fetched.push(runtime.monotonic())
    const { down, signers } = state
    if (state.holdSeconds) await sleep(state.holdSeconds)
    if (down) throw new Error('down')
    return { keys: signers.map(({ jwk }) => jwk) } as JSONWebKeySet
  }
  return { state, fetchJwks }
}

const verify = (token: string, keys: ReturnType<typeof createKeys>) => verifySignature(token, keys, ['ES256'])
const withTestClock = () => {
  const clock = testClock()
  return { clock, runtime: { ...systemRuntime(), ...clock } as Runtime }
}

describe('keys, by a clock that stands still', () => {
  it('[L14] many tokens at once cause one fetch', async () => {
    const { runtime } = withTestClock()
    const old = await signer('old')
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    const token = await old.token()
    await Promise.all(Array.from({ length: 100 }, () => verify(token, keys)))
    expect(state.fetched.length).toBe(1)
  })

  it('[L14] an unknown key is fetched once the cool-down is over', async () => {
    const { clock, runtime } = withTestClock()
    const [old, young] = [await signer('old'), await signer('young')]
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.signers = [old, young]
    clock.advance(2)
    await verify(await young.token(), keys)
    expect(state.fetched).toEqual([0, 2])
  })

  it('[L14] the last good keys serve when a fetch fails', async () => {
    const { clock, runtime } = withTestClock()
    const old = await signer('old')
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.down = true
    clock.advance(601)
    await verify(await old.token(), keys)
    expect(state.fetched).toEqual([0, 601])
    await verify(await old.token(), keys)
    expect(state.fetched.length).toBe(2)
  })

  it('[A12 L14] a slow refresh holds a known key up for one second at most', async () => {
    const { clock, runtime } = withTestClock()
    const old = await signer('old')
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.holdSeconds = 30
    clock.advance(601)
    const since = performance.now()
    await verify(await old.token(), keys)
    expect(performance.now() - since).toBeLessThan(4500)
  })

  it('[L14] a key that has left stops counting after 600 s, and the generation tells', async () => {
    const { clock, runtime } = withTestClock()
    const [old, young] = [await signer('old'), await signer('young')]
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.signers = [old, young]
    clock.advance(601)
    await verify(await old.token(), keys)
    expect(keys.generation()).toBe(0)
    state.signers = [young]
    clock.advance(601)
    expect(await failureOf(verify(await old.token(), keys))).toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect(keys.generation()).toBe(1)
  })

  it('[L14] another key under an old `kid` moves the generation', async () => {
    const { clock, runtime } = withTestClock()
    const [first, second] = [await signer('same'), await signer('same')]
    const { state, fetchJwks } = endpoint([first], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await first.token(), keys)
    state.signers = [second]
    clock.advance(601)
    await verify(await second.token(), keys)
    expect(keys.generation()).toBe(1)
  })

  it("[A12] a set that is no set is the provider's failure, and changes nothing", async () => {
    const { clock, runtime } = withTestClock()
    const old = await signer('old')
    let answer: unknown = { keys: [old.jwk] }
    const keys = createKeys(async () => answer as JSONWebKeySet, runtime)
    await verify(await old.token(), keys)
    answer = { keys: 'none' }
    clock.advance(601)
    await verify(await old.token(), keys)
    expect(keys.generation()).toBe(0)
  })
})

describe.concurrent('keys, by the real clock', () => {
  it('[L14] a token that meets the cool-down waits for the next fetch', async () => {
    const runtime = systemRuntime()
    const [old, young] = [await signer('old'), await signer('young')]
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.signers = [young]
    await verify(await young.token(), keys)
    expect(state.fetched.length).toBe(2)
    expect(state.fetched[1]! - state.fetched[0]!).toBeGreaterThan(1.99)
  })

  it('[L14] a token that comes while a fetch is under way does not rely on that one', async () => {
    const runtime = systemRuntime()
    const [old, young] = [await signer('old'), await signer('young')]
    const { state, fetchJwks } = endpoint([old], runtime)
    state.holdSeconds = 0.2
    const keys = createKeys(fetchJwks, runtime)
    const first = verify(await old.token(), keys)
    await sleep(0.05)
    state.signers = [old, young]
    await Promise.all([first, verify(await young.token(), keys)])
    expect(state.fetched.length).toBe(2)
  })

  it('[L14] at most 64 wait, all for one fetch; the others are refused at once', async () => {
    const runtime = systemRuntime()
    const [old, young] = [await signer('old'), await signer('young')]
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    await verify(await old.token(), keys)
    state.signers = [old, young]
    const token = await young.token()
    const since = runtime.monotonic()
    const refusedAfter: number[] = []
    const work = Array.from({ length: 70 }, () =>
      verify(token, keys).catch(() => void refusedAfter.push(runtime.monotonic() - since)),
    )
    await Promise.all(work)
    expect(refusedAfter.length).toBe(6)
    expect(Math.max(...refusedAfter)).toBeLessThan(1)
    expect(state.fetched.length).toBe(2)
  })

  it('[L14] a failed fetch is tried again for those who wait', async () => {
    const runtime = systemRuntime()
    const old = await signer('old')
    const { state, fetchJwks } = endpoint([old], runtime)
    state.down = true
    const keys = createKeys(fetchJwks, runtime)
    const work = verify(await old.token(), keys)
    await sleep(0.1)
    state.down = false
    await work
    expect(state.fetched.length).toBe(2)
  })

  it('[A12 L14] nobody waits longer than 4 s; then it is the provider that failed', async () => {
    const runtime = systemRuntime()
    const old = await signer('old')
    const { state, fetchJwks } = endpoint([old], runtime)
    state.down = true
    const keys = createKeys(fetchJwks, runtime)
    const since = runtime.monotonic()
    expect(await failureOf(verify(await old.token(), keys))).toMatchObject({
      code: 'ERR_PROVIDER',
      cause: { message: 'down' },
    })
    expect(runtime.monotonic() - since).toBeLessThan(4.5)
    expect(state.fetched.length).toBe(2)
  })

  it('[L14] a token whose key nobody has causes one fetch, and known keys are not held up', async () => {
    const runtime = systemRuntime()
    const [old, stranger] = [await signer('old'), await signer('stranger')]
    const { state, fetchJwks } = endpoint([old], runtime)
    const keys = createKeys(fetchJwks, runtime)
    expect(await failureOf(verify(await stranger.token(), keys))).toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' })
    expect(state.fetched.length).toBe(1)
    const waiting = failureOf(verify(await stranger.token(), keys))
    const since = runtime.monotonic()
    await verify(await old.token(), keys)
    expect(runtime.monotonic() - since).toBeLessThan(1)
    await waiting
    expect(state.fetched.length).toBe(2)
  })
})
