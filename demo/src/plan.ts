import { randomBytes } from 'node:crypto'

/** The servers of the demo, each a process of its own. */
export const names = ['provider', 'acme', 'mail', 'calendar', 'api', 'next'] as const

export type Name = (typeof names)[number]

/** Those of them that people log in to. */
export const appNames = ['mail', 'calendar'] as const

export type AppName = (typeof appNames)[number]

/** Those of them that the API follows. */
type FollowedName = AppName | 'next'

/** Whether there is a login at all. */
export type Mode = 'enabled' | 'disabled'

/** One switch for apps and API, or one for each: then they may disagree. */
export interface Auth {
  readonly apps: Mode
  readonly api: Mode
}

/** Where both apps keep their sessions, each in a part of its own. */
export interface StorePlan {
  readonly kind: 'sqlite' | 'redis' | 'postgres'
  /** In front of all names that are made there. */
  readonly space: string
  /** Of the server, with its password. SQLite: empty. */
  readonly url: string
}

/** The control room is no process of its own: the parent serves it. */
export const places: readonly Place[] = ['room', ...names]

export type Place = 'room' | Name

export type Ports = Readonly<Record<Place, number>>

/** All that a server process is told when it begins. It goes over IPC: a command line can be read by everybody. */
export interface Plan {
  readonly ports: Ports
  readonly urls: Readonly<Record<Name, string>>
  /** Where the control room is. */
  readonly room: string
  /** Who plays Example ID and Acme: the demo's own two servers, or two realms of one Keycloak. */
  readonly provider: 'own' | 'keycloak'
  /** Client secrets, made anew by each start. */
  readonly secrets: Readonly<Record<Name, string>>
  /** What the API's guard shows to each app whose feed it follows; made anew by each start. */
  readonly feedKeys: Readonly<Record<FollowedName, string>>
  /** What each app seals its cookies and tokens with: the same in all its processes. */
  readonly sessionSecrets: Readonly<Record<FollowedName, string>>
  /** For files; SQLite's are there. */
  readonly folder: string
  readonly store: StorePlan
  /** How many processes each app is. */
  readonly nodes: number
  /** The folder of the Next.js app, built. Nothing: there is no such app. */
  readonly next: string | undefined
  /** The provider asks before it signs anybody out. */
  readonly providerAsks: boolean
  /** Example ID does not tell Acme when it signs somebody out. */
  readonly upstreamStays: boolean
  /**
   * What the servers tell the parent process of their work. `loot`: reports and tokens, for the replay of `--once`;
   * `film`: every exchange between them as well, for the control room.
   */
  readonly record: 'loot' | 'film'
  readonly auth: Auth
}

/** What the API is called in the apps' `feed.keys`. */
export const guardName = 'api'

/** What the Next.js app calls it in its own. */
export const jobsName = 'jobs'

type PlanWishes = Pick<Plan, 'ports' | 'folder'> &
  Partial<Pick<Plan, 'auth' | 'store' | 'nodes' | 'next' | 'provider' | 'providerAsks' | 'upstreamStays' | 'record'>>

export function makePlan(wishes: PlanWishes): Plan {
  return {
    auth: { apps: 'enabled', api: 'enabled' },
    store: { kind: 'sqlite', space: 'endsession_demo', url: '' },
    nodes: 1,
    next: undefined,
    provider: 'own',
    providerAsks: false,
    upstreamStays: false,
    record: 'loot',
    ...wishes,
    urls: { ...byName((name) => `http://${name}.localhost:${wishes.ports[name]}`), ...realmsOf(wishes) },
    room: `http://localhost:${wishes.ports.room}`,
    secrets: byName(makeSecret),
    sessionSecrets: { mail: makeSecret(), calendar: makeSecret(), next: makeSecret() },
    feedKeys: { mail: makeSecret(), calendar: makeSecret(), next: makeSecret() },
  }
}

/** Keycloak is called by one name by everybody: by browsers, by the apps, and by itself. */
function realmsOf({ provider, ports }: PlanWishes): Partial<Plan['urls']> {
  if (provider !== 'keycloak') return {}
  const realms = `http://localhost:${ports.provider}/realms`
  return { provider: `${realms}/example`, acme: `${realms}/acme` }
}

function makeSecret(): string {
  return randomBytes(32).toString('base64url')
}

/** Those that are processes of ours. Without a login there is nothing to do for a provider, nor for the one behind it. */
export function namesIn({ auth, next, provider }: Plan): readonly Name[] {
  const idle: readonly Name[] = [
    ...(auth.apps === 'enabled' && provider === 'own' ? [] : (['provider', 'acme'] as const)),
    ...(next === undefined ? (['next'] as const) : []),
  ]
  return names.filter((name) => !idle.includes(name))
}

function byName<T>(make: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>
}
