/** The event streams of open tabs, `text/event-stream` (HTML standard, section 9.2): bounded, and over with their session. */
import type { EndedListeners } from './ended-listeners.ts'
import { every, type Runtime } from './runtime.ts'
import type { Cause } from './words.ts'

export interface TabStreams {
  /** One event when this session ends, then the end; nothing when there are as many streams as there may be. */
  open(id: string): ReadableStream<Uint8Array> | undefined
  close(): void
}

/** A browser needs one. More are its private windows, and connections that have died without saying so. */
const mostPerSession = 4
const mostPerProcess = 10_000
/** Proxies give up on connections that are silent for 30 s. */
const heartbeatSeconds = 25
/** Heartbeats that nobody has taken: the other side is gone. */
const mostUntaken = 4
/** Streams that break off come back after 5 to 15 s, not all at once when a server starts again. */
const leastRetryMilliseconds = 5_000
const retrySpreadMilliseconds = 10_000

const encoder = new TextEncoder()

export function createTabStreams(listeners: EndedListeners, runtime: Runtime): TabStreams {
  const perSession = new Map<string, number>()
  const closers = new Set<() => void>()
  let stopped = false

  function count(id: string, change: 1 | -1): void {
    const streams = (perSession.get(id) ?? 0) + change
    if (streams > 0) perSession.set(id, streams)
    else perSession.delete(id)
  }

  /** Once the tab has gone, or its session has ended. */
  function join(id: string, controller: ReadableStreamDefaultController<Uint8Array>): () => void {
    const write = (text: string) => controller.enqueue(encoder.encode(text))
    const forget = listeners.add(id, (cause) => {
      write(eventOf(cause))
      leave()
      controller.close()
    })
    const stopHeartbeat = every(heartbeatSeconds, async () => {
      if ((controller.desiredSize ?? 0) > -mostUntaken) return write(':\n\n')
      leave()
      controller.error(new Error('nobody reads this stream'))
    })
    function leave(): void {
      if (!closers.delete(close)) return
      forget()
      stopHeartbeat()
      count(id, -1)
    }
    function close(): void {
      leave()
      controller.close()
    }
    closers.add(close)
    count(id, 1)
    write(`retry: ${retryMilliseconds(runtime)}\n\n`)
    return leave
  }

  return {
    open(id) {
      if (stopped || closers.size >= mostPerProcess || (perSession.get(id) ?? 0) >= mostPerSession) return undefined
      let leave = () => {}
      return new ReadableStream<Uint8Array>({
        start(controller) {
          leave = join(id, controller)
        },
        cancel: () => leave(),
      })
    },
    close() {
      stopped = true
      for (const close of closers) close()
    },
  }
}

/** Not why it ended: that is between the person and the app. Only whether another login has taken its place. */
function eventOf(cause: Cause): string {
  return `event: ended\ndata: ${cause === 'replaced' ? 'replaced' : 'over'}\n\n`
}

function retryMilliseconds({ randomBytes }: Runtime): number {
  const [share = 0] = randomBytes(1)
  return leastRetryMilliseconds + Math.round((share / 255) * retrySpreadMilliseconds)
}
