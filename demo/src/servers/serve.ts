import { createServer, type Server as HttpServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Answers, Ask, Begin, Told } from '../messages.ts'
import type { Name, Plan } from '../plan.ts'

export interface Server {
  readonly listener: RequestListener
  /** What the control room may ask of it. */
  readonly answers?: Answers
}

/** The life of a server process: wait to be told, listen, and end when the parent is gone, whatever ended it. */
export function serve(name: Name, prepare: (plan: Plan) => Server | Promise<Server>): void {
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole process group; the parent decides what it means.
  process.on('SIGINT', () => {})
  process.once('message', async ({ plan, behindBalancer }: Begin) => {
    try {
      const { listener, answers = {} } = await prepare(plan)
      const servers = behindBalancer
        ? [await listenOn('127.0.0.1', listener, 0)]
        : await listen(listener, plan.ports[name])
      process.on('message', (ask: Ask) => answer(answers, ask))
      tell({ type: 'ready', port: (servers[0]?.address() as AddressInfo | null)?.port ?? 0 })
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      tell({ type: 'failed', code, message })
    }
  })
}

/** Whether the parent still hears is its own affair: a closed channel ends this process anyway. */
export function tell(told: Told): void {
  process.send?.(told, () => {})
}

async function answer(answers: Answers, { id, what, asked }: Ask): Promise<void> {
  try {
    const find = answers[what] as ((asked: unknown) => unknown) | undefined
    if (!find) throw new Error(`nobody here can say: ${what}`)
    tell({ type: 'answered', id, answered: await find(asked) })
  } catch (error) {
    tell({ type: 'answered', id, wrong: (error as Error).message })
  }
}

/** Milliseconds, the same in all processes of this machine, and finer than `Date.now`. */
export function epochNow(): number {
  return performance.timeOrigin + performance.now()
}

/** Loopback only, both kinds of it: browsers try `[::1]` first for a name under `.localhost`. */
export async function listen(handler: RequestListener, port: number): Promise<readonly HttpServer[]> {
  const first = await listenOn('127.0.0.1', handler, port)
  try {
    return [first, await listenOn('::1', handler, port)]
  } catch (error) {
    // A machine without IPv6 has no such address. A port that is taken there is taken.
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') return [first]
    first.close()
    throw error
  }
}

function listenOn(host: string, handler: RequestListener, port: number): Promise<HttpServer> {
  return new Promise((resolve, reject) => {
    const server = createServer(handler)
    server.once('error', reject).listen(port, host, () => resolve(server))
  })
}
