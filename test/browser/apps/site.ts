import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A server of a test's own, at a name under `.localhost`: to the browser each name is a site by itself. */
export interface Site {
  readonly name: string
  readonly origin: string
  /** What this process calls: browsers know names under `.localhost`, Node asks the system, and most do not know. */
  readonly serverUrl: string
  /** Every request so far, as the browser has sent it. */
  readonly requests: readonly IncomingMessage[]
  answerWith(listener: RequestListener): void
  /** From now on each request comes here first, and no farther unless it is passed on. */
  intercept(step: (request: IncomingMessage, response: ServerResponse, pass: () => void) => unknown): void
  close(): Promise<void>
}

export async function openSite(name: string): Promise<Site> {
  const requests: IncomingMessage[] = []
  let answer: RequestListener = (_request, response) => response.writeHead(503).end()
  let first: Parameters<Site['intercept']>[0] = (_request, _response, pass) => pass()
  const server = createServer((request, response) => {
    requests.push(request)
    first(request, response, () => answer(request, response))
  })
  const port = await listen(server)
  return {
    name,
    origin: `http://${name}.localhost:${port}`,
    serverUrl: `http://127.0.0.1:${port}`,
    requests,
    answerWith(listener) {
      answer = listener
    },
    intercept(step) {
      first = step
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}
