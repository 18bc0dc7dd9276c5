import * as oauth from 'oauth4webapi'
import { describe, expect, it } from 'vitest'
import { createProvider } from '../../../packages/endsession/src/protocol/provider.ts'
import { toPublic, toServer } from '../../../packages/endsession/src/protocol/server-fetch.ts'
import { systemNow } from '../../../packages/endsession/src/runtime.ts'
import { failureOf, underTest } from './provider-under-test.ts'

describe('createProvider', () => {
  it('does no I/O, also where nothing is there', () => {
    const { fake } = underTest({ behaviours: { down: true } })
    expect(fake.requests).toEqual([])
  })

  it('[A12] callers share one discovery, and what it found', async () => {
    const { fake, provider } = underTest()
    const found = await Promise.all(Array.from({ length: 50 }, () => provider.metadata()))
    expect(new Set(found).size).toBe(1)
    await provider.metadata()
    expect(fake.count('discovery')).toBe(1)
  })

  it('[A12] a failure is ERR_PROVIDER in fixed words, remembered for 2 s, no longer', async () => {
    const { fake, provider, clock } = underTest({ behaviours: { down: true } })
    const error = await failureOf(provider.metadata())
    expect(error).toMatchObject({
      code: 'ERR_PROVIDER',
      status: 502,
      message: 'The identity provider did not answer as it should.',
    })
    expect(error.cause).toMatchObject({ message: 'fetch failed' })
    fake.behaviours.down = false
    clock.advance(1.9)
    expect(await failureOf(provider.metadata())).toMatchObject({ code: 'ERR_PROVIDER' })
    expect(fake.count('discovery')).toBe(1)
    clock.advance(0.1)
    expect((await provider.metadata()).issuer).toBe(fake.issuer)
  })

  for (const [what, fault] of Object.entries({
    garbage: { garbage: true },
    '503': { status: 503 },
    '302': { status: 302 },
  })) {
    it(`[A12] ${what} is ERR_PROVIDER`, async () => {
      const { provider } = underTest({ behaviours: fault })
      expect(await failureOf(provider.metadata())).toMatchObject({ code: 'ERR_PROVIDER' })
    })
  }

  it('[A12] an endless answer is cut off', async () => {
    const chunk = new TextEncoder().encode(' '.repeat(65_536))
    const endless = () => new ReadableStream({ pull: (controller) => controller.enqueue(chunk) })
    const fetch = async () => new Response(endless(), { headers: { 'content-type': 'application/json' } })
    const { provider } = underTest({ runtime: { fetch } })
    expect(await failureOf(provider.metadata())).toMatchObject({ code: 'ERR_PROVIDER' })
  })

  it('[A12] a provider that never answers is given up, also by a `fetch` without ears', async () => {
    const { provider, runtime } = underTest({ runtime: { fetch: () => new Promise(() => {}) } })
    expect(await failureOf(provider.metadata())).toMatchObject({
      code: 'ERR_PROVIDER',
      cause: { name: 'TimeoutError' },
    })
    expect(runtime.now()).toBe(1_800_000_000)
  })

  it('[A12] metadata of an hour ago serves while newer is fetched, and while that fails', async () => {
    const { fake, provider, clock } = underTest()
    const first = await provider.metadata()
    clock.advance(3601)
    fake.behaviours.down = true
    expect(await provider.metadata()).toBe(first)
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(fake.count('discovery')).toBe(2)
    expect(await provider.metadata()).toBe(first)
    expect(fake.count('discovery')).toBe(2)
    fake.behaviours.down = false
    clock.advance(2)
    await provider.metadata()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(await provider.metadata()).not.toBe(first)
  })

  it('[A8] an issuer that differs in a slash is another one', async () => {
    const { fake, runtime, provider } = underTest()
    const other = createProvider({ ...provider.config, issuer: `${fake.issuer}/` }, runtime)
    const error = await failureOf(other.metadata())
    expect(error).toMatchObject({ code: 'ERR_PROVIDER' })
    expect(error.cause.message).toContain('the provider calls itself https://id.example;')
  })

  it("tells oauth4webapi how far our clock is from the machine's", () => {
    const { provider, clock } = underTest()
    const skew = () => provider.client()[oauth.clockSkew]!
    expect(skew()).toBeCloseTo(1_800_000_000 - systemNow(), 0)
    clock.advance(1000)
    expect(skew()).toBeCloseTo(1_800_001_000 - systemNow(), 0)
  })

  it('authenticates by Basic, in the body where only that is offered, not at all without a secret', async () => {
    const sent = async (clientSecret: string | undefined, methods: string[] | undefined) => {
      const { provider } = underTest({ config: { clientSecret } })
      const [headers, body] = [new Headers(), new URLSearchParams()]
      const metadata = { issuer: 'x', ...(methods && { token_endpoint_auth_methods_supported: methods }) }
      await provider.clientAuth(metadata, provider.client(), body, headers)
      return [headers.has('authorization'), body.has('client_secret'), body.has('client_id')]
    }
    expect(await sent('s', undefined)).toEqual([true, false, false])
    expect(await sent('s', ['client_secret_post', 'client_secret_basic'])).toEqual([true, false, false])
    expect(await sent('s', ['client_secret_post'])).toEqual([false, true, true])
    expect(await sent(undefined, ['client_secret_basic'])).toEqual([false, false, true])
  })
})

describe('split horizon', () => {
  const horizon = { issuer: 'https://id.example/realms/a', serverUrl: 'http://keycloak:8080/realms/a' }

  it('moves whole path segments, both ways, and nothing else', () => {
    expect(toServer('https://id.example/realms/a/token?x=1', horizon)).toBe('http://keycloak:8080/realms/a/token?x=1')
    expect(toServer('https://id.example/realms/a', horizon)).toBe('http://keycloak:8080/realms/a')
    expect(toServer('https://id.example/realms/abc/token', horizon)).toBe('https://id.example/realms/abc/token')
    expect(toPublic('http://keycloak:8080/realms/a/auth', horizon)).toBe('https://id.example/realms/a/auth')
    expect(toServer('https://id.example.evil/', { issuer: 'https://id.example', serverUrl: 'http://op' })).toBe(
      'https://id.example.evil/',
    )
    expect(toServer('https://id.example/t', { issuer: 'https://id.example/', serverUrl: 'http://op/' })).toBe(
      'http://op/t',
    )
  })

  it("an endpoint of the options goes before discovery's, and nothing moves it", async () => {
    const endpoints = { token_endpoint: 'https://id.example/tokens', end_session_endpoint: 'https://login.example/out' }
    const { provider } = underTest({ config: { serverUrl: 'http://op.internal:4000', endpoints } })
    expect(await provider.metadata()).toMatchObject(endpoints)
    const insecure = underTest({ config: { endpoints: { token_endpoint: 'http://tokens.internal/token' } } }).provider
    expect(insecure.options()[oauth.allowInsecureRequests]).toBe(true)
    expect(toServer(endpoints.token_endpoint, { ...horizon, issuer: 'https://id.example', endpoints })).toBe(
      endpoints.token_endpoint,
    )
  })

  it('[A8] the process calls `serverUrl`, browsers see the issuer, and the issuer stays what it is', async () => {
    const serverUrl = 'http://op.internal:4000'
    const metadata = {
      end_session_endpoint: `${serverUrl}/end-session`,
      authorization_endpoint: `${serverUrl}/authorize`,
    }
    const { fake, provider, runtime } = underTest({ behaviours: { metadata }, config: { serverUrl } })
    const found = await provider.metadata()
    expect(found).toMatchObject({
      issuer: 'https://id.example',
      authorization_endpoint: 'https://id.example/authorize',
      end_session_endpoint: 'https://id.example/end-session',
    })
    await provider.keys.get({ alg: 'ES256', kid: 'key-1' }, { payload: '', signature: '' })
    expect(fake.requests.map(({ url }) => url)).toEqual([
      `${serverUrl}/.well-known/openid-configuration`,
      `${serverUrl}/jwks`,
    ])
    expect(runtime.now()).toBe(1_800_000_000)
  })
})
