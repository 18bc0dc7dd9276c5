import { createEndSession, EndSessionError, memoryStore, type Options } from 'endsession'
import { describe, expect, it, vi } from 'vitest'
import { resolveOptions } from '../../packages/endsession/src/resolve-options.ts'

const provider = { issuer: 'https://id.example', clientId: 'app', clientSecret: 'app-secret' }
const good: Options = {
  baseUrl: 'https://mail.example',
  secret: 'a secret of thirty-two bytes or more',
  store: memoryStore(),
  providers: { example: provider },
}

/** Every line of what it says, without the headline. */
function problems(over: object): readonly string[] {
  try {
    createEndSession({ ...good, ...over })
  } catch (error) {
    if (!(error instanceof EndSessionError) || error.code !== 'ERR_OPTIONS') throw error
    return error.message.split('\n').slice(1)
  }
  return []
}

const only = (over: object, path: string, words: RegExp) => {
  const lines = problems(over)
  expect(lines).toHaveLength(1)
  expect(lines[0]).toMatch(new RegExp(`^- ${path.replaceAll(/[.[\]]/g, '\\$&')}: `))
  expect(lines[0]).toMatch(words)
}

describe('options', () => {
  it("[L18] good ones are complete, frozen, and the caller's own object no longer matters", () => {
    const mine = structuredClone({ ...good, store: undefined, trustedOrigins: ['https://www.example'] })
    const resolved = resolveOptions({ ...mine, store: good.store })
    mine.trustedOrigins.push('https://evil.example')
    Object.assign(mine.providers['example'] as object, { issuer: 'https://evil.example' })
    expect(resolved).toMatchObject({
      origin: 'https://mail.example',
      basePath: '/auth',
      scope: 'provider',
      limits: {
        absoluteSeconds: 604_800,
        idleSeconds: 86_400,
        accessTokenSeconds: 86_400,
        endedSeconds: 600,
        reauthSeconds: 2_592_000,
      },
      deadlineSeconds: 3,
      clear: [],
      probe: false,
      trustedOrigins: ['https://www.example'],
      unsafeLossyStore: false,
    })
    expect(resolved.providers.get('example')).toMatchObject({
      issuer: 'https://id.example',
      scope: 'openid profile email',
    })
    expect(Object.isFrozen(resolved)).toBe(true)
    expect(Object.isFrozen(resolved.limits)).toBe(true)
    expect(Object.isFrozen(resolved.texts)).toBe(true)
  })

  it('[L18] lists all problems at once, each with its path', () => {
    const lines = problems({
      baseUrl: undefined,
      basePath: 'auth/',
      secret: undefined,
      store: undefined,
      providers: {
        example: { issuer: undefined, clientId: undefined, clientSecret: '', scope: 'email', scopes: 'x' },
        'a b': provider,
      },
      session: { idleSecond: 5, absoluteSeconds: -1 },
      logout: { scope: 'all', clear: ['cookies'], deadlineSeconds: Number.NaN },
      trustedOrigins: ['https://www.example/path'],
      baseURL: 'x',
    })
    expect(lines.map((line) => /^- ([^:]+): /.exec(line)?.[1]).toSorted()).toEqual(
      [
        'baseUrl',
        'basePath',
        'secret',
        'store',
        'providers.example.issuer',
        'providers.example.clientId',
        'providers.example.clientSecret',
        'providers.example.scope',
        'providers.example.scopes',
        'providers.a b',
        'session.idleSecond',
        'session.absoluteSeconds',
        'logout.scope',
        'logout.clear[0]',
        'logout.deadlineSeconds',
        'trustedOrigins[0]',
        'baseURL',
      ].toSorted(),
    )
  })

  it.each([
    [{ session: { idleSecond: 5 } }, 'session.idleSecond', 'idleSeconds'],
    [{ baseURL: 'x' }, 'baseURL', 'baseUrl'],
    [{ logout: { langing: '/' } }, 'logout.langing', 'landing'],
    [{ providers: { example: { ...provider, clientID: 'x' } } }, 'providers.example.clientID', 'clientId'],
    [
      { providers: { example: { ...provider, profile: { revocationReech: 'token' } } } },
      'providers.example.profile.revocationReech',
      'revocationReach',
    ],
    [{ texts: { chooseTitel: 'x' } }, 'texts.chooseTitel', 'chooseTitle'],
    [{ runtime: { fetsh: () => {} } }, 'runtime.fetsh', 'fetch'],
  ])('[L18] %j: the nearest name is told', (over, path, nearest) => {
    only(over, path, new RegExp(`did you mean ${nearest}\\?`))
  })

  it('[L18] a name that is near to nothing gets the whole list', () => {
    only({ somethingElse: 1 }, 'somethingElse', /known are baseUrl, basePath/)
  })

  it('[L18] options from an empty environment speak, instead of a TypeError', () => {
    expect(problems({ baseUrl: undefined })).toEqual([expect.stringContaining('https://mail.example.com')])
    expect(problems({ secret: undefined })).toEqual([expect.stringContaining('openssl rand')])
    expect(problems({ secret: [undefined, good.secret] })).toEqual([expect.stringContaining('secret')])
    expect(
      problems({ providers: { example: { issuer: undefined, clientId: undefined, clientSecret: undefined } } }),
    ).toHaveLength(2)
    expect(problems({ providers: { example: undefined } })).toHaveLength(2)
    expect(problems({ providers: {} })).toEqual([expect.stringContaining('at least one')])
    expect(problems({ providers: undefined })).toEqual([expect.stringContaining('at least one')])
    expect(
      problems({ providers: { example: { ...provider, serverUrl: undefined, clientSecret: undefined } } }),
    ).toEqual([])
    expect(
      problems({
        texts: { chooseTitle: undefined },
        runtime: { fetch: undefined },
        session: { idleSeconds: undefined },
      }),
    ).toEqual([])
  })

  it('a text or a part of the runtime that is undefined is the usual one', () => {
    const resolved = resolveOptions({
      ...good,
      texts: { chooseTitle: undefined },
      runtime: { fetch: undefined },
    } as unknown as Options)
    expect(resolved.texts.chooseTitle).toMatch(/./)
    expect(resolved.runtime.fetch).toBeTypeOf('function')
  })

  it.each([
    'http://mail.example',
    'http://localhost.evil.example',
    'http://127.0.0.1.evil.example',
    'http://10.0.0.1',
    'ftp://mail.example',
    'https://mail.example/app',
    'https://mail.example/?a',
    'https://alice:secret@mail.example',
    'mail.example',
    '',
    'null',
    'blob:https://mail.example/x',
  ])('[A11] %j is no origin for an app (need 10)', (baseUrl) => {
    only({ baseUrl }, 'baseUrl', /must be/)
  })

  it.each([
    'http://localhost:3000',
    'http://mail.localhost:3000/',
    'http://127.0.0.1',
    'http://[::1]:8080',
    'HTTPS://Mail.Example',
  ])('[A11] %s is one', (baseUrl) => {
    expect(problems({ baseUrl })).toEqual([])
  })

  it.each(['auth', '/auth/', '/', '', '//auth', '/a b', '/a?b', '/a/../b?', '/%61'])(
    '[L18] %j is no base path',
    (basePath) => {
      only({ basePath }, 'basePath', /must begin with a slash/)
    },
  )

  it.each([
    ['31 bytes', 'x'.repeat(31)],
    ['none', ''],
    ['an empty list', []],
    ['one short one of two', ['x'.repeat(32), 'y']],
    ['no text', 7],
  ])('[A6] %s is no secret', (_, secret) => {
    only({ secret }, 'secret', /32 bytes/)
  })

  it('[A6] the message never shows a secret', () => {
    expect(
      problems({
        secret: 'canary',
        providers: { example: { ...provider, issuer: 'x', clientSecret: 'canary' } },
      }).join(),
    ).not.toContain('canary')
  })

  it.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '600', null, 1e12])(
    '[A12] %j is no number of seconds',
    (value) => {
      only({ session: { absoluteSeconds: value } }, 'session.absoluteSeconds', /number of seconds/)
      only({ logout: { deadlineSeconds: value } }, 'logout.deadlineSeconds', /between 0 and 30/)
    },
  )

  it.each([
    [{ unsafeLossyStore: 'false' }, 'unsafeLossyStore', /true, false/],
    [{ trustedOrigins: 'https://www.example' }, 'trustedOrigins', /list/],
    [{ logout: { clear: 'cache' } }, 'logout.clear', /list/],
    [{ onEvent: 'log' }, 'onEvent', /function/],
    [{ runtime: { fetch: 'x' } }, 'runtime.fetch', /function/],
    [{ texts: { chooseTitle: 7 } }, 'texts.chooseTitle', /text/],
    [{ store: {} }, 'store', /sqliteStore/],
    [{ providers: { example: { ...provider, scope: 7 } } }, 'providers.example.scope', /openid/],
    [
      { providers: { example: { ...provider, profile: { name: 'keycloack' } } } },
      'providers.example.profile.name',
      /known are generic/,
    ],
    [{ providers: { example: { ...provider, issuer: 'http://id.example' } } }, 'providers.example.issuer', /https/],
    [
      { providers: { example: { ...provider, issuer: 'https://id.example?tenant=a' } } },
      'providers.example.issuer',
      /no query/,
    ],
    [{ providers: { example: { ...provider, serverUrl: 'id' } } }, 'providers.example.serverUrl', /URL/],
    [{ logout: { landing: 'blob:https://mail.example/x' } }, 'logout.landing', /path of this app/],
    [{ logout: { landing: '//evil.example' } }, 'logout.landing', /path of this app/],
    [{ logout: { probe: 'always' } }, 'logout.probe', /never, where_it_proves/],
  ])('[L18] %j is told', (over, path, words) => {
    only(over, path, words)
  })

  it('[A8] one client of one issuer has one name; two clients of one issuer are two providers', () => {
    only({ providers: { a: provider, b: { ...provider } } }, 'providers', /differ in issuer or clientId/)
    expect(problems({ providers: { a: provider, b: { ...provider, clientId: 'other' } } })).toEqual([])
  })

  it("[L18] a function is checked at the first request, and rejects: it never throws in its caller's face", async () => {
    let options: Options = { ...good, secret: undefined }
    const endsession = createEndSession(() => options)
    const request = new Request('https://mail.example/auth/login')
    for (const call of [
      () => endsession.handle(request),
      () => endsession.session(request),
      () => endsession.protect(request, () => new Response()),
      () => endsession.logout(request),
      () => endsession.accessToken({ id: 'x' } as never),
      () => endsession.ready(),
    ])
      await expect(call()).rejects.toMatchObject({ code: 'ERR_OPTIONS' })
    options = { ...good, unsafeLossyStore: true }
    expect(await endsession.session(request)).toBeUndefined()
    await endsession.close()
  })

  it('a listener that throws, now or later, changes nothing', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    for (const onEvent of [
      () => {
        throw new Error('listener')
      },
      async () => {
        throw new Error('listener')
      },
    ])
      expect(() => resolveOptions({ ...good, onEvent }).emit({ type: 'mode.disagreed', detail: '' })).not.toThrow()
    await new Promise((resolve) => setTimeout(resolve, 10))
    process.off('unhandledRejection', unhandled)
    expect(unhandled).not.toHaveBeenCalled()
  })
})
