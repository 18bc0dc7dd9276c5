import { randomBytes } from 'node:crypto'

/** The servers of the demo, each a process of its own. */
export const names = ['provider', 'acme', 'mail', 'calendar', 'api'] as const

export type Name = (typeof names)[number]

export type Ports = Readonly<Record<Name, number>>

/** All that a server process is told when it begins. It goes over IPC: a command line can be read by everybody. */
export interface Plan {
  readonly ports: Ports
  readonly urls: Readonly<Record<Name, string>>
  /** Client secrets, made anew by each start. */
  readonly secrets: Readonly<Record<Name, string>>
  /** Where the apps keep their sessions. */
  readonly folder: string
  /** The provider asks before it signs anybody out. */
  readonly providerAsks: boolean
  /** The apps hand reports and tokens to the parent process: `--once` needs them for its replay. */
  readonly record: boolean
}

export function makePlan(wishes: Pick<Plan, 'ports' | 'folder' | 'providerAsks' | 'record'>): Plan {
  return {
    ...wishes,
    urls: byName((name) => `http://${name}.localhost:${wishes.ports[name]}`),
    secrets: byName(() => randomBytes(32).toString('base64url')),
  }
}

function byName<T>(make: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>
}
