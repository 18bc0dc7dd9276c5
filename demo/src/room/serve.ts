import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Plan } from '../plan.ts'
import { listen } from '../servers/serve.ts'
import { assets, renderRoom, roomPolicy } from './page/index.ts'
import { readPress } from './press.ts'
import type { Room, RoomLinks } from './state.ts'
import * as stories from './stories.ts'
import { openStreams, type Streams } from './streams.ts'

/** The room replays what a thief would: only its own page, under its own names, gets anything out of it. */
export async function serveRoom(plan: Plan, room: Room): Promise<() => void> {
  const { port } = new URL(plan.room)
  const hosts = ['localhost', 'room.localhost', '127.0.0.1', '[::1]'].map((name) => `${name}:${port}`)
  const streams = openStreams(room)
  const servers = await listen((request, response) => {
    answer(plan, room, streams, hosts, request, response).catch(() => {
      if (!response.headersSent) plainly(response, 500, 'That did not work.')
      response.end()
    })
  }, Number(port)).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE') throw error
    throw new Error(`port ${port} is taken (for room): choose another with --room-port or --port-base`)
  })
  return () => {
    streams.close()
    for (const server of servers) {
      server.close()
      server.closeAllConnections()
    }
  }
}

async function answer(
  plan: Plan,
  room: Room,
  streams: Streams,
  hosts: readonly string[],
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  // Any name can be made to point here; a page under such a name must not read what we say.
  const host = request.headers.host ?? ''
  if (!hosts.includes(host)) return plainly(response, 421, 'There is nothing under this name.')
  const { pathname } = new URL(request.url ?? '/', 'http://room')
  const asset = Object.hasOwn(assets, pathname) ? assets[pathname] : undefined
  for (const [name, value] of sameForAll) response.setHeader(name, value)

  if (pathname === '/press' && request.method === 'POST') return takePress(room, host, request, response)
  if (request.method !== 'GET') return plainly(response, 405, 'That cannot be done here.')
  if (pathname === '/events') {
    const from = request.headers['sec-fetch-site'] ?? 'none'
    if (from !== 'same-origin' && from !== 'none')
      return plainly(response, 403, 'Only for the control room’s own page.')
    return streams.add(response) ? undefined : plainly(response, 503, 'Too many pages are open.')
  }
  if (asset) {
    response.writeHead(200, { 'content-type': asset.type }).end(asset.body)
    return
  }
  if (pathname !== '/') return plainly(response, 404, 'There is no such page.')
  const page = await renderRoom(room.state(), linksOf(plan))
  response
    .writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': roomPolicy })
    .end(page)
}

const sameForAll = [
  ['cache-control', 'no-store'],
  ['x-content-type-options', 'nosniff'],
  ['referrer-policy', 'same-origin'],
  ['cross-origin-resource-policy', 'same-origin'],
  ['cross-origin-opener-policy', 'same-origin'],
] as const

async function takePress(room: Room, host: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (!isSameOrigin(request, `http://${host}`))
    return plainly(response, 403, 'Only the control room’s own page may press.')
  const press = await readPress(request)
  if (!press) return plainly(response, 400, 'There is no such button.')
  const begun = room.press(press)
  if (request.headers.accept?.includes('application/json')) {
    response.writeHead(begun ? 204 : 409).end()
    return
  }
  response.writeHead(303, { location: '/' }).end()
}

/** As strict as the library's own: one of the two has to vouch for it. */
function isSameOrigin({ headers }: IncomingMessage, origin: string): boolean {
  const site = headers['sec-fetch-site']
  const from = headers.origin
  if (site === undefined) return from === origin
  return site === 'same-origin' && (from === undefined || from === 'null' || from === origin)
}

function plainly(response: ServerResponse, status: number, words: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(`${words}\n`)
}

function linksOf({ urls, auth, next }: Plan): RoomLinks {
  const notice = auth.apps === 'disabled' ? stories.disabled : undefined
  return {
    mail: `${urls.mail}/`,
    calendar: `${urls.calendar}/`,
    devices: `${urls.mail}/devices`,
    next: next === undefined ? undefined : `${urls.next}/`,
    notice,
  }
}
