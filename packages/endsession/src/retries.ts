import { type Runtime, sleep } from './runtime.ts'

/** Ends that the store would not take in time, tried until it does. Lost with the process: the sender was told 400. */
export interface Retries {
  /** Over the bound the oldest is dropped. */
  keep(work: () => Promise<void>): void
  close(): void
}

const most = 1_000
const pauseSeconds = 1

export function createRetries(runtime: Runtime): Retries {
  const waiting: (() => Promise<void>)[] = []
  let running = false
  let closed = false

  async function run(): Promise<void> {
    while (waiting.length > 0 && !closed) {
      const work = waiting[0] as () => Promise<void>
      const failed = await work().catch((error) => error)
      if (failed) await sleep(pauseSeconds)
      else if (waiting[0] === work) waiting.shift()
    }
    running = false
  }

  return {
    keep(work) {
      waiting.push(work)
      if (waiting.length > most) waiting.shift()
      if (running) return
      running = true
      runtime.waitUntil(run())
    },
    close() {
      closed = true
    },
  }
}
