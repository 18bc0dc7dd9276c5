import './localhost-lookup.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { helpText, readArguments, UsageError, type Wishes } from './arguments.ts'
import { type Keycloak, openKeycloak } from './keycloak.ts'
import { buildNext } from './next-build.ts'
import { runOnce } from './once/once.ts'
import { makePlan, namesIn, type Plan } from './plan.ts'
import { createRoom } from './room/room.ts'
import { serveRoom } from './room/serve.ts'
import { type Running, startServers } from './start.ts'
import { openStorage, type Storage } from './storage.ts'

/** Progress and errors. Stdout belongs to what was asked for. */
const say = (line: string) => process.stderr.write(`${line}\n`)

async function main(): Promise<number> {
  const startedAt = performance.now()
  const wishes = readWishes()
  if (!wishes) return 2
  if (wishes.help) {
    process.stdout.write(helpText)
    return 0
  }
  if (wishes.once && whyNothingToShow(wishes)) {
    say(`error: ${whyNothingToShow(wishes)}`)
    return 3
  }
  const folder = await mkdtemp(join(tmpdir(), 'endsession-demo-'))
  let storage: Storage | undefined
  let keycloak: Keycloak | undefined
  let running: Running | undefined
  let closeRoom: (() => void) | undefined
  try {
    const { ports, provider, providerAsks, upstreamStays, once, auth, nodes } = wishes
    const stop = new AbortController()
    const stopped = waitForStop().finally(() => stop.abort())
    const next = wishes.next ? await Promise.race([buildNext(say, stop.signal), stopped]) : undefined
    if (typeof next === 'number') return next
    say(whatBegins(wishes))
    storage = await openStorage(wishes.store)
    const record = once ? 'loot' : 'film'
    const plan = makePlan({
      ports,
      folder,
      store: storage.plan,
      nodes,
      next,
      provider,
      providerAsks,
      upstreamStays,
      record,
      auth,
    })
    const wanted = namesIn(plan)
    if (provider === 'keycloak' && auth.apps === 'enabled') {
      const begun = await Promise.race([openKeycloak(plan, say), stopped])
      if (typeof begun === 'number') return begun
      keycloak = begun
    }
    running = await startServers(plan, (line) => say(`  ${line}`), wanted, keycloak?.answers)
    for (const name of wanted) running.listen(name, (told) => told.type === 'notice' && say(`${name}: ${told.text}`))
    if (!once) closeRoom = await serveRoom(plan, createRoom(plan, running))
    say(`ready in ${seconds(startedAt)}`)
    return await Promise.race([stopped, breakage(running), work(wishes, plan, running, keycloak)])
  } catch (error) {
    say(`error: ${(error as Error).message}`)
    return 1
  } finally {
    closeRoom?.()
    await running?.stop()
    await keycloak?.close()
    await storage?.close().catch((error) => say(`error: the store was not cleaned: ${(error as Error).message}`))
    await rm(folder, { recursive: true, force: true })
  }
}

function whatBegins({ auth, store, nodes, next, provider }: Wishes): string {
  const two = nodes === 1 ? 'two apps' : `two apps, ${nodes} processes each,`
  const apps = next ? `${two.replace(/,$/, '')}, another on Next.js` : two
  const own = provider === 'own' ? 'the provider, its upstream, ' : 'Keycloak with two realms, '
  const behind = auth.apps === 'enabled' ? own : ''
  return `starting ${behind}${apps} and an API; sessions in ${store.kind} …`
}

function readWishes(): Wishes | undefined {
  try {
    return readArguments(process.argv.slice(2), process.env)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(`error: ${error.message}\nTry: npm start -- --help`)
    return undefined
  }
}

function whyNothingToShow({ auth }: Wishes): string | undefined {
  if (auth.apps === 'disabled') {
    return 'AUTH_ENABLED=false: authentication is disabled, so there is nobody to log in and nothing to log out'
  }
  if (auth.api === 'disabled') return 'API_AUTH_ENABLED=false: the API disagrees with the apps and refuses everybody'
  return undefined
}

async function work(wishes: Wishes, plan: Plan, running: Running, keycloak: Keycloak | undefined): Promise<number> {
  if (wishes.once) {
    const startedAt = performance.now()
    const { output, passed, verdict } = await runOnce({ plan, running, guardStopped: wishes.guardStopped, say }, wishes)
    process.stdout.write(`${output}\n`)
    say(`${verdict} (${seconds(startedAt)})`)
    return passed ? 0 : 1
  }
  process.stdout.write(whereThingsAre(plan, keycloak))
  return new Promise(() => {})
}

function whereThingsAre(plan: Plan, keycloak: Keycloak | undefined): string {
  const { urls, auth, store, nodes } = plan
  const open = auth.apps === 'disabled'
  const takes = open ? 'takes everybody, too' : 'takes the apps’ access tokens'
  const disagrees = `does not agree: authentication is ${auth.api} here, so it answers 503 to everything`
  const lines = [
    ['Control room', plan.room, 'who is still logged in? Start here'],
    ['Mail', urls.mail],
    ['Calendar', urls.calendar],
    ['Example ID', urls.provider, 'the provider of both'],
    ['Acme', urls.acme, 'signs people in to Example ID: ana with ana-demo, ben with ben-demo'],
    ...(plan.next === undefined ? [] : [['Jobs', urls.next, 'Next.js with Auth.js, which endsession wraps']]),
    ['API', `${urls.api}/messages`, auth.api === auth.apps ? takes : disagrees],
    ...(keycloak
      ? [['Keycloak', keycloak.console.url, `its console: ${keycloak.console.name} with ${keycloak.console.password}`]]
      : []),
  ].filter(([, url]) => !open || (url !== urls.provider && url !== urls.acme))
  const rows = lines.map(([name = '', url, what]) => [name.padEnd(12), url, what].filter(Boolean).join('  '))
  const notice = open ? ['Authentication is disabled: everybody is in, and nobody can be logged out.', ''] : []
  return `\n${[...notice, ...rows, '', `Sessions: ${store.kind}. Each app: ${nodes === 1 ? 'one process' : `${nodes} processes`}.`, 'Ctrl-C ends everything.'].join('\n')}\n`
}

/** The exit status that a shell expects after a signal. */
function waitForStop(): Promise<number> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve(130))
    process.once('SIGTERM', () => resolve(143))
    process.once('SIGHUP', () => resolve(129))
  })
}

function breakage(running: Running): Promise<never> {
  return new Promise((_resolve, reject) => running.onBroken(reject))
}

function seconds(since: number): string {
  return `${((performance.now() - since) / 1000).toFixed(1)} s`
}

process.exitCode = await main()
// Whoever stopped it waits for nothing that was only beginning.
if (process.exitCode > 128) process.exit()
