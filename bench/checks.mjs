import { decode, encode } from '@auth/core/jwt'
import { memoryStore } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { sealData, unsealData } from 'iron-session'
import { EncryptJWT, jwtDecrypt } from 'jose'
import { makeApp } from './app.mjs'
import { openDatabase } from './database.mjs'

const sessions = 10_000
const ours = { memory: 'endsession, memory', sqlite: 'endsession, sqlite' }
const theirs = { nextAuth: 'next-auth 5, JWT', iron: 'iron-session', jwe: 'JWE A256GCM' }
const secret = 'a secret of thirty-two bytes or more'
const salt = 'authjs.session-token'

/** Who is signed in, from a cookie: 10 000 sessions in random order. */
export async function checkContenders(say) {
  const { database, driver, close } = await openDatabase()
  const [memoryItself, sqliteItself] = [memoryStore(), sqliteStore(database)]
  const memory = await signIn(memoryItself, say)
  const sqlite = await copied(memory, memoryItself, sqliteItself, say, driver)
  // Each once: who is at work has been here before.
  for (const request of memory.requests) for (const app of [memory.endsession, sqlite]) await app.session(request)
  say(`  sealing ${sessions} cookies of each kind`)
  const content = { sub: 'alice', name: 'Alice Example', email: 'alice@mail.example', ...memory.tokens }
  const key = new Uint8Array(32).fill(7)
  const cookies = { nextAuth: [], iron: [], jwe: [] }
  for (let number = 0; number < sessions; number++) {
    const token = { ...content, sub: `person ${number}` }
    // The dearest to make are made for every tenth: what they cost to open does not hang on which one it is.
    if (number % 10 === 0) cookies.nextAuth.push(await encode({ token, secret, salt }))
    if (number % 10 === 0) cookies.iron.push(await sealData(token, { password: secret }))
    cookies.jwe.push(await new EncryptJWT(token).setProtectedHeader({ alg: 'dir', enc: 'A256GCM' }).encrypt(key))
  }
  const proven = async (name, operate) => {
    if (!(await operate())) throw new Error(`${name} opens nothing`)
    return { name, operate }
  }
  return {
    contenders: [
      await proven(ours.memory, () => memory.endsession.session(any(memory.requests))),
      await proven(ours.sqlite, () => sqlite.session(any(memory.requests))),
      await proven(theirs.nextAuth, () => decode({ token: any(cookies.nextAuth), secret, salt })),
      await proven(theirs.iron, () => unsealData(any(cookies.iron), { password: secret })),
      await proven(theirs.jwe, () => jwtDecrypt(any(cookies.jwe), key)),
    ],
    targets: [
      { ours: ours.memory, theirs: theirs.nextAuth, least: 100 },
      { ours: ours.sqlite, theirs: theirs.nextAuth, least: 30 },
      ...[theirs.iron, theirs.jwe].flatMap((other) =>
        [ours.memory, ours.sqlite].map((mine) => ({ ours: mine, theirs: other })),
      ),
    ],
    notes: [
      `${sessions} sessions in random order; sqlite is ${driver}, a file with synchronous=FULL.`,
      `Cookies with three tokens: next-auth ${any(cookies.nextAuth).length} bytes, iron-session ${any(cookies.iron).length}, JWE ${any(cookies.jwe).length}; ours ${memory.cookieBytes}.`,
    ],
    async close() {
      await memory.endsession.close()
      await sqlite.close()
      close()
    },
  }
}

async function signIn(store, say) {
  const { origin, endsession, provider, login } = makeApp(store)
  say(`  signing in ${sessions} people`)
  const cookies = []
  for (let number = 0; number < sessions; number += 50)
    cookies.push(...(await Promise.all(Array.from({ length: 50 }, (_, at) => login(`person ${number + at}`)))))
  // A request is the host's to make, whoever checks it.
  const requests = cookies.map((cookie) => new Request(`${origin}/`, { headers: { cookie } }))
  const session = await endsession.session(requests[0])
  const access = await endsession.accessToken(session)
  const idToken = await provider.sign({ iss: provider.issuer, sub: session.sub, ...session.claims })
  const tokens = { id_token: idToken, access_token: access.token.padEnd(900, 'x'), refresh_token: 'r'.repeat(100) }
  return { endsession, requests, tokens, cookieBytes: cookies[0].length }
}

/** The same sessions in another store: the same secret opens them. */
async function copied({ endsession, requests }, from, to, say, driver) {
  say(`  copying them to ${driver}`)
  const app = makeApp(to)
  await app.endsession.ready()
  for (let at = 0; at < requests.length; at += 200) {
    const batch = requests.slice(at, at + 200).map(async (request) => {
      const {
        openedAt: _,
        seenAt,
        expiresAt,
        revision,
        ...session
      } = await from.get((await endsession.session(request)).id)
      await to.create(session)
    })
    await Promise.all(batch)
  }
  return app.endsession
}

function any(list) {
  return list[Math.floor(Math.random() * list.length)]
}
