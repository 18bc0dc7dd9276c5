import type { SessionFact } from './facts.ts'
import type { Choices } from './scheduler.ts'
import type { Doings, Jar, Play } from './stage.ts'

type Actor = { readonly name: string; readonly act: () => Promise<void> }

/** A few logins, then rounds of whatever can happen, several at once; all of it chosen. */
export const anything: Play = async (doings, choices) => {
  const { scheduler, jars } = doings
  const one = (count: number) => choices.pick(count) === 0
  const from = <T>(list: readonly T[]): T => list[choices.pick(list.length)] as T
  for (const jar of jars.slice(0, 1 + choices.pick(jars.length)))
    await scheduler.run([{ name: `login ${jar.name}`, act: () => doings.login(jar, choices.pick(2)) }])

  const rounds = 2 + choices.pick(2)
  for (let round = 0; round < rounds; round++) {
    if (one(2)) await doings.pass(1 + choices.pick(5))
    const actors: Actor[] = []
    for (let count = 2 + choices.pick(3); count > 0; count--) actors.push(...anyone(doings, choices, from, one))
    await scheduler.run(actors)
    if (one(8)) await doings.pass(from([40, 301, 1001]))
  }
}

function anyone(
  doings: Doings,
  choices: Choices,
  from: <T>(list: readonly T[]) => T,
  one: (count: number) => boolean,
): readonly Actor[] {
  const process = choices.pick(2)
  const jar = from(doings.jars)
  const sessions = doings.sessions()
  const session = sessions.length > 0 ? from(sessions) : undefined
  const login: Actor = { name: `login ${jar.name}`, act: () => doings.login(jar, process) }
  if (!session) return [login]
  const scope = from(['app', 'provider', 'provider', 'everywhere'] as const)
  const fault = one(10) ? from(['before', 'after'] as const) : undefined
  const logout = (name: string, number: number): Actor => ({
    name: `${name} ${jar.name}`,
    act: () => doings.logout(jar, scope, number, fault),
  })
  const ago = from([0, 0, 1, 3, 10, 70])
  const by = from(['sid', 'sub'] as const)
  const message = (name: string, number: number): Actor => ({
    name: `${name} ${session.name}`,
    act: () => doings.backchannel(by, session, ago, number),
  })
  const many: readonly (readonly Actor[])[] = [
    [login],
    [login],
    [logout('logout', process)],
    [logout('logout', process), logout('second click', 1 - process)],
    [{ name: `old tab ${jar.name}`, act: () => doings.logout(jar, scope, process, 'stale') }],
    [message('message', process)],
    [message('message', process), message('same message', 1 - process)],
    [{ name: `check ${session.name}`, act: () => doings.check(session, process) }],
    [{ name: `visit ${session.name}`, act: () => doings.visit(session, process) }],
    [{ name: `refresh ${session.name}`, act: () => doings.refresh(session, process) }],
    [{ name: 'sweep', act: () => doings.sweep(process) }],
    [{ name: 'clock', act: () => doings.pass(1 + choices.pick(40)) }],
  ]
  return from(many)
}

/** One browser, hot: logins, logouts and messages that all concern the same few sessions. */
export const oneBrowser: Play = async (doings, choices) => {
  const { scheduler } = doings
  const [laptop] = doings.jars as readonly [Jar]
  const from = <T>(list: readonly T[]): T => list[choices.pick(list.length)] as T
  await scheduler.run([{ name: 'login', act: () => doings.login(laptop, 0) }])
  for (let round = 0; round < 3; round++) {
    await doings.pass(from([1, 5, 20]))
    const session = from(doings.sessions())
    const doing = (): Actor => {
      const process = choices.pick(2)
      const scope = from(['app', 'app', 'provider', 'everywhere'] as const)
      const [by, ago] = [from(['sid', 'sub', 'sub'] as const), from([0, 0, 10, 70])]
      return from<Actor>([
        { name: 'logout', act: () => doings.logout(laptop, scope, process) },
        { name: 'old tab', act: () => doings.logout(laptop, scope, process, 'stale') },
        { name: `message ${by} ${ago}`, act: () => doings.backchannel(by, session, ago, process) },
        { name: `check ${session.name}`, act: () => doings.check(session, process) },
        { name: `refresh ${session.name}`, act: () => doings.refresh(session, process) },
        { name: 'clock', act: () => doings.pass(2) },
      ])
    }
    await scheduler.run([{ name: 'login', act: () => doings.login(laptop, 1) }, doing(), doing(), doing()])
  }
}

/** Two at once, after these logins: small enough to try every order. */
export function duel(
  logins: (jars: readonly Jar[]) => readonly Jar[],
  pair: (doings: Doings, first: SessionFact) => readonly Actor[],
): Play {
  return async (doings) => {
    const { scheduler } = doings
    for (const jar of logins(doings.jars))
      await scheduler.run([{ name: `login ${jar.name}`, act: () => doings.login(jar, 0) }])
    await doings.pass(10)
    await scheduler.run(pair(doings, doings.sessions()[0] as SessionFact))
  }
}

const laptopOnly = (jars: readonly Jar[]) => jars.slice(0, 1)

/** A login that began before a logout of its browser, and comes back after it. */
export const loginBesideLogout: Play = duel(laptopOnly, (doings) => [
  { name: 'login', act: () => doings.login(doings.jars[0] as Jar, 1) },
  { name: 'logout', act: () => doings.logout(doings.jars[0] as Jar, 'app', 0) },
])

/** The note of a visit comes after the end of its session. */
export const visitBesideLogout: Play = duel(laptopOnly, (doings, first) => [
  { name: 'clock', act: () => doings.pass(31) },
  { name: 'visit', act: () => doings.visit(first, 1) },
  { name: 'logout', act: () => doings.logout(doings.jars[0] as Jar, 'app', 0) },
])

/** A late message beside a new one, and a login from before both. */
export const loginBesideMessages: Play = duel(laptopOnly, (doings, first) => [
  { name: 'login', act: () => doings.login(doings.jars[2] as Jar, 1) },
  { name: 'message', act: () => doings.backchannel('sub', first, 0, 0) },
  { name: 'late message', act: () => doings.backchannel('sub', first, 70, 1) },
])
