import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Ask, Begin, Questions, Told } from './messages.ts'
import { type Name, names, type Plan } from './plan.ts'

export interface Running {
  /** Hears what a server tells, from now on; answers how to stop listening. */
  listen(name: Name, hear: (told: Told) => void): () => void
  /** Asks a server over its own channel. Rejects when it does not answer in time. */
  ask<What extends keyof Questions>(
    name: Name,
    what: What,
    asked: Questions[What]['asked'],
  ): Promise<Questions[What]['answered']>
  /** Stops a server's process where it stands, and lets it go on. */
  pause(name: Name): void
  resume(name: Name): void
  /** Calls back when a server ends that nobody has asked to end. */
  onBroken(broken: (error: Error) => void): void
  /** Ends every server process, by its id, and waits until it is gone. */
  stop(): Promise<void>
}

const fileOf: Readonly<Record<Name, string>> = {
  provider: 'provider',
  acme: 'acme',
  mail: 'app',
  calendar: 'app',
  api: 'api',
}

/** Apps ask their provider at once what it can do, and the API's guard asks the apps what has ended. */
const order: readonly (readonly Name[])[] = [['provider', 'acme'], ['mail', 'calendar'], ['api']]

/** How long a server may take to end by itself before it is killed. */
const patienceSeconds = 2
/** How long one may take to answer; to end somebody's sessions takes the longest. */
const answerSeconds = 8

export async function startServers(
  plan: Plan,
  say: (line: string) => void,
  wanted: readonly Name[] = names,
): Promise<Running> {
  // All at once, so that they load while the first ones begin.
  const children = new Map(wanted.map((name) => [name, forkServer(name)]))
  const childOf = (name: Name) => children.get(name) as ChildProcess
  let stopping = false

  const running: Running = {
    listen(name, hear) {
      childOf(name).on('message', hear)
      return () => childOf(name).off('message', hear)
    },
    ask: makeAsking(children),
    pause: (name) => signal(childOf(name), 'SIGSTOP'),
    resume: (name) => signal(childOf(name), 'SIGCONT'),
    onBroken(broken) {
      for (const [name, child] of children) {
        child.once('exit', (code, signal) => {
          if (!stopping) broken(new Error(`${name} ended unexpectedly (${signal ?? code})`))
        })
      }
    },
    async stop() {
      stopping = true
      await Promise.all([...children.values()].map(endServer))
    },
  }

  try {
    for (const group of order.map((all) => all.filter((name) => wanted.includes(name)))) {
      await Promise.all(group.map((name) => begin(name, childOf(name), plan)))
      for (const name of group) say(`${name} at ${plan.urls[name]}`)
    }
    return running
  } catch (error) {
    await running.stop()
    throw error
  }
}

function forkServer(name: Name): ChildProcess {
  const file = fileURLToPath(new URL(`./servers/${fileOf[name]}.js`, import.meta.url))
  // Nothing of theirs may reach our stdout: with --json it belongs to the result.
  return fork(file, [name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

async function begin(name: Name, child: ChildProcess, plan: Plan): Promise<void> {
  child.send({ type: 'begin', plan } satisfies Begin)
  const ended = new AbortController()
  const told = (await Promise.race([
    once(child, 'message', { signal: ended.signal }).then(([message]) => message),
    once(child, 'exit', { signal: ended.signal }).then(([code]) => ({ type: 'failed', message: `exit code ${code}` })),
  ]).finally(() => ended.abort())) as Told
  if (told.type !== 'failed') return
  if (told.code === 'EADDRINUSE') {
    const port = plan.ports[name]
    throw new Error(`port ${port} is taken (for ${name}): choose another with --${name}-port or --port-base`)
  }
  throw new Error(`${name} could not start: ${told.message}`)
}

/** One listener for all that a server is asked. The answer is as the table of questions says: both sides are compiled against it. */
function makeAsking(children: ReadonlyMap<Name, ChildProcess>): Running['ask'] {
  const waiting = new Map<number, (told: Told & { readonly type: 'answered' }) => void>()
  let asks = 0
  for (const child of children.values()) {
    child.on('message', (told: Told) => told.type === 'answered' && waiting.get(told.id)?.(told))
  }
  return (name, what, asked) =>
    new Promise((resolve, reject) => {
      asks += 1
      const id = asks
      const timer = setTimeout(() => fail(new Error(`${name} does not answer`)), answerSeconds * 1000)
      const settle = () => {
        clearTimeout(timer)
        waiting.delete(id)
      }
      const fail = (error: Error) => {
        settle()
        reject(error)
      }
      waiting.set(id, ({ wrong, answered }) => {
        if (wrong !== undefined) return fail(new Error(`${name}: ${wrong}`))
        settle()
        resolve(answered as never)
      })
      const child = children.get(name)
      if (!child) return fail(new Error(`${name} does not run`))
      child.send({ type: 'ask', id, what, asked } satisfies Ask, (error) => error && fail(error))
    })
}

function signal(child: ChildProcess, name: 'SIGSTOP' | 'SIGCONT'): void {
  if (process.platform === 'win32') throw new Error('this system cannot stop a process and let it go on')
  child.kill(name)
}

/** Closing the channel asks it to end, and one that was stopped has to go on for that; one that does not listen is killed. */
async function endServer(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const gone = once(child, 'exit')
  if (process.platform !== 'win32') child.kill('SIGCONT')
  if (child.connected) child.disconnect()
  const timer = setTimeout(() => child.kill('SIGKILL'), patienceSeconds * 1000)
  await gone
  clearTimeout(timer)
}
