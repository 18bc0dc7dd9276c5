import './localhost-lookup.ts'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { helpText, readArguments, UsageError, type Wishes } from './arguments.ts'
import { runOnce } from './once/once.ts'
import { makePlan, type Plan } from './plan.ts'
import { type Running, startServers } from './start.ts'

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
  const folder = await mkdtemp(join(tmpdir(), 'endsession-demo-'))
  let running: Running | undefined
  try {
    const { ports, providerAsks, once } = wishes
    const plan = makePlan({ ports, folder, providerAsks, record: once })
    say('starting the provider, its upstream, two apps and an API …')
    const stopped = waitForStop()
    running = await startServers(plan, (line) => say(`  ${line}`))
    say(`ready in ${seconds(startedAt)}`)
    return await Promise.race([stopped, breakage(running), work(wishes, plan, running)])
  } catch (error) {
    say(`error: ${(error as Error).message}`)
    return 1
  } finally {
    await running?.stop()
    await rm(folder, { recursive: true, force: true })
  }
}

function readWishes(): Wishes | undefined {
  try {
    return readArguments(process.argv.slice(2))
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    say(`error: ${error.message}\nTry: npm start -- --help`)
    return undefined
  }
}

async function work(wishes: Wishes, plan: Plan, running: Running): Promise<number> {
  if (wishes.once) {
    const startedAt = performance.now()
    const { output, passed, verdict } = await runOnce(plan, running, wishes.json, say)
    process.stdout.write(`${output}\n`)
    say(`${verdict} (${seconds(startedAt)})`)
    return passed ? 0 : 1
  }
  process.stdout.write(`
Mail       ${plan.urls.mail}
Calendar   ${plan.urls.calendar}
Example ID ${plan.urls.provider}   the provider of both
Acme       ${plan.urls.acme}   signs people in to Example ID: ana with ana-demo, ben with ben-demo
API        ${plan.urls.api}/messages

Ctrl-C ends everything.
`)
  return new Promise(() => {})
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
