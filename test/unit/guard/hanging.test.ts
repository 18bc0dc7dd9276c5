import { memoryStore, type Store } from 'endsession'
import { createGuard } from 'endsession/guard'
import { expect, it, vi } from 'vitest'
import { guarded } from './guarded.ts'

it.concurrent('a feed that does not answer is asked again, after twenty seconds at most [A12]', async () => {
  const setting = await guarded({
    network: (request, pass) => (request.url.includes('/auth/feed') ? new Promise(() => {}) : pass()),
  })
  expect(await setting.send(`Bearer ${await setting.token()}`)).toMatchObject({ status: 503 })
  setting.network = (_, pass) => pass()
  await vi.waitFor(async () => expect(await setting.check(await setting.token())).toMatchObject({ ok: true }), 40_000)
  await setting.close()
})

it.concurrent('a store that hangs does not hold it up for ever: it comes back [A12 G2]', async () => {
  const store = memoryStore()
  await store.open({
    absoluteSeconds: 1000,
    idleSeconds: 1000,
    endedSeconds: 1,
    reauthSeconds: 1,
    accessTokenSeconds: 1000,
  })
  let hangs = true
  const hanging: Store = { ...store, head: () => (hangs ? new Promise(() => {}) : store.head()) }
  const setting = await guarded()
  const guard = createGuard({
    issuer: setting.provider.issuer,
    audience: 'https://api.example',
    feed: { store: hanging, name: 'inside', clients: ['app'] },
    leaseSeconds: 1,
    runtime: { fetch: setting.provider.fetch },
  })
  const check = async () =>
    guard.check(new Request('https://api.example/', { headers: { authorization: `Bearer ${await setting.token()}` } }))
  expect(await check()).toMatchObject({ why: 'feed_lost' })
  hangs = false
  await vi.waitFor(async () => expect(await check()).toMatchObject({ ok: true }), 40_000)
  await guard.close()
  await setting.close()
})
