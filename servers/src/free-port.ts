import { createServer } from 'node:net'

/**
 * Below those that systems give to whoever wants any: nobody is given one of them while its server is on its way, or down
 * for a moment.
 */
const [first, count] = [12_000, 20_000]
/** Processes that look at the same time begin far from each other. */
let next = process.pid * 64

/** A loopback port that nobody listens on now. */
export async function findFreePort(): Promise<number> {
  for (let attempt = 0; attempt < count; attempt++) {
    const port = first + (next++ % count)
    if (await isFree(port)) return port
  }
  throw new Error('there is no free port')
}

export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer()
    probe.on('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
