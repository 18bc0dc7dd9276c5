import { parseArgs } from 'node:util'
import { type Auth, type Mode, type Place, type Ports, places } from './plan.ts'
import type { StoreWishes } from './storage.ts'

export interface Wishes {
  readonly once: boolean
  readonly json: boolean
  readonly help: boolean
  readonly providerAsks: boolean
  readonly upstreamStays: boolean
  readonly guardStopped: boolean
  readonly next: boolean
  readonly provider: 'own' | 'keycloak'
  readonly auth: Auth
  readonly ports: Ports
  readonly store: StoreWishes
  /** How many processes each app is. */
  readonly nodes: number
}

/** Something in the command line that we cannot follow. The message says what, and is meant for the person who typed it. */
export class UsageError extends Error {}

const defaultBase = 4400
const providers = ['own', 'keycloak'] as const
const kinds = ['sqlite', 'redis', 'postgres'] as const
const mostNodes = 9

export const helpText: string = `Usage: npm start -- [options]

Two apps, their provider, the provider's upstream and an API, on this machine only:
log in, log out, and see what is really over, in the control room (http://localhost:${defaultBase}).

  (no option)           keep everything running and print where it is; Ctrl-C ends it
  --once                log in, log out the usual way, replay everything; then the same
                        with endsession; print both as one table and exit
  --json                with --once: print JSON instead of the table, and nothing else
  --provider-asks       the provider asks before it signs anybody out ("No, stay signed in");
                        with --once that is what the person answers
  --upstream-stays      the provider does not tell its upstream when it signs somebody out
  --guard-stopped       with --once: the API's process is stopped (SIGSTOP) before the logout
                        with endsession, and goes on after it. It can neither confirm nor
                        refuse meanwhile, and the report must not say that it did
  --store <kind>        where the apps keep their sessions: sqlite (the default), redis or postgres.
                        Redis and Postgres are started for it, in a folder that goes at the end
  --store-url <url>     with --store redis or postgres: a server of yours instead, redis://… or
                        postgres://…; what was put there is removed at the end
  --nodes <number>      each app as so many processes (1 to ${mostNodes}), behind a balancer that hands each
                        request to the next one (default 1)
  --next                a third app, Jobs: Next.js with Auth.js, which endsession wraps. It is
                        built once, and again when something in it has changed; it is one process,
                        with its sessions in a file
  --provider <kind>     who plays Example ID and Acme: own (the default), or keycloak, a real one,
                        each of them a realm of it. It needs Java, and Maven to fetch it (once)
  --port-base <number>  the first of seven ports (default ${defaultBase}), in this order:
                        room, provider, acme, mail, calendar, api, next
  --room-port <number>, --provider-port <number>, --acme-port <number>,
  --mail-port <number>, --calendar-port <number>, --api-port <number>, --next-port <number>
                        one port by itself
  --help                this text

Environment:
  AUTH_ENABLED=false      no login at all: everybody is one and the same, in the apps and the API
  API_AUTH_ENABLED=false  the same for the API only; as AUTH_ENABLED where it is not set. Where
                          the two disagree, the API answers 503 to everything and says why
  NO_COLOR=1, COLUMNS=80  the table without colours; its width where the terminal does not say

Exit status of --once: 0 if the usual logout left something alive, and nothing that endsession
called ended was found alive; 1 if not; 2 for an option that we do not know; 3 if authentication
is disabled, so that there is nothing to log out.
`

const portOptions = {
  'room-port': { type: 'string' },
  'provider-port': { type: 'string' },
  'acme-port': { type: 'string' },
  'mail-port': { type: 'string' },
  'calendar-port': { type: 'string' },
  'api-port': { type: 'string' },
  'next-port': { type: 'string' },
} as const

export function readArguments(words: readonly string[], env: NodeJS.ProcessEnv): Wishes {
  const { values } = parse(words)
  for (const option of ['json', 'guard-stopped'] as const) {
    if (values[option] && !values.once) throw new UsageError(`--${option} goes with --once`)
  }
  const base = readPort('--port-base', values['port-base']) ?? defaultBase
  const ports = Object.fromEntries(
    places.map((name, at) => [name, readPort(`--${name}-port`, values[`${name}-port`]) ?? base + at]),
  ) as Record<Place, number>
  checkPorts(ports)
  return {
    once: values.once,
    json: values.json,
    help: values.help,
    providerAsks: values['provider-asks'],
    upstreamStays: values['upstream-stays'],
    guardStopped: values['guard-stopped'],
    next: values.next,
    provider: readProvider(values),
    auth: readAuth(env),
    ports,
    store: readStore(values.store, values['store-url']),
    nodes: readNodes(values.nodes),
  }
}

function readAuth(env: NodeJS.ProcessEnv): Auth {
  const apps = readMode('AUTH_ENABLED', env['AUTH_ENABLED'], 'enabled')
  return { apps, api: readMode('API_AUTH_ENABLED', env['API_AUTH_ENABLED'], apps) }
}

function readProvider(values: { readonly provider: string; readonly 'provider-asks': boolean }): Wishes['provider'] {
  const kind = providers.find((one) => one === values.provider)
  if (!kind) throw new UsageError(`--provider ${values.provider}: is one of ${providers.join(', ')}`)
  if (kind === 'keycloak' && values['provider-asks']) {
    throw new UsageError('--provider-asks is for the demo’s own provider: Keycloak asks nobody who shows a good hint')
  }
  return kind
}

function readStore(word: string, url: string | undefined): StoreWishes {
  const kind = kinds.find((one) => one === word)
  if (!kind) throw new UsageError(`--store ${word}: is one of ${kinds.join(', ')}`)
  if (url === undefined) return { kind, url }
  if (kind === 'sqlite') throw new UsageError('--store-url goes with --store redis or --store postgres')
  // The address may have a password in it: it is not repeated.
  const schemes = kind === 'redis' ? ['redis:', 'rediss:'] : ['postgres:', 'postgresql:']
  if (!URL.canParse(url) || !schemes.includes(new URL(url).protocol)) {
    throw new UsageError(`--store-url: for ${kind} it begins with ${schemes.map((one) => `${one}//`).join(' or ')}`)
  }
  return { kind, url }
}

function readNodes(text: string): number {
  const nodes = Number(text)
  if (!/^\d+$/.test(text) || nodes < 1 || nodes > mostNodes) {
    throw new UsageError(`--nodes ${text}: is a number from 1 to ${mostNodes}`)
  }
  return nodes
}

/** Nothing but the two words: whoever mistypes `false` must not believe that it was heard. */
function readMode(name: string, value: string | undefined, fallback: Mode): Mode {
  if (value === undefined || value === '') return fallback
  if (value !== 'true' && value !== 'false') throw new UsageError(`${name}=${value}: is true or false`)
  return value === 'true' ? 'enabled' : 'disabled'
}

function parse(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      options: {
        once: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        'provider-asks': { type: 'boolean', default: false },
        'upstream-stays': { type: 'boolean', default: false },
        'guard-stopped': { type: 'boolean', default: false },
        next: { type: 'boolean', default: false },
        provider: { type: 'string', default: 'own' },
        store: { type: 'string', default: 'sqlite' },
        'store-url': { type: 'string' },
        nodes: { type: 'string', default: '1' },
        'port-base': { type: 'string' },
        ...portOptions,
      },
    })
  } catch (error) {
    // parseArgs adds advice about '--' after the first sentence; ours is the help.
    throw new UsageError((error as Error).message.split('. ')[0])
  }
}

function readPort(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) throw new UsageError(`${option} ${text}: a port is 1 to 65535`)
  return port
}

function checkPorts(ports: Ports): void {
  const taken = new Map<number, Place>()
  for (const name of places) {
    const other = taken.get(ports[name])
    if (other) throw new UsageError(`${other} and ${name} cannot share port ${ports[name]}`)
    if (ports[name] > 65_535) throw new UsageError(`port ${ports[name]} for ${name}: a port is 1 to 65535`)
    taken.set(ports[name], name)
  }
}
