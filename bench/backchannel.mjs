import { memoryStore } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { createLocalJWKSet, jwtVerify } from 'jose'
import { makeApp } from './app.mjs'
import { openDatabase } from './database.mjs'

const ours = { memory: 'endsession, memory', sqlite: 'endsession, sqlite' }
const bare = 'jose.jwtVerify alone'
const handler = 'a handler that only verifies'
/** So many at once, as a provider sends them when an admin signs many people out. */
const inFlight = 64
const perTurn = 256

/** From the POST to the 200: each token is used once, and is verified by jose alone in the next turn. */
export async function backchannelContenders(say) {
  const { database, driver, close } = await openDatabase()
  const memory = await makeApp(memoryStore(), { revocation: 'none' })
  const sqlite = await makeApp(sqliteStore(database), { revocation: 'none' })
  say(`  one login each, so that keys are there`)
  for (const app of [memory, sqlite]) await app.login('somebody')
  const jwks = await memory.provider.fetch(`${memory.provider.issuer}/jwks`).then((response) => response.json())
  const keys = createLocalJWKSet(jwks)

  let made = 0
  /** Half of the tokens find a live session. */
  const tokensFor = (app, alive) => async () => {
    const people = Array.from({ length: perTurn }, () => `person ${++made}`)
    if (alive) for (const sub of people.filter((_, at) => at % 2 === 0)) await app.login(sub)
    return Promise.all(people.map((sub) => app.provider.logoutToken({ sub, sid: `sid of ${sub}` })))
  }
  const inBatches = (work) => async (tokens) => {
    for (let at = 0; at < tokens.length; at += inFlight) await Promise.all(tokens.slice(at, at + inFlight).map(work))
    return tokens.length
  }
  const send = (handle) =>
    inBatches(async (token) => {
      const body = `logout_token=${token}`
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      const answer = await handle(
        new Request(`${memory.origin}/auth/backchannel-logout`, { method: 'POST', headers, body }),
      )
      if (answer.status !== 200) throw new Error(`a logout token was answered ${answer.status}`)
    })
  const { issuer, clientId: audience } = memory.provider
  const verify = (token) => jwtVerify(token, keys, { issuer, audience })
  return {
    contenders: [
      { name: ours.memory, prepare: tokensFor(memory, true), operate: send(memory.endsession.handle) },
      { name: ours.sqlite, prepare: tokensFor(sqlite, true), operate: send(sqlite.endsession.handle) },
      {
        name: handler,
        prepare: tokensFor(memory, false),
        operate: send(async (request) => {
          await verify(new URLSearchParams(await request.text()).get('logout_token'))
          return new Response(null, { headers: { 'cache-control': 'no-store' } })
        }),
      },
      { name: bare, prepare: tokensFor(memory, false), operate: inBatches(verify) },
    ],
    targets: [
      { ours: ours.sqlite, theirs: bare, least: 0.7 },
      { ours: ours.memory, theirs: bare },
      { ours: handler, theirs: bare },
    ],
    notes: [
      `ES256, ${inFlight} in flight; every token is used once, every second one finds a live session. sqlite is ${driver}.`,
      'Without revocation, which goes on after the answer and is the network.',
    ],
    async close() {
      await memory.endsession.close()
      await sqlite.endsession.close()
      close()
    },
  }
}
