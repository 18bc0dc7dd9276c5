import { type Event, memoryStore, type Options, type Runtime, type Store } from 'endsession'
import { type FakeProviderBehaviours, fakeProvider, testClock } from 'endsession/testing'
import { describe, expect, it } from 'vitest'
import { type App, createApp } from '../../packages/endsession/src/app.ts'
import { resolveOptions } from '../../packages/endsession/src/resolve-options.ts'
import { deadline } from '../../packages/endsession/src/runtime.ts'
import { sealContents } from '../../packages/endsession/src/session/contents.ts'
import type { NewSession } from '../../packages/endsession/src/session/store.ts'
import { holdEndless, settleRecords, sweep } from '../../packages/endsession/src/settle.ts'

interface Process {
  readonly app: App
  readonly events: Event[]
}

function make(behaviours: FakeProviderBehaviours = {}, over: Partial<Store> = {}) {
  const clock = testClock()
  const provider = fakeProvider({ now: clock.now, ...behaviours })
  const store = { ...memoryStore({ now: clock.now }), ...over }
  const boot = (profile = {}, options: Partial<Options> = {}): Process => {
    const events: Event[] = []
    const app = createApp(
      resolveOptions({
        baseUrl: 'http://localhost:3000',
        secret: 'a secret of thirty-two bytes or more',
        store,
        unsafeLossyStore: true,
        providers: {
          example: {
            issuer: provider.issuer,
            clientId: 'app',
            clientSecret: 'app-secret',
            profile: { revocationReach: 'token', revocationCoversAccessToken: true, ...profile },
          },
        },
        session: { idleSeconds: 600, absoluteSeconds: 3600 },
        logout: { deadlineSeconds: 20 },
        runtime: { now: clock.now, fetch: provider.fetch },
        onEvent: (event) => void events.push(event),
        ...options,
      }),
    )
    return { app, events }
  }
  const create = async ({ app }: Process, id: string, more: Partial<NewSession> = {}) => {
    await app.store.create({
      id,
      iss: provider.issuer,
      client: 'app',
      sub: 'alice',
      sid: `sid of ${id}`,
      signedInAt: clock.now(),
      sealed: sealContents(
        app.sealer,
        id,
        { provider: 'example', claims: { sub: 'alice' }, browser: '' },
        { idToken: 'x', refreshToken: `refresh of ${id}` },
      ),
      tokens: [],
      liveSeconds: 3600,
      endsBy: 'absolute',
      ...more,
    })
  }
  return { clock, provider, store, boot, create }
}

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')

const endings = (events: readonly Event[]) =>
  events
    .filter((event) => event.type === 'session.ended')
    .map((event) => ('cause' in event ? `${event.session} ${event.cause}` : ''))

describe('sweep', () => {
  it('[L8 M1 M5] ends what has expired, each by its own cause, and revokes its tokens (need 25)', async () => {
    const { clock, provider, store, boot, create } = make()
    const process = boot()
    await create(process, '0.absolute', { liveSeconds: 100, endsBy: 'absolute' })
    await create(process, '0.expiry', { liveSeconds: 100, endsBy: 'session_expiry' })
    await create(process, '0.idle')
    clock.advance(599)
    await create(process, '0.lives')
    await sweep(process.app)
    expect(endings(process.events).toSorted()).toEqual(['0.absolute absolute', '0.expiry session_expiry'])
    clock.advance(1)
    await sweep(process.app)
    expect(endings(process.events)).toContain('0.idle idle')
    expect(provider.revokedTokens.toSorted()).toEqual([
      'refresh of 0.absolute',
      'refresh of 0.expiry',
      'refresh of 0.idle',
    ])
    expect(await store.get('0.lives')).toBeDefined()
    expect(await store.pending(9)).toEqual({ expired: [], unsettled: [] })
    expect(await store.covers({ iss: provider.issuer, client: 'app', sub: 'alice', sid: 'sid of 0.idle', at: 0 })).toBe(
      undefined,
    )
  })

  it('[L8 S11] two processes at once: each session is told once, and each token revoked once', async () => {
    const { clock, provider, boot, create } = make()
    const [one, two] = [boot(), boot()]
    for (let place = 0; place < 7; place++) await create(one, `0.${place}`)
    clock.advance(700)
    await Promise.all([sweep(one.app), sweep(two.app), sweep(one.app)])
    expect(endings([...one.events, ...two.events])).toHaveLength(7)
    expect(provider.revokedTokens).toHaveLength(7)
    expect(new Set(provider.revokedTokens).size).toBe(7)
  })

  it.each([
    ['openid', []],
    ['openid offline_access', ['refresh of 0.idle']],
  ])(
    "[A14 M5 L8] where a revocation would end the provider's session: scope `%s` of an expired one revokes %j",
    async (scope, revoked) => {
      const { clock, provider, store, boot, create } = make()
      const profile = { revocationReach: 'session', revocationCoversAccessToken: true } as const
      const example = { issuer: provider.issuer, clientId: 'app', clientSecret: 'app-secret', scope, profile }
      const process = boot({}, { providers: { example } })
      await create(process, '0.idle')
      clock.advance(600)
      await sweep(process.app)
      expect(endings(process.events)).toEqual(['0.idle idle'])
      expect(provider.revokedTokens).toEqual(revoked)
      expect(await store.pending(9)).toEqual({ expired: [], unsettled: [] })
    },
  )

  it('[A14 L8] a logout that died reaches no farther than it was meant to, whoever finishes it (need 25)', async () => {
    const { clock, provider, store, boot, create } = make()
    const process = boot({ revocationReach: 'session' })
    await create(process, '0.app')
    await create(process, '0.provider')
    await store.end({ by: 'id', id: '0.app' }, 'user')
    await store.end({ by: 'id', id: '0.provider', sid: true }, 'user')
    clock.advance(31)
    await sweep(boot({ revocationReach: 'session' }).app)
    expect(provider.revokedTokens).toEqual(['refresh of 0.provider'])
    expect((await store.pending(9)).unsettled).toEqual([])
  })

  const jwt = (claims: object) => `${base64url({ alg: 'HS512' })}.${base64url(claims)}.x`
  it.each([
    ['openid', jwt({ typ: 'Offline' }), true],
    ['openid offline_access', jwt({ typ: 'Refresh' }), false],
    ['openid offline_access', jwt({}), true],
    ['openid', jwt({ typ: 1 }), false],
  ])(
    '[A14 L8] asked for `%s`, got %s: what the token says of itself counts, revoked: %s',
    async (scope, refreshToken, is) => {
      const { clock, provider, boot, create } = make()
      const profile = { revocationReach: 'session', revocationCoversAccessToken: true } as const
      const example = { issuer: provider.issuer, clientId: 'app', clientSecret: 'app-secret', scope, profile }
      const process = boot({}, { providers: { example } })
      const about = { provider: 'example', claims: { sub: 'alice' }, browser: '' }
      await create(process, '0.idle', { sealed: sealContents(process.app.sealer, '0.idle', about, { refreshToken }) })
      clock.advance(600)
      await sweep(process.app)
      expect(provider.revokedTokens).toEqual(is ? [refreshToken] : [])
    },
  )

  it('[L8 A13 L27] without OpenID an access token that could not be ended is tried again: it may have no end', async () => {
    const issuer = 'https://github.com/login/oauth'
    const { clock, provider, store, boot, create } = make({ withoutOpenid: true, issuer })
    const github = { clientId: 'app', clientSecret: 'app-secret', profile: { name: 'github' } }
    const process = boot({}, { providers: { github } })
    const about = { provider: 'github', claims: { sub: 'alice' }, browser: '' }
    const sealed = sealContents(process.app.sealer, '0.a', about, { accessToken: 'gho_1' })
    await create(process, '0.a', { sealed })
    Object.assign(provider.behaviours, { revocationStatus: 503, userStatus: 503 })
    await store.end({ by: 'id', id: '0.a' }, 'user')
    clock.advance(31)
    await sweep(process.app)
    expect([provider.count('own_revocation'), (await store.pending(9)).unsettled.length]).toEqual([1, 1])
    Object.assign(provider.behaviours, { revocationStatus: undefined, userStatus: undefined })
    clock.advance(61)
    await sweep(process.app)
    expect([provider.count('own_revocation'), (await store.pending(9)).unsettled.length]).toEqual([2, 0])
  })

  it('[L8 A13] a logout that died before its revocation is finished by another process, after its grace', async () => {
    const { clock, provider, store, boot, create } = make()
    const process = boot()
    await create(process, '0.a')
    await store.end({ by: 'id', id: '0.a', sid: true }, 'user')
    clock.advance(29)
    await sweep(boot().app)
    expect(provider.revokedTokens).toEqual([])
    clock.advance(1)
    await sweep(boot().app)
    expect(provider.revokedTokens).toEqual(['refresh of 0.a'])
    clock.advance(60)
    await sweep(process.app)
    expect(provider.count('revocation')).toBe(1)
  })

  it('[L8 L10 A12] what fails is tried again, not before its lease is over, and for a day at most', async () => {
    const { clock, provider, boot, create } = make({ revocationStatus: 500 })
    const process = boot()
    await create(process, '0.a')
    clock.advance(700)
    await sweep(process.app)
    await sweep(process.app)
    expect(provider.count('revocation')).toBe(1)
    clock.advance(30)
    await sweep(process.app)
    expect(provider.count('revocation')).toBe(2)
    clock.advance(86_400)
    await sweep(process.app)
    expect(provider.count('revocation')).toBe(2)
    expect(endings(process.events)).toHaveLength(1)
  })

  it('[A12 L8] what fails for hours is tried less and less often', async () => {
    const { clock, provider, boot, create } = make({ revocationStatus: 500 })
    const process = boot()
    await create(process, '0.a')
    clock.advance(700)
    for (let time = 0; time < 200; time++) {
      await sweep(process.app)
      clock.advance(30)
    }
    expect(provider.count('revocation')).toBeGreaterThan(5)
    expect(provider.count('revocation')).toBeLessThan(12)
  })

  it('[L8 A12] many that fail again and again do not keep another from being done', async () => {
    const { clock, provider, store, boot, create } = make({ revocationStatus: 500 })
    const process = boot()
    for (let place = 0; place < 150; place++) await create(process, `0.stuck-${place}`)
    await create(process, '0.fine')
    for (let place = 0; place < 150; place++) await store.end({ by: 'id', id: `0.stuck-${place}` }, 'user')
    await store.end({ by: 'id', id: '0.fine' }, 'user')
    clock.advance(60)
    await sweep(process.app)
    provider.behaviours.revocationStatus = 200
    clock.advance(60)
    await sweep(process.app)
    expect(provider.revokedTokens).toContain('refresh of 0.fine')
    expect((await store.pending(999)).unsettled).toEqual([])
  })

  it('[L8 A12] a provider that never answers costs one deadline for ten sessions', async () => {
    const { clock, provider, boot, create } = make()
    let waiting = 0
    let most = 0
    const fetch: Runtime['fetch'] = (input, init) => {
      most = Math.max(most, ++waiting)
      return provider.fetch(input, init).finally(() => waiting--)
    }
    const process = boot({}, { logout: { deadlineSeconds: 0.2 }, runtime: { now: clock.now, fetch } })
    for (let place = 0; place < 20; place++) await create(process, `0.${place}`)
    await process.app.providers.get('example')?.metadata()
    provider.behaviours.slowSeconds = 3600
    clock.advance(700)
    await sweep(process.app)
    expect(most).toBe(10)
    expect(endings(process.events)).toHaveLength(20)
  })

  it('[L10 S7] a process that does not know the provider leaves the work to one that does', async () => {
    const { clock, provider, store, boot, create } = make()
    const process = boot()
    const older = boot({}, { providers: { older: { issuer: 'https://older.example', clientId: 'app' } } })
    await create(process, '0.a')
    await store.end({ by: 'id', id: '0.a' }, 'user')
    clock.advance(31)
    await sweep(older.app)
    expect(provider.revokedTokens).toEqual([])
    expect((await store.pending(9)).unsettled).toHaveLength(1)
    clock.advance(61)
    await sweep(process.app)
    expect(provider.revokedTokens).toEqual(['refresh of 0.a'])
    expect((await store.pending(9)).unsettled).toEqual([])
  })

  it('[A14 L8] of a session whose provider session lives on in another, the grant is left alone', async () => {
    const { clock, provider, boot, create } = make()
    const process = boot({ revocationReach: 'grant' })
    await create(process, '0.old', { sid: 'same', liveSeconds: 100 })
    await create(process, '0.new', { sid: 'same' })
    await create(process, '0.other', { sid: 'other', liveSeconds: 100 })
    clock.advance(200)
    await sweep(process.app)
    expect(provider.revokedTokens).toEqual(['refresh of 0.other'])
  })
})

describe('settleRecords', () => {
  it('[A14 L10] a token that is also another device’s is left to it, whatever a revocation takes along', async () => {
    const { provider, store, boot, create } = make({ withoutOpenid: true, issuer: 'https://forge.example' })
    const at = (path: string) => `https://forge.example/${path}`
    const forge = {
      issuer: 'https://forge.example',
      ...{ clientId: 'app', clientSecret: 'app-secret', profile: { name: 'oauth' } },
      endpoints: {
        authorization_endpoint: at('authorize'),
        token_endpoint: at('token'),
        userinfo_endpoint: at('user'),
        revocation_endpoint: at('token/revoke'),
      },
    }
    const process = boot({}, { providers: { forge } })
    const about = { provider: 'forge', claims: { sub: 'alice' }, browser: '' }
    for (const id of ['0.laptop', '0.phone'])
      await create(process, id, {
        sealed: sealContents(process.app.sealer, id, about, { accessToken: 'at_same' }),
        tokens: [{ hash: 'hash of at_same', expiresAt: 2_000_000_000 }],
      })
    const { records } = await store.end({ by: 'id', id: '0.laptop' }, 'user')
    expect(await settleRecords(process.app, records, deadline(5), 'provider')).toContainEqual([
      'access token',
      'revocation_reaches_farther',
    ])
    expect(provider.requests).toEqual([])
  })

  it('[L10 A12] never throws: a row that does not open, a store that fails, a deadline that is over', async () => {
    const { store, boot, create } = make()
    const process = boot()
    await create(process, '0.a')
    const { records } = await store.end({ by: 'id', id: '0.a' }, 'user')
    const failed = [['refresh token', 'revocation_failed']]
    const broken = records.map((record) => ({ ...record, sealed: new Uint8Array(3) }))
    expect(await settleRecords(process.app, broken, deadline(1))).toEqual(failed)
    expect(await settleRecords(process.app, records, AbortSignal.abort())).toEqual(failed)
    store.settle = () => Promise.reject(new Error('down'))
    expect(await settleRecords(process.app, records, deadline(1))).toEqual(failed)
    expect(await settleRecords(process.app, [], deadline(1))).toEqual([])
  })

  it('[L27 A2] a token without an end is one also where its provider is not configured any more', async () => {
    const issuer = 'https://github.com/login/oauth'
    const { store, boot, create } = make({ withoutOpenid: true, issuer })
    const github = { clientId: 'app', clientSecret: 'app-secret', profile: { name: 'github' } }
    const process = boot({}, { providers: { github } })
    const about = { provider: 'github', claims: { sub: 'alice' }, browser: '' }
    const seal = (id: string, more = {}) =>
      sealContents(process.app.sealer, id, about, { accessToken: 'gho_1', ...more })
    await create(process, '0.endless', { sealed: seal('0.endless') })
    await create(process, '0.short', { sealed: seal('0.short', { accessTokenExpiresAt: 1 }) })
    const other = boot({}, { providers: { other: { issuer: 'https://other.example', clientId: 'app' } } })
    for (const [id, endless] of [
      ['0.endless', true],
      ['0.short', false],
    ] as const) {
      const { records } = await store.end({ by: 'id', id }, 'user')
      expect([holdEndless(process.app, records), holdEndless(other.app, records)]).toEqual([endless, endless])
    }
  })

  it('[A12 L10] asks ten at a time, all of them, within one deadline', async () => {
    const { provider, store, boot, create } = make()
    let under = 0
    let most = 0
    const fetchOne = provider.fetch
    const process = boot(
      {},
      {
        runtime: {
          fetch: async (input, init) => {
            most = Math.max(most, ++under)
            await new Promise((resolve) => setTimeout(resolve, 2))
            return fetchOne(input, init).finally(() => under--)
          },
        },
      },
    )
    for (let place = 0; place < 35; place++) await create(process, `0.${place}`)
    const { records } = await store.end({ by: 'sub', iss: provider.issuer, client: 'app', sub: 'alice' }, 'everywhere')
    expect(records).toHaveLength(35)
    expect(await settleRecords(process.app, records, deadline(5), 'everywhere')).toHaveLength(35)
    expect(most).toBe(10)
    expect(provider.revokedTokens).toHaveLength(35)
    expect((await store.pending(99)).unsettled).toEqual([])
  })

  it.each([
    ['failed', { revocationStatus: 503 }, 1],
    ['cannot be done', { noRevocation: true }, 0],
    ['was done', {}, 0],
  ])('[L10 S7] a revocation that %s leaves this many records to do', async (_, behaviours, left) => {
    const { store, boot, create } = make(behaviours)
    const process = boot()
    await create(process, '0.a')
    const { records } = await store.end({ by: 'id', id: '0.a' }, 'user')
    await settleRecords(process.app, records, deadline(1))
    expect((await store.pending(9)).unsettled).toHaveLength(left)
  })

  it('[A6] no token in any event', async () => {
    const { clock, boot, create } = make({ revocationStatus: 500 })
    const process = boot()
    await create(process, '0.a')
    clock.advance(700)
    await sweep(process.app)
    expect(JSON.stringify(process.events)).not.toContain('refresh of')
  })
})
