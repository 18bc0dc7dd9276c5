import { memoryStore } from 'endsession'
import { describe, expect, it } from 'vitest'
import { createApp } from '../../packages/endsession/src/app.ts'
import { createDescribe } from '../../packages/endsession/src/current.ts'
import { resolveOptions } from '../../packages/endsession/src/resolve-options.ts'
import { sealContents } from '../../packages/endsession/src/session/contents.ts'
import type { StoredSession } from '../../packages/endsession/src/session/store.ts'

const app = createApp(
  resolveOptions({
    baseUrl: 'https://mail.example',
    secret: 'a secret of thirty-two bytes or more',
    store: memoryStore(),
    providers: { example: { issuer: 'https://id.example', clientId: 'app' } },
  }),
)

function stored(id: string, revision = 0, name = 'Alice'): StoredSession {
  const description = { provider: 'example', claims: { sub: 'alice', name }, browser: 'Firefox' }
  const sealed = sealContents(app.sealer, id, description, { idToken: 'canary' })
  const times = { openedAt: 1, seenAt: 1, expiresAt: 9, signedInAt: 1, liveSeconds: 8, endsBy: 'absolute' as const }
  return { id, iss: 'https://id.example', client: 'app', sub: 'alice', tokens: [], revision, sealed, ...times }
}

describe('createDescribe', () => {
  it('tells what pages may know, and no token', () => {
    const session = createDescribe(app)(stored('a'))
    expect(session).toMatchObject({
      id: 'a',
      provider: 'example',
      sub: 'alice',
      claims: { name: 'Alice' },
      expiresAt: 9,
    })
    expect(JSON.stringify(session)).not.toContain('canary')
  })

  it('opens a row once per revision', () => {
    const describe = createDescribe(app)
    const row = stored('a')
    describe(row)
    expect(describe({ ...row, sealed: new Uint8Array(0) }).claims.name).toBe('Alice')
    expect(describe(stored('a', 1, 'Alice B.')).claims.name).toBe('Alice B.')
  })

  it('[A12] remembers so many, and no more', () => {
    const describe = createDescribe(app, 2)
    const rows = ['a', 'b', 'c'].map((id) => stored(id))
    for (const row of rows) describe(row)
    const closed = (row: StoredSession | undefined) => ({ ...(row as StoredSession), sealed: new Uint8Array(0) })
    expect(() => describe(closed(rows[0]))).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
    expect(describe(closed(rows[2])).id).toBe('c')
  })

  it('[S14] the person stands in what is sealed: a row that names another one does not open, remembered or not', () => {
    const describe = createDescribe(app)
    for (let time = 0; time < 2; time++) {
      expect(() => describe({ ...stored('a'), sub: 'bob' })).toThrow(expect.objectContaining({ code: 'ERR_STORE' }))
      describe(stored('a'))
    }
  })
})
