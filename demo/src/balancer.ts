import { type IncomingMessage, type RequestListener, request, type ServerResponse } from 'node:http'

/** Hands each request to the next of an app's processes, as a load balancer does that keeps nobody with one of them. */
export function balance(ports: readonly number[]): RequestListener {
  let turn = 0
  return (incoming, outgoing) => {
    passOn(incoming, outgoing, ports[turn % ports.length] as number)
    turn += 1
  }
}

/** As it came, `Host` included: an app's own origin is configured, never guessed. */
function passOn(incoming: IncomingMessage, outgoing: ServerResponse, port: number): void {
  const { method, url, rawHeaders } = incoming
  const headers = passable(rawHeaders)
  const onward = request({ host: '127.0.0.1', port, method, path: url, headers, agent: false }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.statusMessage, passable(answer.rawHeaders))
    // Streams go through as they come; who leaves takes the other side along.
    answer.pipe(outgoing)
    answer.on('error', () => outgoing.destroy())
  })
  onward.on('error', () => {
    if (outgoing.headersSent) return outgoing.destroy()
    outgoing.writeHead(502, { 'content-type': 'text/plain' }).end('This process does not answer.')
  })
  outgoing.on('close', () => onward.destroy())
  incoming.pipe(onward)
}

/** Those that are about the connection stay with it. Names and values in turns. */
const ofTheConnection: readonly string[] = ['connection', 'keep-alive', 'proxy-connection', 'upgrade']

function passable(raw: readonly string[]): string[] {
  return raw.filter((_, at) => !ofTheConnection.includes((raw[at - (at % 2)] as string).toLowerCase()))
}
