import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { describeChange } from './page/index.ts'
import type { Room, RoomState } from './state.ts'

/** The open pages, each told of every change. */
export interface Streams {
  /** Refuses (`false`) where there are too many. */
  add(response: ServerResponse): boolean
  close(): void
}

const streamsAtMost = 20
/** A logout brings dozens of changes at once; nobody can look that fast. */
const pauseMilliseconds = 50
const heartbeatSeconds = 15

export function openStreams(room: Room): Streams {
  const open = new Set<() => void>()
  return {
    add(response) {
      if (open.size >= streamsAtMost) return false
      const stop = follow(room, response, () => open.delete(stop))
      open.add(stop)
      return true
    },
    close() {
      for (const stop of open) stop()
    },
  }
}

/** Answers how to stop. */
function follow(room: Room, response: ServerResponse, stopped: () => void): () => void {
  let shown: RoomState | undefined
  let timer: NodeJS.Timeout | undefined
  response.writeHead(200, { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })

  async function showNow(): Promise<void> {
    const state = room.state()
    const change = await describeChange(shown, state)
    shown = state
    const taken = response.write(`event: change\nid: ${state.revision}\ndata: ${change}\n\n`)
    // A page that does not read gets the next one when it has read this one.
    if (!taken) await once(response, 'drain')
    timer = undefined
    if (shown.revision !== room.state().revision) wake()
  }
  const wake = () => {
    timer ??= setTimeout(() => void showNow().catch(stop), pauseMilliseconds)
  }
  const heartbeat = setInterval(() => response.write(':\n\n'), heartbeatSeconds * 1000)
  const unwatch = room.watch(wake)
  function stop(): void {
    clearTimeout(timer)
    clearInterval(heartbeat)
    unwatch()
    stopped()
    response.end()
  }
  response.once('close', stop)
  wake()
  return stop
}
