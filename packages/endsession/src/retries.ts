import { type Runtime, sleep } from './runtime.ts'

/** Ends that the store would not take in time, tried until it does. Lost with the process: the sender was told 400. */
export interface Retries {
  /** Over the bound the oldest is dropped; the same key twice is one work, so that a repeated sender pushes nobody out. */
  keep(key: string, work: () => Promise<void>): void
  close(): void
}

const most = 1_000
const pauseSeconds = 1

export function createRetries(runtime: Runtime): Retries {
  const waiting = new Map<string, () => Promise<void>>()
  let running = false
  let closed = false

  /** One after the other; what fails goes to the end, so that it holds up nobody else. */
  async function run(): Promise<void> {
    for (let next = first(waiting); next && !closed; next = first(waiting)) {
      const [key, work] = next
      const failed = await work().catch((error) => error ?? true)
      if (waiting.get(key) !== work) continue
      waiting.delete(key)
      if (!failed) continue
      waiting.set(key, work)
      await sleep(pauseSeconds)
    }
    running = false
  }

  return {
    keep(key, work) {
      if (waiting.has(key)) return
      waiting.set(key, work)
      if (waiting.size > most) waiting.delete((first(waiting) as [string, unknown])[0])
      if (running) return
      running = true
      runtime.waitUntil(run())
    },
    close() {
      closed = true
    },
  }
}

function first<K, V>(map: ReadonlyMap<K, V>): [K, V] | undefined {
  return map.entries().next().value
}
