// One app process: `/` for people who are signed in, `/token` for their access token. Says its port by IPC.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { createEndSession, memoryStore } from 'endsession'
import { nodeAdapter } from 'endsession/node'
import { sqliteStore } from 'endsession/sqlite'

const { port = 0, database, issuer, keys = {}, clockSeconds = 0, options = {} } = JSON.parse(process.env.ROLE)
const now = () => Date.now() / 1000 + clockSeconds

function openStore() {
  if (!database) return memoryStore({ now })
  const Database = process.getBuiltinModule?.('node:sqlite')?.DatabaseSync ?? createRequire(import.meta.url)('libsql')
  return sqliteStore(new Database(database), { now })
}

const server = createServer((request, response) => {
  answer(request, response).catch((error) => response.writeHead(error.status ?? 500).end(String(error)))
})
await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve))
const origin = `http://127.0.0.1:${server.address().port}`
const endsession = createEndSession({
  baseUrl: origin,
  secret: 'a secret of thirty-two bytes or more',
  store: openStore(),
  unsafeLossyStore: true,
  providers: {
    example: { issuer, clientId: 'app', clientSecret: 'app-secret', profile: { revocationReach: 'token' } },
  },
  feed: { keys },
  runtime: { now },
  onEvent: (event) => process.send?.({ event: { ...event, error: undefined } }),
  ...options,
})
const routes = nodeAdapter(endsession)

async function answer(request, response) {
  if (await routes(request, response)) return
  const asked = new Request(origin + request.url, { headers: request.headers })
  if (request.url === '/token') {
    const session = await endsession.session(asked)
    response.setHeader('content-type', 'application/json')
    return response.end(
      JSON.stringify(session ? await endsession.accessToken(session) : { ok: false, why: 'signed_out' }),
    )
  }
  const page = await endsession.protect(asked, ({ sub }) => new Response(`Hello ${sub}`))
  response.writeHead(page.status, Object.fromEntries(page.headers))
  response.end(await page.text())
}

process.send({ url: origin })
