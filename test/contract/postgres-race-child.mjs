// One of two processes that do the same at the same time, and say what came of it as one line of JSON.
// Arguments: the compiled store, the port, the schema, this process's name.
import { writeSync } from 'node:fs'
import pg from 'pg'

const [storeModule, port, schema, name] = process.argv.slice(2)
const { postgresStore } = await import(storeModule)
const pool = new pg.Pool({ host: '127.0.0.1', port: Number(port), user: 'postgres', database: 'postgres', max: 4 })
const store = postgresStore(pool, { schema })
const who = { iss: 'https://op.example', client: 'app' }
const signIn = 1_000_000_000

await store.open({
  absoluteSeconds: 4000,
  idleSeconds: 2000,
  endedSeconds: 600,
  reauthSeconds: 9000,
  accessTokenSeconds: 300,
})
writeSync(1, 'ready\n')
await new Promise((resolve) => process.stdin.once('data', resolve))

const login = async (sub, id) => {
  const session = { id, ...who, sub, signedInAt: signIn, sealed: new Uint8Array([1]), tokens: [] }
  const answer = await store.create({ ...session, liveSeconds: 1000, endsBy: 'absolute' })
  return answer === 'created' ? [id] : []
}

const [created, ended, won] = [[], [], []]
for (let round = 0; round < 40; round++) {
  const sub = `person ${round}`
  const logins = () => Array.from({ length: 3 }, (_, index) => login(sub, `${name}-${round}-${index}`))
  const [first, { records }] = await Promise.all([
    Promise.all(logins()),
    store.end({ by: 'sub', ...who, sub, before: signIn }, 'backchannel'),
    store.claim(`key ${round}`, 1000).then((mine) => mine && won.push(round)),
  ])
  created.push(...first.flat())
  ended.push(...records.filter(({ repeated }) => !repeated).map(({ id }) => id))
}

await login('shared', 'shared')
let updated = 0
for (let attempt = 0; attempt < 60; attempt++) {
  const { revision } = await store.get('shared')
  if ((await store.update('shared', revision, { sealed: new Uint8Array([attempt]) })) === 'updated') updated++
}
writeSync(1, `${JSON.stringify({ created, ended, won, updated })}\n`)
await store.close()
await pool.end()
