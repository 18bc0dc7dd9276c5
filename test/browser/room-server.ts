import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { assets, describeChange, renderRoom, roomPolicy } from '../../demo/src/room/page/index.ts'
import type { RoomState } from '../../demo/src/room/state.ts'
import { links } from './room-states.ts'

/** Serves the page as the demo does, with a room that does nothing by itself: the test says what happens. */
export interface RoomServer {
  readonly url: string
  /** The fields of each press, as they came. */
  readonly presses: readonly string[]
  /** Shows another state, to everybody who looks at the page. */
  show(state: RoomState): Promise<void>
  stop(): Promise<void>
}

export async function serveRoomPage(first: RoomState): Promise<RoomServer> {
  let state = first
  const presses: string[] = []
  const streams = new Set<ServerResponse>()
  const send = async (stream: ServerResponse, before: RoomState | undefined) => {
    stream.write(`event: change\ndata: ${await describeChange(before, state)}\n\n`)
  }
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/'
    const asset = assets[path]
    if (path === '/press') {
      let body = ''
      for await (const chunk of request) body += chunk
      presses.push(body)
      const scripted = request.headers.accept === 'application/json'
      response.writeHead(scripted ? 204 : 303, scripted ? {} : { location: '/' }).end()
    } else if (path === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      streams.add(response)
      await send(response, undefined)
    } else if (asset) response.writeHead(200, { 'content-type': asset.type }).end(asset.body)
    else {
      const page = await renderRoom(state, links)
      response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': roomPolicy }).end(page)
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    presses,
    async show(next) {
      const before = state
      state = next
      for (const stream of streams) await send(stream, before)
    },
    async stop() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
