import { redisStore } from 'endsession/redis'
import { neededRedis, redisServers } from 'endsession-servers/redis'

const limits = {
  absoluteSeconds: 604_800,
  idleSeconds: 86_400,
  endedSeconds: 600,
  reauthSeconds: 2_592_000,
  accessTokenSeconds: 86_400,
}
const batch = 500

/** Bytes that Redis keeps for each session, and for each mark that an end leaves: flat, or does it grow with their number? */
export async function measureRedisSize(say, sizes) {
  if (neededRedis.meta) return { missing: neededRedis.meta.leftOut }
  const kinds = [
    { name: 'a session without tokens', make: (store, number) => signIn(store, number, 250, 0) },
    { name: 'a session with three tokens', make: (store, number) => signIn(store, number, 2_200, 1) },
    { name: 'a session that ended, its record settled and kept for 600 s', make: leaveRecord },
    { name: 'a mark with its feed entry', make: mark },
  ]
  const rows = []
  for (const kind of kinds) {
    rows.push(await measureKind(kind, sizes, say))
  }
  return { sizes, rows }
}

async function measureKind(kind, sizes, say) {
  // Nothing is written to disk: this is about memory.
  const servers = redisServers()
  const server = await servers.start({ appendonly: 'no' })
  const client = server.connect()
  try {
    const store = redisStore(client)
    await store.open(limits)
    const empty = await usedMemory(client)
    const bytes = []
    let made = 0
    for (const size of sizes) {
      say(`  ${kind.name}: ${size}`)
      while (made < size) {
        await Promise.all(Array.from({ length: Math.min(batch, size - made) }, () => kind.make(store, made++)))
      }
      bytes.push(Math.round(((await usedMemory(client)) - empty) / size))
    }
    await store.close()
    return { name: kind.name, bytes }
  } finally {
    await servers.clear()
  }
}

const [iss, client] = ['https://id.example/realms/people', 'mail']
const idOf = (number) => `0.${String(number).padStart(43, 'A')}`

function signIn(store, number, sealedBytes, tokens) {
  const hash = String(number).padStart(43, 'T')
  return store.create({
    id: idOf(number),
    iss,
    client,
    sub: `person-${number}`,
    sid: `session-${number}-of-the-provider`,
    signedInAt: 1_700_000_000,
    sealed: new Uint8Array(sealedBytes).fill(number),
    tokens: Array.from({ length: tokens }, () => ({ hash, expiresAt: Date.now() / 1000 + 3600 })),
    liveSeconds: 604_800,
    endsBy: 'absolute',
  })
}

async function leaveRecord(store, number) {
  await signIn(store, number, 250, 1)
  await store.end({ by: 'id', id: idOf(number), sid: true }, 'user')
  await store.settle(idOf(number))
}

/** An end of somebody who is not signed in here. */
function mark(store, number) {
  return store.end({ by: 'sub', iss, client, sub: `person-${number}` }, 'admin')
}

async function usedMemory(client) {
  const info = await client.info('memory')
  return Number(/used_memory:(\d+)/.exec(info)?.[1])
}

/** Nothing where there is no Redis. */
export function describeSize(measured) {
  if ('missing' in measured) return undefined
  const { sizes, rows } = measured
  const width = Math.max(...rows.map(({ name }) => name.length))
  const line = (name, values) => [name.padEnd(width), ...values.map((value) => value.padStart(11))].join(' ')
  return {
    title: 'Bytes in Redis',
    lines: [
      'Growth of used_memory for each; flat when the bytes stay the same from left to right, so that memory grows with their',
      'number and no faster: each has keys and index entries of its own, and nothing is kept about all of them together.',
      line(
        '',
        sizes.map((size) => size.toLocaleString('en')),
      ),
      ...rows.map(({ name, bytes }) => line(name, bytes.map(String))),
    ],
  }
}
