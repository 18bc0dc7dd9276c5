/** A Keycloak of one's own: on a loopback port, in a folder that is removed at the end, with the realms of examples/keycloak. */
import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { findFreePort, isFree } from './free-port.ts'
import { fetchKeycloak, findKeycloak, java, javaWords, keycloakVersion, type Say } from './keycloak-distribution.ts'
import { watch } from './watch.ts'

export { fetchKeycloak, keycloakVersion }

const realms = fileURLToPath(new URL('../../examples/keycloak/', import.meta.url))
const found = findKeycloak()

/** For a `describe` that needs the server: where there is none it is left out, and says how to get one. */
export const neededKeycloak: { readonly skip?: boolean; readonly meta?: { readonly leftOut: string } } =
  'folder' in found ? {} : { skip: true, meta: { leftOut: found.missing } }

export interface KeycloakWishes {
  /** @default a free one */
  readonly port?: number | undefined
  /** What the realm files leave open, by name: `${MAIL_URL:…}` and its like. */
  readonly variables?: Readonly<Record<string, string>>
  /** @default made anew */
  readonly adminPassword?: string | undefined
  /** Told how it goes. */
  readonly say?: Say | undefined
}

export interface KeycloakServer {
  readonly port: number
  readonly url: string
  /** Of the realm that apps log in with. */
  readonly issuer: string
  /** Of the realm behind it. */
  readonly upstreamIssuer: string
  readonly adminName: string
  readonly adminPassword: string
  /** Calls `/admin/realms{path}` of its admin API, as the administrator. */
  admin(method: string, path: string, body?: unknown): Promise<Response>
  /** With SIGKILL: nothing is written down any more. */
  kill(): Promise<void>
  /** Once more, in the same folder and on the same port. */
  start(): Promise<void>
  /** Ends it and removes its folder. */
  close(): Promise<void>
}

const adminName = 'admin'
/** How long a start may take, on a slow machine with other work. */
const patienceSeconds = 240

/** Fetches the distribution first if it is not here. Rejects with what Keycloak has said last when it does not start. */
export async function startKeycloak({
  variables = {},
  say = () => {},
  ...wishes
}: KeycloakWishes = {}): Promise<KeycloakServer> {
  const distribution = await fetchKeycloak(say)
  const folder = mkdtempSync(join(tmpdir(), 'endsession-keycloak-'))
  for (const part of ['conf', 'lib', 'providers', 'themes']) symlinkSync(join(distribution, part), join(folder, part))
  const imported = join(folder, 'data', 'import')
  mkdirSync(imported, { recursive: true })
  for (const name of readdirSync(realms).filter((name) => name.endsWith('-realm.json')))
    copyFileSync(join(realms, name), join(imported, name))
  const log = join(folder, 'keycloak.log')
  const port = wishes.port ?? (await findFreePort())
  const url = `http://localhost:${port}`
  const adminPassword = wishes.adminPassword ?? randomBytes(18).toString('base64url')
  let running: { readonly child: ChildProcess; readonly watcher: ChildProcess } | undefined

  /** Through the environment go passwords: a command line can be read by everybody. */
  const env: Readonly<Record<string, string | undefined>> = {
    PATH: process.env['PATH'],
    ...{ KC_BOOTSTRAP_ADMIN_USERNAME: adminName, KC_BOOTSTRAP_ADMIN_PASSWORD: adminPassword },
    ...{ KEYCLOAK_URL: url, ACME_LOGOUT_URL: `${url}/realms/acme/protocol/openid-connect/logout` },
    ...variables,
  }
  const words = [
    ...['start', '--optimized', '--import-realm', '--cache=local', `--hostname=${url}`],
    ...['--http-enabled=true', '--http-host=127.0.0.1', `--http-port=${port}`],
    // Each commit is on the disk before it is answered, so that a kill takes nothing back.
    `--db-url=jdbc:h2:file:${join(folder, 'data', 'keycloak')};NON_KEYWORDS=VALUE;WRITE_DELAY=0`,
  ]

  async function start(): Promise<void> {
    // Whoever is there would answer for ours.
    if (!(await isFree(port))) throw new Error(`port ${port} is taken`)
    const output = openSync(log, 'a')
    // A Ctrl-C is for whoever started it.
    const child = spawn(java, [...javaWords(folder), ...words], {
      env: env as NodeJS.ProcessEnv,
      detached: true,
      stdio: ['ignore', output, output],
    })
    closeSync(output)
    running = { child, watcher: watch(child.pid as number, 'KILL', folder) }
    const until = Date.now() + patienceSeconds * 1000
    while (!(await answers(`${url}/realms/example`))) {
      if (isOver(child)) throw new Error(`Keycloak has ended by itself:\n${lastLines(log)}`)
      if (Date.now() > until) throw new Error(`Keycloak does not answer:\n${lastLines(log)}`)
      await new Promise((resolve) => setTimeout(resolve, 200))
    }
  }

  async function kill(): Promise<void> {
    if (!running) return
    const { child, watcher } = running
    running = undefined
    watcher.kill('SIGKILL')
    if (isOver(child)) return
    await new Promise<void>((resolve) => {
      child.once('exit', () => resolve())
      process.kill(child.pid as number, 'SIGKILL')
    })
  }

  async function close(): Promise<void> {
    await kill()
    rmSync(folder, { recursive: true, force: true })
  }

  say(`starting Keycloak ${keycloakVersion} at ${url} …`)
  try {
    await start()
  } catch (error) {
    await close()
    throw error
  }
  return {
    ...{ port, url, issuer: `${url}/realms/example`, upstreamIssuer: `${url}/realms/acme`, adminName, adminPassword },
    async admin(method, path, body) {
      const form = { grant_type: 'password', client_id: 'admin-cli', username: adminName, password: adminPassword }
      const login = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
        method: 'POST',
        body: new URLSearchParams(form),
      })
      const { access_token: token } = (await login.json()) as { access_token: string }
      return fetch(`${url}/admin/realms${path}`, {
        method,
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
    },
    kill,
    start,
    close,
  }
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null
}

async function answers(url: string): Promise<boolean> {
  try {
    const { ok, body } = await fetch(url, { signal: AbortSignal.timeout(5000) })
    await body?.cancel()
    return ok
  } catch {
    return false
  }
}

function lastLines(log: string): string {
  return readFileSync(log, 'utf8').trimEnd().split('\n').slice(-15).join('\n')
}
