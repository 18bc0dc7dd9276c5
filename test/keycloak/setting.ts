/** Two apps of one Keycloak, as people would write them, and what a test wants to know of both. */
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createEndSession, type EndSession, type Event, memoryStore, type Options, type Store } from 'endsession'
import { type KeycloakServer, startKeycloak } from '../../servers/src/keycloak.ts'

export type AppName = 'mail' | 'calendar'

export interface App {
  readonly name: AppName
  readonly origin: string
  readonly endsession: EndSession
  readonly store: Store
  readonly events: readonly Event[]
  /** Form bodies that came to its back-channel, in their order: the logout tokens. */
  readonly told: readonly string[]
  /** What Keycloak's token endpoint has handed out, in its order. */
  readonly granted: readonly Granted[]
  /** Calls an endpoint of the realm as this client. */
  ask(endpoint: 'token' | 'revoke', fields: Readonly<Record<string, string>>): Promise<Response>
}

export interface Granted {
  readonly id_token: string
  readonly access_token: string
  readonly refresh_token: string
}

export interface Setting {
  readonly keycloak: KeycloakServer
  /** The app anew, with an empty store and these options over the usual ones. */
  open(name: AppName, options?: Partial<Options>, provider?: Partial<Options['providers'][string]>): Promise<App>
  /** Everything as it was before the test, the sessions at Keycloak included. */
  clear(): Promise<void>
  close(): Promise<void>
}

const secrets = { mail: 'a secret of mail at Keycloak', calendar: 'a secret of calendar at Keycloak' } as const

export const api = 'http://api.localhost'

/** Asks Keycloak afterwards. */
export const probing = { logout: { probe: 'where_it_proves' } } as const

export async function makeSetting(): Promise<Setting> {
  const places = { mail: await listen(), calendar: await listen() } as const
  const keycloak = await startKeycloak({
    variables: {
      MAIL_URL: `http://mail.localhost:${places.mail.port}`,
      MAIL_BACKCHANNEL_URL: `http://localhost:${places.mail.port}`,
      MAIL_SECRET: secrets.mail,
      CALENDAR_URL: `http://calendar.localhost:${places.calendar.port}`,
      CALENDAR_BACKCHANNEL_URL: `http://localhost:${places.calendar.port}`,
      CALENDAR_SECRET: secrets.calendar,
      API_URL: api,
    },
  })
  const opened: EndSession[] = []

  return {
    keycloak,
    async open(name, options = {}, provider = {}) {
      const origin = `http://${name}.localhost:${places[name].port}`
      const events: Event[] = []
      const told: string[] = []
      const granted: Granted[] = []
      const store = options.store ?? memoryStore()
      const endsession = createEndSession({
        baseUrl: origin,
        secret: 'a secret of thirty-two bytes or more',
        store,
        unsafeLossyStore: true,
        providers: {
          example: {
            issuer: keycloak.issuer,
            clientId: name,
            clientSecret: secrets[name],
            profile: { name: 'keycloak' },
            ...provider,
          },
        },
        onEvent: (event) => void events.push(event),
        runtime: {
          async fetch(input, init) {
            const answer = await fetch(input, init)
            if (answer.ok && String(input).endsWith('/protocol/openid-connect/token'))
              granted.push((await answer.clone().json()) as Granted)
            return answer
          },
        },
        ...options,
      })
      opened.push(endsession)
      places[name].serve(endsession, origin, told)
      await endsession.ready()
      return {
        ...{ name, origin, endsession, store, events, told, granted },
        ask: (endpoint, fields) =>
          fetch(`${keycloak.issuer}/protocol/openid-connect/${endpoint}`, {
            method: 'POST',
            body: new URLSearchParams({ client_id: name, client_secret: secrets[name], ...fields }),
          }),
      }
    },
    async clear() {
      for (const endsession of opened.splice(0)) await endsession.close()
      for (const realm of ['example', 'acme']) await keycloak.admin('POST', `/${realm}/logout-all`)
    },
    async close() {
      for (const endsession of opened.splice(0)) await endsession.close()
      await keycloak.close()
      for (const { server } of Object.values(places)) {
        server.closeAllConnections()
        await new Promise((resolve) => server.close(resolve))
      }
    },
  }
}

interface Place {
  readonly port: number
  readonly server: Server
  serve(endsession: EndSession, origin: string, told: string[]): void
}

/** An address that stays, for apps that come and go: Keycloak knows it from its start. */
async function listen(): Promise<Place> {
  let answer = (_request: Request): Promise<Response> => Promise.resolve(new Response('no app', { status: 503 }))
  const server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = []
    for await (const chunk of incoming) chunks.push(chunk)
    const { method = 'GET', headers, url } = incoming
    const request = new Request(`http://${headers.host}${url}`, {
      method,
      headers: headers as Record<string, string>,
      ...(chunks.length > 0 && { body: Buffer.concat(chunks) }),
    })
    const response = await answer(request).catch(({ status = 500, message }) => new Response(message, { status }))
    for (const [key, value] of response.headers) outgoing.appendHeader(key, value)
    outgoing.writeHead(response.status).end(Buffer.from(await response.arrayBuffer()))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    server,
    serve(endsession, _origin, told) {
      answer = async (request) => {
        if (request.url.endsWith('/auth/backchannel-logout')) told.push(await request.clone().text())
        const own = await endsession.handle(request)
        return own ?? endsession.protect(request, ({ sub }) => new Response(`Hello ${sub}`))
      }
    },
  }
}
