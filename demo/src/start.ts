import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import type { Server } from 'node:http'
import { fileURLToPath } from 'node:url'
import { balance } from './balancer.ts'
import type { Answers, Ask, Begin, Questions, Told } from './messages.ts'
import { appNames, type Name, namesIn, type Plan } from './plan.ts'
import { listen } from './servers/serve.ts'

export interface Running {
  /** Hears what a server tells, each process of it, from now on; answers how to stop listening. */
  listen(name: Name, hear: (told: Told) => void): () => void
  /** Asks a server, the first process of it, over its own channel. Rejects when it does not answer in time. */
  ask<What extends keyof Questions>(
    name: Name,
    what: What,
    asked: Questions[What]['asked'],
  ): Promise<Questions[What]['answered']>
  /** Stops a server's processes where they stand, and lets them go on. */
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
  next: 'next',
}

/** Apps ask their provider at once what it can do, and the API's guard asks the apps what has ended. */
const order: readonly (readonly Name[])[] = [['provider', 'acme'], ['mail', 'calendar', 'next'], ['api']]

/** How long a server may take to end by itself before it is killed. */
const patienceSeconds = 2
/** How long one may take to answer; to end somebody's sessions takes the longest. */
const answerSeconds = 8

export async function startServers(
  plan: Plan,
  say: (line: string) => void,
  wanted: readonly Name[] = namesIn(plan),
  /** Of those that are no processes of ours. */
  others: Readonly<Partial<Record<Name, Answers>>> = {},
): Promise<Running> {
  // All at once, so that they load while the first ones begin.
  const children = new Map(wanted.map((name) => [name, forkServers(name, plan)]))
  const childrenOf = (name: Name) => children.get(name) ?? []
  const balancers: Server[] = []
  let stopping = false

  const running: Running = {
    listen(name, hear) {
      for (const child of childrenOf(name)) child.on('message', hear)
      return () => {
        for (const child of childrenOf(name)) child.off('message', hear)
      }
    },
    ask: makeAsking(children, others),
    pause: (name) => signal(childrenOf(name), 'SIGSTOP'),
    resume: (name) => signal(childrenOf(name), 'SIGCONT'),
    onBroken(broken) {
      for (const [name, nodes] of children) {
        for (const child of nodes) {
          child.once('exit', (code, signal) => {
            if (!stopping) broken(new Error(`${name} ended unexpectedly (${signal ?? code})`))
          })
        }
      }
    },
    async stop() {
      stopping = true
      for (const balancer of balancers) {
        balancer.close()
        balancer.closeAllConnections()
      }
      await Promise.all([...children.values()].flat().map(endServer))
    },
  }

  try {
    for (const group of order.map((all) => all.filter((name) => wanted.includes(name)))) {
      const beginning = group.map(async (name) => balancers.push(...(await beginAll(name, childrenOf(name), plan))))
      // Also where one fails: a balancer that comes later would be left over.
      await Promise.allSettled(beginning)
      await Promise.all(beginning)
      for (const name of group) say(`${name} at ${plan.urls[name]}`)
    }
    return running
  } catch (error) {
    await running.stop()
    throw error
  }
}

function forkServers(name: Name, { nodes }: Plan): readonly ChildProcess[] {
  const isApp = appNames.some((app) => app === name)
  return Array.from({ length: isApp ? nodes : 1 }, () => forkServer(name))
}

function forkServer(name: Name): ChildProcess {
  const file = fileURLToPath(new URL(`./servers/${fileOf[name]}.js`, import.meta.url))
  // Nothing of theirs may reach our stdout: with --json it belongs to the result.
  return fork(file, [name], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
}

/** One process has the address for itself; several get a balancer there, which runs here. */
async function beginAll(name: Name, nodes: readonly ChildProcess[], plan: Plan): Promise<readonly Server[]> {
  const behindBalancer = nodes.length > 1
  const ports = await Promise.all(nodes.map((child) => begin(name, child, { type: 'begin', plan, behindBalancer })))
  if (!behindBalancer) return []
  return listen(balance(ports), plan.ports[name]).catch((error) => {
    throw whyNot(name, plan, error as NodeJS.ErrnoException)
  })
}

/** Answers the port that it listens at. */
async function begin(name: Name, child: ChildProcess, word: Begin): Promise<number> {
  child.send(word)
  const told = await new Promise<Told & { readonly type: 'ready' | 'failed' }>((resolve) => {
    // It may tell of its work before it is ready.
    child.on('message', function hear(said: Told) {
      if (said.type !== 'ready' && said.type !== 'failed') return
      child.off('message', hear)
      resolve(said)
    })
    child.once('exit', (code) => resolve({ type: 'failed', code: undefined, message: `exit code ${code}` }))
  })
  if (told.type === 'ready') return told.port
  throw whyNot(name, word.plan, told)
}

function whyNot(
  name: Name,
  { ports }: Plan,
  { code, message }: Pick<NodeJS.ErrnoException, 'code' | 'message'>,
): Error {
  if (code !== 'EADDRINUSE') return new Error(`${name} could not start: ${message}`)
  return new Error(`port ${ports[name]} is taken (for ${name}): choose another with --${name}-port or --port-base`)
}

/** One listener for all that a server is asked. The answer is as the table of questions says: both sides are compiled against it. */
function makeAsking(
  children: ReadonlyMap<Name, readonly ChildProcess[]>,
  others: Readonly<Partial<Record<Name, Answers>>>,
): Running['ask'] {
  const waiting = new Map<number, (told: Told & { readonly type: 'answered' }) => void>()
  let asks = 0
  for (const child of [...children.values()].flat()) {
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
      const find = others[name]?.[what] as ((asked: unknown) => unknown) | undefined
      if (find) {
        Promise.resolve(find(asked)).then(
          (answered) => {
            settle()
            resolve(answered as never)
          },
          (error: Error) => fail(error),
        )
        return
      }
      const child = children.get(name)?.[0]
      if (!child) return fail(new Error(`${name} does not run`))
      child.send({ type: 'ask', id, what, asked } satisfies Ask, (error) => error && fail(error))
    })
}

function signal(children: readonly ChildProcess[], name: 'SIGSTOP' | 'SIGCONT'): void {
  if (process.platform === 'win32') throw new Error('this system cannot stop a process and let it go on')
  for (const child of children) child.kill(name)
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
