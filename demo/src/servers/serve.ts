import { createServer, type RequestListener } from 'node:http'
import type { Begin, Told } from '../messages.ts'
import type { Name, Plan } from '../plan.ts'

/** The life of a server process: wait to be told, listen, and end when the parent is gone, whatever ended it. */
export function serve(name: Name, prepare: (plan: Plan) => RequestListener | Promise<RequestListener>): void {
  process.on('disconnect', () => process.exit(0))
  // Ctrl-C reaches the whole process group; the parent decides what it means.
  process.on('SIGINT', () => {})
  process.once('message', async ({ plan }: Begin) => {
    try {
      await listen(await prepare(plan), plan.ports[name])
      tell({ type: 'ready' })
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

/** Loopback only, both kinds of it: browsers try `[::1]` first for a name under `.localhost`. */
async function listen(handler: RequestListener, port: number): Promise<void> {
  await listenOn('127.0.0.1', handler, port)
  try {
    await listenOn('::1', handler, port)
  } catch (error) {
    // A machine without IPv6 has no such address. A port that is taken there is taken.
    if ((error as NodeJS.ErrnoException).code === 'EADDRINUSE') throw error
  }
}

function listenOn(host: string, handler: RequestListener, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    createServer(handler).once('error', reject).listen(port, host, resolve)
  })
}
