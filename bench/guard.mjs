// The guard against what most services do: `jose.jwtVerify` with a local key on each request. Same tokens, same order,
// turn by turn; the guard follows a feed of 100 000 marks meanwhile. And what those marks cost in memory.
// `node bench/guard.mjs`, or `benchGuard()` from bench/main.mjs.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createGuard } from 'endsession/guard'
import { fakeProvider } from 'endsession/testing'
import { createLocalJWKSet, jwtVerify } from 'jose'

const tokensInAll = 10_000
const marksInAll = 100_000
const rounds = 30
const perRound = 2_000
const audience = 'https://api.example'
const key = 'the key of a guard, thirty-two bytes or more'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc')

/** An answer of the feed: a snapshot of marks that cover nobody, as an app sends it; then nothing new, ever. */
function* snapshot(issuer, count) {
  yield { mode: 'enabled', clients: [[issuer, 'app']], now: 0, snapshot: true }
  for (let number = 0; number < count; number++) {
    const hash = Buffer.from(`mark ${number} of the benchmark, 32 bytes`).subarray(0, 32).toString('base64url')
    const kind = number % 2 ? { tokens: [hash] } : { tokens: [], sid: hash, before: 1 }
    yield { position: `e.${count}`, cause: 'user', until: 9e9, ...kind }
  }
  yield { position: `e.${count}`, complete: true }
}

function feedOf(issuer, count) {
  return async (url) => {
    const asked = new URL(url)
    if (asked.searchParams.get('after') !== null)
      await new Promise((resolve) => setTimeout(resolve, 1_000 * Number(asked.searchParams.get('wait'))))
    const first = asked.searchParams.get('after') === null
    const values = first
      ? snapshot(issuer, count)
      : [
          { mode: 'enabled', clients: [[issuer, 'app']], now: 0, snapshot: false },
          { position: `e.${count}`, complete: true },
        ]
    return new Response(ReadableStream.from(linesOf(values)))
  }
}

function* linesOf(values) {
  const encoder = new TextEncoder()
  for (const value of values) yield encoder.encode(`${JSON.stringify(value)}\n`)
}

function guardOf(provider, marks) {
  const feed = feedOf(provider.issuer, marks)
  return createGuard({
    issuer: provider.issuer,
    audience,
    feed: { url: 'https://mail.example/auth/feed', name: 'bench', key },
    runtime: {
      fetch: (input, init) =>
        String(input).startsWith('https://mail.example') ? feed(input) : provider.fetch(input, init),
    },
  })
}

const requestOf = (token) => new Request('https://api.example/', { headers: { authorization: `Bearer ${token}` } })

async function speed(algorithm) {
  const provider = fakeProvider({ algorithm })
  const now = Math.floor(Date.now() / 1000)
  const sign = (jti) =>
    provider.sign(
      {
        iss: provider.issuer,
        aud: audience,
        sub: `person ${jti}`,
        sid: `session ${jti}`,
        client_id: 'app',
        jti,
        iat: now,
        exp: now + 3_600,
      },
      { typ: 'at+jwt' },
    )
  const tokens = []
  for (let jti = 0; jti < tokensInAll; jti++) tokens.push(await sign(jti))
  const requests = tokens.map(requestOf)
  const keys = createLocalJWKSet(await (await provider.fetch(`${provider.issuer}/jwks`)).json())
  const guard = guardOf(provider, marksInAll)

  const viaGuard = async (place) => {
    const checked = await guard.check(requests[place])
    if (!checked.ok) throw new Error(`the guard refuses: ${checked.why}`)
  }
  const viaJose = (place) => jwtVerify(tokens[place], keys, { issuer: provider.issuer, audience, typ: 'at+jwt' })

  const began = performance.now()
  for (let place = 0; place < tokensInAll; place++) await viaGuard(place)
  const first = (1_000 * (performance.now() - began)) / tokensInAll
  const turn = async (work) => {
    const places = Array.from({ length: perRound }, () => Math.floor(Math.random() * tokensInAll))
    const start = performance.now()
    for (const place of places) await work(place)
    return (1_000 * (performance.now() - start)) / perRound
  }
  const times = { guard: [], jose: [] }
  for (let round = 0; round < rounds; round++) {
    times.guard.push(await turn(viaGuard))
    times.jose.push(await turn(viaJose))
  }
  await guard.close()
  const [guardTime, joseTime] = [median(times.guard), median(times.jose)]
  return { algorithm, first, guard: guardTime, jose: joseTime, ratio: joseTime / guardTime }
}

async function memory() {
  const provider = fakeProvider()
  const used = () => {
    collectGarbage()
    collectGarbage()
    return process.memoryUsage().heapUsed
  }
  const before = used()
  const guard = guardOf(provider, marksInAll)
  await guard.check(requestOf('x'))
  await new Promise((resolve) => setTimeout(resolve, 100))
  const megabytes = (used() - before) / 1e6
  await guard.close()
  return megabytes
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]

/** Microseconds per check (median of the rounds), how many times faster, and MB per 100 000 marks. */
export async function benchGuard(say) {
  say('Guard: checks of distinct tokens, then memory')
  return { speed: [await speed('ES256'), await speed('RS256')], megabytesPer100000Marks: await memory() }
}

const least = 5

export function describeGuard({ speed: rows, megabytesPer100000Marks }) {
  return {
    title: 'Guard checks',
    lines: [
      `${tokensInAll} distinct tokens in random order, ${marksInAll} marks followed.`,
      ...rows.map(
        ({ algorithm, first, guard, jose, ratio }) =>
          `${algorithm}  guard ${guard.toFixed(1)} µs (first time ${first.toFixed(0)}); jose.jwtVerify ${jose.toFixed(1)}; ${ratio.toFixed(1)}×  target at least ${least}×${ratio < least ? '  MISSED' : ''}`,
      ),
      `memory for 100 000 marks: ${megabytesPer100000Marks.toFixed(1)} MB`,
    ],
  }
}
