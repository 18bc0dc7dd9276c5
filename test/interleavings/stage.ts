/** Two processes of one app on one store, their provider, people with browsers; all that they do is noted as facts. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { createEndSession, type EndSession, type Event, type Options, type Scope, type Store } from 'endsession'
import { fakeProvider, testClock } from 'endsession/testing'
import { decodeJwt } from 'jose'
import { createApp } from '../../packages/endsession/src/app.ts'
import { resolveOptions } from '../../packages/endsession/src/resolve-options.ts'
import { sessionIdOf } from '../../packages/endsession/src/session/ids.ts'
import type { Limits } from '../../packages/endsession/src/session/store.ts'
import { sweep } from '../../packages/endsession/src/settle.ts'
import { leavingTo, origin } from '../matrix/setting.ts'
import { type EndFact, type Facts, type SessionFact, violations } from './facts.ts'
import { type Choices, createScheduler, type Scheduler, scheduledStore } from './scheduler.ts'

const limits: Limits = {
  absoluteSeconds: 1000,
  idleSeconds: 300,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 400,
}

/** Makes the stores of a run: one for each process, on the same data. */
export type MakeStores = (now: () => number) => readonly [Store, Store]

/** One browser, or a second profile in it: jars are apart, the provider knows them as one browser. */
export interface Jar {
  readonly name: string
  readonly sub: string
  readonly browser: string
  readonly cookies: Map<string, string>
  /** The session that it logged out of last. */
  left?: SessionFact
  /** As it was at its first logout: a tab that was left open. */
  stale?: ReadonlyMap<string, string>
}

/** What people, the provider and time can do. `process` 0 or 1. */
export interface Doings {
  readonly jars: readonly Jar[]
  readonly scheduler: Scheduler
  login(jar: Jar, process: number): Promise<void>
  check(session: SessionFact, process: number): Promise<void>
  /** A page: counts as a visit. */
  visit(session: SessionFact, process: number): Promise<void>
  logout(jar: Jar, scope: Scope, process: number, fault?: 'before' | 'after' | 'stale'): Promise<void>
  /** `secondsAgo`: how late the message comes. */
  backchannel(by: 'sid' | 'sub', whom: SessionFact, secondsAgo: number, process: number): Promise<void>
  refresh(session: SessionFact, process: number): Promise<void>
  sweep(process: number): Promise<void>
  pass(seconds: number): Promise<void>
  sessions(): readonly SessionFact[]
  /** The live session of a jar, as its cookie says. */
  held(jar: Jar): SessionFact | undefined
}

export type Play = (doings: Doings, choices: Choices) => Promise<void>

export interface Outcome {
  readonly violations: readonly string[]
  readonly trace: readonly string[]
  readonly sessions: number
}

export interface Stage {
  /** `skew`: how far the provider's clock is ahead; chosen where it is left out. */
  play(makeStores: MakeStores, choices: Choices, play: Play, skew?: number): Promise<Outcome>
  close(): Promise<void>
}

interface Doing {
  readonly kind: string
  fault?: 'before' | 'after' | undefined
  /** What it has been told by the store, for [A1]. */
  ended?: boolean
  report?: (Event & { type: 'logout.finished' })['report']
  /** The live session that a login found in its browser. */
  found?: string | undefined
  idToken?: { readonly sid: string; readonly iat: number; readonly auth_time: number }
}

export async function makeStage(): Promise<Stage> {
  const clock = testClock()
  let skew = 0
  const provider = fakeProvider({ now: () => clock.now() + skew, expiresIn: 31 })
  const doing = new AsyncLocalStorage<Doing>()
  let scheduler = createScheduler({ pick: () => 0 })
  let stores: readonly [Store, Store] | undefined
  let broken: string[] = []
  let runs = 0

  /** [A1]: whoever logs out has the store's word before anybody else hears of it. */
  async function fetchLate(input: string | URL | Request, init?: RequestInit): Promise<Response> {
    const mine = doing.getStore()
    const late = /\/(token|revoke)$/.test(String(input instanceof Request ? input.url : input))
    if (mine?.kind === 'logout' && !mine.ended)
      broken.push(`A1: the provider was called before the session had ended: ${input}`)
    if (late) await scheduler.turn('the provider')
    const answer = await provider.fetch(input, init)
    if (!mine || !/\/token$/.test(String(input))) return answer
    const body = (await answer.clone().json()) as { readonly id_token: string }
    mine.idToken = decodeJwt(body.id_token) as NonNullable<Doing['idToken']>
    return answer
  }

  function storeOf(process: 0 | 1): Store {
    const inner = () => stores?.[process] as Store
    const store = scheduledStore(inner, () => scheduler)
    return {
      ...store,
      async get(id) {
        const found = await store.get(id)
        const mine = doing.getStore()
        if (mine?.kind === 'login') mine.found ??= found?.id
        return found
      },
      async end(selector, cause) {
        const mine = doing.getStore()
        const fault = mine?.kind === 'logout' ? mine.fault : undefined
        if (mine) mine.fault = undefined
        if (fault === 'before') throw new Error('the store is out of reach')
        const answer = await store.end(selector, cause)
        if (fault === 'after') throw new Error('the store answers no more')
        if (mine) mine.ended = true
        return answer
      },
    }
  }

  const optionsOf = (process: 0 | 1): Options => ({
    baseUrl: origin,
    secret: 'a secret of thirty-two bytes or more',
    store: storeOf(process),
    providers: {
      example: {
        issuer: provider.issuer,
        clientId: provider.clientId,
        clientSecret: provider.clientSecret,
        profile: { revocationReach: 'token' },
      },
    },
    session: {
      absoluteSeconds: limits.absoluteSeconds,
      idleSeconds: limits.idleSeconds,
      accessTokenSeconds: limits.accessTokenSeconds,
    },
    logout: { endedSeconds: limits.endedSeconds, reauthSeconds: limits.reauthSeconds },
    runtime: { now: clock.now, fetch: fetchLate as typeof fetch, waitUntil: (work) => scheduler.putOff(work) },
    onEvent(event) {
      const mine = doing.getStore()
      if (mine && event.type === 'logout.finished') mine.report = event.report
    },
  })
  const options = [optionsOf(0), optionsOf(1)] as const
  const processes = options.map((each) => createEndSession(each))
  const apps = options.map((each) => createApp(resolveOptions(each)))
  // Metadata and keys are there: whoever waits for somebody else's fetch could not be scheduled.
  await Promise.all(processes.map((process) => process.ready()))
  await Promise.all(apps.map((app) => app.store.ready()))
  for (const process of processes) {
    stores = [deadStore, deadStore]
    await process.handle(logoutRequest(await provider.logoutToken()))
  }

  async function play(makeStores: MakeStores, choices: Choices, act: Play, givenSkew?: number): Promise<Outcome> {
    scheduler = createScheduler(choices)
    stores = makeStores(clock.now)
    await Promise.all(stores.map((store) => store.open(limits)))
    skew = givenSkew ?? ([0, 0, 40, -40][choices.pick(4)] as number)
    broken = []
    const run = ++runs
    const facts: Facts = { sessions: [], ends: [], checks: [] }
    let ticks = 0
    const jar = (name: string, sub: string, browser: string): Jar => ({
      name,
      sub,
      browser: `${run} ${browser}`,
      cookies: new Map(),
    })
    const jars = [
      jar('laptop', 'alice', 'laptop'),
      jar('private window', 'alice', 'laptop'),
      jar('phone', 'alice', 'phone'),
      jar('bob', 'bob', 'his'),
    ]

    const process = (number: number) => processes[number] as EndSession
    const cookieOf = (cookies: ReadonlyMap<string, string>) =>
      [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')
    const keep = (jar: Jar, answer: Response) => {
      for (const line of answer.headers.getSetCookie()) {
        const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
        if (/Max-Age=0/.test(line)) jar.cookies.delete(name)
        else jar.cookies.set(name, value)
      }
    }
    const navigate = async (
      number: number,
      path: string,
      cookies: ReadonlyMap<string, string>,
      form?: Record<string, string>,
    ): Promise<Response> => {
      const headers = {
        cookie: cookieOf(cookies),
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'sec-fetch-site': 'same-origin',
        origin,
      }
      const init = form ? { method: 'POST', headers, body: new URLSearchParams(form) } : { headers }
      const answer = await process(number).handle(new Request(new URL(path, origin), init))
      if (!answer || answer.status >= 500 !== (answer?.status === 503))
        throw new Error(`${path} was answered ${answer?.status}`)
      return answer
    }
    const byCookie = (cookie: string | undefined) => facts.sessions.find((session) => session.cookie === cookie)
    const expired = (session: SessionFact) => clock.now() - session.openedAfter >= limits.idleSeconds

    const doings: Doings = {
      jars,
      scheduler,
      sessions: () => facts.sessions,
      held: (jar) => byCookie(jar.cookies.get('endsession')),
      login: (jar, number) =>
        doing.run({ kind: 'login' }, async () => {
          const begin = ++ticks
          let answer = await navigate(number, '/auth/login?returnTo=/', jar.cookies)
          const startedWith = doing.getStore()?.found
          keep(jar, answer)
          for (let round = 0; round < 2; round++) {
            const to = answer.headers.get('location') ?? ''
            if (!to.startsWith(provider.issuer)) return
            const back = provider.authorize(to, {
              sub: jar.sub,
              browser: jar.browser,
              signInAt: Math.floor(clock.now() + skew),
            })
            const callback = ++ticks
            const openedAfter = clock.now()
            const sent = new Map(jar.cookies)
            const replaced = byCookie(sent.get('endsession'))
            const replacing: EndFact | undefined = replaced && {
              kind: 'replaced',
              target: replaced,
              begin: callback,
              beginAt: clock.now(),
            }
            if (replacing) facts.ends.push(replacing)
            answer = await navigate(number, back.pathname + back.search, sent)
            const cookie = /^endsession=([^;]+)/.exec(
              answer.headers.getSetCookie().find((line) => /^endsession=[^;]/.test(line)) ?? '',
            )?.[1]
            const told = doing.getStore()?.idToken
            keep(jar, answer)
            if (cookie === undefined || !told) continue
            const session: SessionFact = {
              name: `S${facts.sessions.length + 1}`,
              id: sessionIdOf(cookie) as string,
              ...{
                cookie,
                jar: jar.name,
                sub: jar.sub,
                sid: told.sid,
                signedInAt: told.iat,
                authTime: told.auth_time,
                begin,
                callback,
              },
              ...{ ack: ++ticks, openedAfter, openedBefore: clock.now() },
              ...(startedWith !== undefined && round === 0 && { startedWith }),
            }
            facts.sessions.push(session)
            if (replacing) Object.assign(replacing, { ack: session.ack, ackAt: clock.now() })
            scheduler.note(`${session.name} of ${jar.name} is open: ${session.sid}, iat +${told.iat - 1_800_000_000}`)
            return
          }
        }),
      check: (session, number) =>
        doing.run({ kind: 'check' }, async () => {
          const begin = ++ticks
          const found = await process(number).session(
            new Request(origin, { headers: { cookie: `endsession=${session.cookie}` } }),
          )
          facts.checks.push({ session, begin, ack: ++ticks, ackAt: clock.now(), alive: found !== undefined })
          scheduler.note(`${session.name} is ${found ? 'signed in' : 'refused'}`)
        }),
      visit: (session, number) =>
        doing.run({ kind: 'visit' }, async () => {
          const begin = ++ticks
          const request = new Request(origin, { headers: { cookie: `endsession=${session.cookie}` } })
          const answer = await process(number).protect(request, () => new Response('hello'))
          facts.checks.push({ session, begin, ack: ++ticks, ackAt: clock.now(), alive: answer.status === 200 })
        }),
      logout: (jar, scope, number, fault) =>
        doing.run({ kind: 'logout', fault: fault === 'stale' ? undefined : fault }, async () => {
          const sent = new Map(fault === 'stale' ? (jar.stale ?? jar.cookies) : jar.cookies)
          if (sent.has('endsession')) jar.stale ??= sent
          const target = byCookie(sent.get('endsession')) ?? jar.left
          const fact: EndFact | undefined = target && {
            kind: 'logout',
            scope,
            target,
            begin: ++ticks,
            beginAt: clock.now(),
          }
          if (fact) facts.ends.push(fact)
          const answer = await navigate(number, '/auth/logout', sent, { scope })
          const mine = doing.getStore()
          if (fault !== 'stale') keep(jar, answer)
          if (!fact || !target) return
          if (fault !== 'stale') jar.left = target
          // A ticket asks for what was asked for when it was made: the report says which scope that was.
          Object.assign(fact, { report: mine?.report, ackAt: clock.now(), scope: mine?.report?.scope ?? scope })
          const row = mine?.report?.layers.app.outcome
          scheduler.note(
            `${target.name}: logout ${fact.kind === 'logout' && fact.scope} is answered ${answer.status}, app ${row}`,
          )
          if ((answer.status === 503) !== (row === 'failed')) broken.push(`A2: status ${answer.status} with app ${row}`)
          if (row !== 'ended') return
          const leaves = mine?.report?.scope !== 'app'
          const plan = !leaves
            ? undefined
            : leavingTo({ ...answer, status: answer.status, headers: answer.headers, text: await answer.text() })
          Object.assign(fact, { ack: ++ticks, plan })
          if (leaves && !plan) broken.push(`A13: the logout of ${target.name} has no plan`)
          for (const store of stores as readonly [Store, Store])
            if (await store.get(target.id)) broken.push(`A2: app is said to have ended, and ${target.name} is alive`)
        }),
      backchannel: (by, whom, secondsAgo, number) =>
        doing.run({ kind: 'backchannel' }, async () => {
          const iat = Math.floor(clock.now() + skew) - secondsAgo
          const begun = { begin: ++ticks, beginAt: clock.now(), iat }
          const fact: EndFact =
            by === 'sid' ? { kind: 'sid', sid: whom.sid, ...begun } : { kind: 'sub', sub: whom.sub, ...begun }
          facts.ends.push(fact)
          const claims = by === 'sid' ? { sid: whom.sid, sub: whom.sub } : { sub: whom.sub }
          const answer = await process(number).handle(
            logoutRequest(await provider.logoutToken({ ...claims, iat, exp: iat + 900 })),
          )
          scheduler.note(`logout token ${by} of ${whom.name}, iat +${iat - 1_800_000_000}: ${answer?.status}`)
          if (answer?.status === 200) Object.assign(fact, { ack: ++ticks, ackAt: clock.now() })
          else broken.push(`A4: a good logout token was answered ${answer?.status}`)
        }),
      refresh: (session, number) =>
        doing.run({ kind: 'refresh' }, async () => {
          const found = await process(number).session(
            new Request(origin, { headers: { cookie: `endsession=${session.cookie}` } }),
          )
          if (!found) return
          const begin = ++ticks
          const access = await process(number).accessToken(found)
          facts.checks.push({ session, begin, ack: ++ticks, ackAt: clock.now(), alive: access.ok })
          scheduler.note(`${session.name}: ${access.ok ? 'an access token' : access.why}`)
        }),
      sweep: (number) => doing.run({ kind: 'sweep' }, () => sweep(apps[number] as (typeof apps)[0])),
      async pass(seconds) {
        clock.advance(seconds)
        scheduler.note(`${seconds} s pass`)
      },
    }

    await act(doings, choices)
    // Every cookie once more, in peace; and whatever was not reached must have survived.
    for (const session of facts.sessions) for (const number of [0, 1]) await doings.check(session, number)
    for (const session of facts.sessions) if (expired(session)) scheduler.note(`${session.name} may have expired`)
    await Promise.all(stores.map((store) => store.close()))
    const found = [...new Set(broken), ...violations(facts, { ...limits, skew })]
    return { violations: found, trace: scheduler.trace, sessions: facts.sessions.length }
  }

  return {
    play,
    async close() {
      await Promise.all(processes.map((process) => process.close()))
    },
  }
}

/** Takes every end and knows nothing: good for a first logout token that fetches the keys. */
const deadStore = { end: async () => ({ records: [], position: 'none.0' }) } as unknown as Store

function logoutRequest(token: string): Request {
  return new Request(`${origin}/auth/backchannel-logout`, {
    method: 'POST',
    body: new URLSearchParams({ logout_token: token }),
  })
}
