import { inspect } from 'node:util'
import type { Options } from 'endsession'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { makeSetting, origin, type Setting, type SettingOptions } from './setting.ts'
import { type Answered, faultyMemory, wander } from './wander.ts'

const secret = 'canary-of-the-secret-that-seals-everything'
const clientSecret = 'canary-client-secret'
const person = {
  sub: 'canary-sub-of-alice',
  sid: 'canary-sid',
  claims: { email: 'canary@mail.example', name: 'Canary Name' },
}

/** What must stay inside, by what it is. Tokens, codes and cookies are added as they appear. */
interface Inside {
  readonly secrets: Map<string, string>
  readonly idTokens: Set<string>
}

/** Listens at the provider: what goes there and comes from there is what nobody else may see. */
function listen(setting: Setting): Inside {
  const inside: Inside = { secrets: new Map(), idTokens: new Set() }
  const keep = (value: unknown, what: string) =>
    typeof value === 'string' && value.length > 4 && inside.secrets.set(value, what)
  for (const [what, value] of Object.entries({
    secret,
    clientSecret,
    sub: person.sub,
    sid: person.sid,
    email: person.claims.email,
    name: person.claims.name,
  }))
    keep(value, what)
  keep(Buffer.from(`app:${clientSecret}`).toString('base64'), 'basic')
  const { fetch } = setting.provider
  Object.assign(setting.provider, {
    fetch: async (input: Request | string, init?: RequestInit) => {
      const answer = await fetch(input, init)
      if (!/\/token$/.test(String(input instanceof Request ? input.url : input))) return answer
      const sent = setting.provider.requests.at(-1)?.body
      for (const name of ['code', 'code_verifier', 'refresh_token']) keep(sent?.get(name), name)
      const body = (await answer
        .clone()
        .json()
        .catch(() => ({}))) as Record<string, unknown>
      for (const name of ['access_token', 'refresh_token']) keep(body[name], name)
      const idToken = body['id_token']
      if (typeof idToken !== 'string') return answer
      inside.idTokens.add(idToken)
      const [, payload, signature] = idToken.split('.')
      keep(payload, 'ID token')
      keep(signature, 'ID token')
      return answer
    },
  })
  return inside
}

/** The text itself, and what it holds in base64url or percent encoding. */
function readings(text: string): string {
  const decoded = text.match(/[\w-]{16,}/g)?.map((part) => Buffer.from(part, 'base64url').toString('latin1')) ?? []
  const plain = text.replaceAll('&amp;', '&').replaceAll('&#39;', "'").replaceAll('+', ' ')
  const percent = plain.replaceAll(/%([0-9a-fA-F]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)))
  return [text, plain, percent, ...decoded].join('\n')
}

function found(inside: Inside, text: string): readonly string[] {
  const all = readings(text)
  return [...inside.secrets].filter(([value]) => all.includes(value)).map(([value, what]) => `${what}: ${value}`)
}

/** The one exception: the ID token in the page that sends the browser to the provider. */
function withoutHint(inside: Inside, { path, answer }: Answered): string {
  if (path !== '/auth/logout' || !answer.text.includes('name="id_token_hint"')) return answer.text
  return [...inside.idTokens].reduce((text, token) => text.replaceAll(token, 'the hint'), answer.text)
}

/** Header lines but for the session's own cookie, which has to go to its browser. */
function headerText({ answer }: Answered): string {
  const others = [...answer.headers]
    .filter(([name]) => name !== 'set-cookie')
    .map(([name, value]) => `${name}: ${value}`)
  const cookies = answer.headers.getSetCookie().filter((line) => !/^(__Host-)?endsession=/.test(line))
  return [...others, ...cookies].join('\n')
}

const variants: Readonly<Record<string, SettingOptions>> = {
  'as it comes': {},
  'pushed requests, JWT access tokens, no sid': { behaviours: { par: true, jwtAccessTokens: true, omitSid: true } },
  'a probe, front-channel and a feed': {
    profile: { probeProves: true },
    options: {
      logout: { probe: 'where_it_proves' },
      frontchannel: true,
      feed: { keys: { api: 'canary-of-the-key-of-a-guard-32-bytes' } },
    } as Partial<Options>,
  },
  'revocation after the way back': { profile: { revokeBeforeLeaving: false } },
}

describe('canaries', () => {
  let setting: Setting
  afterEach(() => setting.close())

  for (const [variant, given] of Object.entries(variants)) {
    it(`[A6] no secret leaves, whatever goes wrong: ${variant}`, async () => {
      const spoken: string[] = []
      const spies = (['log', 'info', 'warn', 'error', 'debug', 'trace'] as const).map((name) =>
        vi.spyOn(console, name).mockImplementation((...words) => void spoken.push(words.join(' '))),
      )
      const memory = faultyMemory()
      setting = await makeSetting({
        ...given,
        behaviours: { clients: { app: clientSecret }, ...given.behaviours },
        options: { secret, unsafeLossyStore: true, ...given.options },
        store: memory.make,
      })
      const inside = listen(setting)
      const fault = (): never => {
        throw new Error(`SELECT * FROM sessions -- ${[...inside.secrets.keys()].join(' ')}`)
      }
      const answers = await wander({ setting, faulty: memory.faulty(), origin, login: person, fault })
      for (const spy of spies) spy.mockRestore()

      // The control: it has been through the flows, and has heard what is to be kept.
      expect(answers.length).toBeGreaterThan(150)
      expect(new Set([...inside.secrets.values()])).toEqual(
        new Set([
          'secret',
          'clientSecret',
          'sub',
          'sid',
          'email',
          'name',
          'basic',
          'code',
          'code_verifier',
          'access_token',
          'refresh_token',
          'ID token',
        ]),
      )
      expect(answers.some(({ answer }) => [...inside.idTokens].some((token) => answer.text.includes(token)))).toBe(true)
      const statuses = new Set(answers.map(({ answer }) => answer.status))
      for (const status of [200, 204, 303, 400, 403, 405, 502, 503])
        expect(statuses, `status ${status}`).toContain(status)

      const cookieIds = answers
        .flatMap(({ answer }) => answer.headers.getSetCookie().map((line) => /^endsession=([^;]{20,})/.exec(line)?.[1]))
        .filter((id) => id !== undefined)
      expect(cookieIds.length).toBeGreaterThan(20)
      for (const id of cookieIds) inside.secrets.set(id, 'cookie id')
      const leaks = answers
        // What is no route of ours is the app's own page.
        .filter(({ path, answer }) => path.startsWith('/auth/') && !answer.text.startsWith('Hello '))
        .flatMap((one) => {
          const inBody = found(inside, withoutHint(inside, one)).map(
            (leak) => `${one.what}: ${one.path}: body: ${leak}`,
          )
          return [
            ...inBody,
            ...found(inside, headerText(one)).map((leak) => `${one.what}: ${one.path}: header: ${leak}`),
          ]
        })
      expect(leaks).toEqual([])
      expect(found(inside, spoken.join('\n'))).toEqual([])
      expect(spoken).toEqual([])
      expect(setting.events.length).toBeGreaterThan(20)
      for (const event of setting.events) {
        const text = JSON.stringify(event) + ('error' in event ? event.error.message : '')
        expect(found(inside, text), event.type).toEqual([])
      }
    })
  }

  const badAnswers: [what: string, laid: Record<string, unknown>, idToken?: object][] = [
    ['expires_in is no number', { expires_in: 'soon' }],
    ['expires_in is negative', { expires_in: -5 }],
    ['there is no ID token', { id_token: undefined }],
    ['there is no access token', { access_token: undefined }],
    ['the refresh token is no string', { refresh_token: ['x'] }],
    ['the token type is unknown', { token_type: 'canary' }],
    ['the nonce is of another login', {}, { nonce: 'of another login' }],
    ['it is for somebody else', {}, { aud: 'other' }],
    ['it is from the future', {}, { iat: 9_000_000_000 }],
    ['session_expiry is none', {}, { session_expiry: 'x' }],
    ['the signature is bad', { id_token: 'forged' }],
  ]
  it.each(badAnswers)('[A6 L2] no token is in the event of a login that failed because %s', async (_, laid, claims) => {
    let inside: Inside | undefined
    setting = await makeSetting({
      behaviours: { clients: { app: clientSecret }, ...(claims && { idTokenClaims: { ...claims } }) },
      options: { secret },
      async wire(pass, url) {
        const answer = await pass()
        if (!url.endsWith('/token')) return answer
        const body = (await answer.json()) as { id_token: string }
        const forged = body.id_token.replace(/[^.]*$/, (signature) => [...signature].reverse().join(''))
        inside?.secrets.set(forged.split('.')[2] ?? '', 'forged signature')
        return Response.json({ ...body, ...laid, ...(laid['id_token'] === 'forged' && { id_token: forged }) })
      },
    })
    inside = listen(setting)
    const answer = await setting.browser().login(person.sub, person)
    expect(answer.status).toBe(400)
    const told = setting.events.filter(({ type }) => type === 'login.failed')
    expect(told).toHaveLength(1)
    expect([...inside.secrets.values()]).toEqual(expect.arrayContaining(['access_token', 'refresh_token', 'ID token']))
    // Causes and all, as a logger would dig them out; the cause still says what was wrong.
    const text = inspect(told, { depth: Number.POSITIVE_INFINITY, showHidden: true, maxStringLength: null })
    expect(text).toContain('[cause]')
    expect(found(inside, text)).toEqual([])
  })

  it('[A6 L2] nor is the code, when the answer of the provider itself does not hold', async () => {
    setting = await makeSetting({ options: { secret } })
    const browser = setting.browser()
    const start = await browser.get('/auth/login')
    const back = setting.provider.authorize(start.headers.get('location') ?? '', person)
    back.searchParams.set('iss', 'https://evil.example')
    expect((await browser.get(back.pathname + back.search)).status).toBe(400)
    const told = setting.events.filter(({ type }) => type === 'login.failed')
    expect(told).toHaveLength(1)
    const text = inspect(told, { depth: Number.POSITIVE_INFINITY, showHidden: true })
    for (const name of ['code', 'state']) expect(text).not.toContain(back.searchParams.get(name) ?? 'missing')
  })

  it('[A6] every error that is thrown says only what anybody may read', async () => {
    const memory = faultyMemory()
    setting = await makeSetting({
      behaviours: { clients: { app: clientSecret } },
      options: { secret },
      store: memory.make,
    })
    const inside = listen(setting)
    const browser = setting.browser()
    await browser.login(person.sub, person)
    const cookie = `endsession=${browser.cookies.get('endsession')}`
    inside.secrets.set(browser.cookies.get('endsession') as string, 'cookie id')
    const request = () => new Request(origin, { headers: { cookie } })
    const session = await setting.endsession.session(request())
    memory.faulty().before.get = () => {
      throw new Error(`SELECT * FROM sessions WHERE id = '${cookie}' -- ${[...inside.secrets.keys()].join(' ')}`)
    }
    const works = [
      setting.endsession.session(request()),
      setting.endsession.protect(request(), () => new Response()),
      setting.endsession.accessToken(session as NonNullable<typeof session>),
      setting.endsession.logout(
        new Request(origin, { method: 'POST', headers: { cookie, origin: 'https://evil.example' } }),
      ),
    ]
    for (const work of works) {
      const error = await work.then(
        () => undefined,
        (error: Error) => error,
      )
      expect(error).toMatchObject({ name: 'EndSessionError' })
      expect(found(inside, `${error?.message}\n${String(error)}\n${JSON.stringify(error)}`)).toEqual([])
    }
  })
})
