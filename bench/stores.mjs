import { makeApp } from './app.mjs'
import { openStores } from './open-stores.mjs'

/** So many at once, as when an admin signs many people out. */
const inFlight = 64
const perTurn = 256
const people = 2_000

/** Each store is asked for the same things, in turns: who is signed in, an end, a whole logout. */
export async function storeParts(say) {
  const stores = await openStores(say)
  const makeCookies = cookieMaker()
  const apps = []
  for (const { name, store } of stores) {
    say(`  ${name}: ${people} people sign in`)
    const { origin, endsession, login } = makeApp(store)
    const cookies = await makeCookies(login, people)
    const requests = cookies.map((cookie) => new Request(`${origin}/`, { headers: { cookie } }))
    apps.push({ name, store, origin, endsession, requests, next: () => makeCookies(login, perTurn) })
  }
  const [first, ...others] = apps.map(({ name }) => name)
  const part = (name, title, notes, operateOn) => ({
    name,
    title,
    notes,
    contenders: apps.map((app) => ({ name: app.name, ...operateOn(app) })),
    targets: others.map((theirs) => ({ ours: first, theirs })),
  })
  return {
    parts: [
      part(
        'check',
        'Session checks on each store',
        [`One at a time: endsession.session(request), ${people} sessions in random order.`],
        ({ endsession, requests }) => ({ operate: () => endsession.session(any(requests)) }),
      ),
      part('end-one', 'Ends on each store, one at a time', ['store.end by id, durable before it answers.'], (app) => ({
        prepare: () => sessionsOf(app),
        operate: oneByOne((session) => app.store.end({ by: 'id', id: session.id, sid: true }, 'user')),
      })),
      part('end-many', `Ends on each store, ${inFlight} in flight`, ['The same.'], (app) => ({
        prepare: () => sessionsOf(app),
        operate: inBatches((session) => app.store.end({ by: 'id', id: session.id, sid: true }, 'user')),
      })),
      part(
        'logout',
        `Logouts on each store, ${inFlight} in flight`,
        [
          'POST logout through endsession.handle(), with the revocation of its refresh token by a provider that is a function: no network.',
        ],
        (app) => ({ prepare: app.next, operate: inBatches((cookie) => logOut(app, cookie)) }),
      ),
    ],
    async close() {
      for (const { endsession } of apps) await endsession.close()
      for (const { close } of stores) await close()
    },
  }
}

async function logOut({ name, origin, endsession }, cookie) {
  const headers = { cookie, origin, 'content-type': 'application/x-www-form-urlencoded' }
  const answer = await endsession.handle(new Request(`${origin}/auth/logout`, { method: 'POST', headers, body: '' }))
  if (answer.status !== 200) throw new Error(`${name}: a logout was answered ${answer.status}`)
}

/** Live sessions to be ended, made outside of what is timed. */
async function sessionsOf({ endsession, origin, next }) {
  const cookies = await next()
  return Promise.all(cookies.map((cookie) => endsession.session(new Request(`${origin}/`, { headers: { cookie } }))))
}

/** Nobody signs in twice. */
function cookieMaker() {
  let made = 0
  return async (login, count) => {
    const cookies = []
    while (cookies.length < count) {
      const some = Array.from({ length: Math.min(50, count - cookies.length) }, () => login(`person ${++made}`))
      cookies.push(...(await Promise.all(some)))
    }
    return cookies
  }
}

function oneByOne(work) {
  return async (given) => {
    for (const one of given) await work(one)
    return given.length
  }
}

function inBatches(work) {
  return async (given) => {
    for (let at = 0; at < given.length; at += inFlight) await Promise.all(given.slice(at, at + inFlight).map(work))
    return given.length
  }
}

function any(list) {
  return list[Math.floor(Math.random() * list.length)]
}
