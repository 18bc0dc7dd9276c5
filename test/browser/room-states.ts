import type { Layer } from 'endsession'
import type { Exchange, Lane, RoomLinks, RoomState, Storey, WhatIf, WhatIfId } from '../../demo/src/room/state.ts'

/** Moments of the control room, made up. The page is shown with them as it would be with the real ones. */

export const links: RoomLinks = {
  mail: 'http://mail.localhost:4101/',
  calendar: 'http://calendar.localhost:4102/',
  devices: 'http://mail.localhost:4101/devices',
  next: 'http://next.localhost:4106/',
  notice: undefined,
}

const places: readonly (readonly [layer: Layer, name: string, question: string])[] = [
  ['browser', 'Ana’s browser', 'Does her own browser still open Mail?'],
  ['app', 'Mail', 'Does Mail know a copied cookie?'],
  ['tokens', 'Mail’s refresh token', 'Does a copied refresh token get new keys?'],
  ['services', 'The API next door', 'Does the API take a copied access token?'],
  ['peers', 'Calendar, the other app', 'Is the other app still signed in?'],
  ['provider', 'Example ID, the login service', 'Does “Log in” get in without a question?'],
  ['upstream', 'Acme, her company', 'Does the company behind it still know her?'],
]

const answers: Readonly<Record<Layer, readonly [open: string, shut: string]>> = {
  browser: ['GET mail.localhost/ → 200, “Ana’s inbox”', 'GET mail.localhost/ → 200, “You are signed out”'],
  app: [
    'GET mail.localhost/ with a copied cookie → 200, “Ana’s inbox”',
    'GET mail.localhost/ → 200, “You are signed out”',
  ],
  tokens: ['POST provider.localhost/token → 200, new tokens', 'POST provider.localhost/token → 400, invalid_grant'],
  services: ['GET api.localhost/messages → 200, 3 messages', 'GET api.localhost/messages → 401, session_ended'],
  peers: ['GET calendar.localhost/ → 200, “Ana’s week”', 'GET calendar.localhost/ → 200, “You are signed out”'],
  provider: ['the provider’s store → a session of Ana', 'the provider’s store → no session'],
  upstream: ['Acme’s store → a session of Ana', 'Acme’s store → no session'],
}

const claims: Readonly<Record<Layer, Storey['says']>> = {
  browser: { word: 'ended', sentence: 'The answer removed every cookie of this login from this browser.' },
  app: { word: 'ended', sentence: 'The store ended the session; a copied cookie is refused from now on.' },
  tokens: { word: 'ended', sentence: 'The provider confirmed that the refresh token is revoked.' },
  services: {
    word: 'ended',
    sentence: 'Every service that follows has confirmed that it refuses these tokens (guard api).',
  },
  peers: { word: 'requested', sentence: 'The provider was asked to tell the other apps of this login.' },
  provider: { word: 'ended', sentence: 'Asked afterwards, the provider wanted a login.' },
  upstream: {
    word: 'unknown',
    sentence: 'Nobody can see whether a login behind the provider lives on; the next login asks for the login screen.',
  },
}

function makeStorey(layer: Layer, fill: Partial<Storey>): Storey {
  const [, name = '', question = ''] = places.find(([known]) => known === layer) ?? []
  return { layer, name, question, window: 'empty', says: undefined, is: undefined, lie: undefined, ...fill }
}

const all = (fill: (layer: Layer) => Partial<Storey>) => places.map(([layer]) => makeStorey(layer, fill(layer)))
const open = (layer: Layer): Partial<Storey> => ({
  window: 'lit',
  is: { observed: 'alive', answer: answers[layer][0] },
})
const shut = (layer: Layer): Partial<Storey> => ({
  window: 'dark',
  is: { observed: 'over', answer: answers[layer][1] },
})

export function makeExchange(
  id: number,
  during: string,
  from: Lane,
  to: Lane,
  label: string,
  status: number,
): Exchange {
  const [method = 'GET', path = '/'] = label.split(' ')
  return {
    id,
    from,
    to,
    during,
    label,
    status,
    meaning: meanings[label] ?? '',
    refused: status >= 400,
    request: {
      line: `${method} ${path}${path.includes('authorize') ? '?client_id=mail&response_type=code&code_challenge=vVv…' : ''} HTTP/1.1`,
      headers: [
        ['host', `${to}.localhost:4101`],
        ['cookie', 'endsession=… (Ana’s session at Mail)'],
        ['accept', 'text/html'],
      ],
      body: method === 'POST' ? 'id_token_hint=eyJ… (ID token, Ana, mail)&state=…' : '',
    },
    response: { line: `HTTP/1.1 ${status}`, headers: [['content-type', 'text/html']], body: '<h1>Ana’s inbox</h1>' },
  }
}

const meanings: Readonly<Record<string, string>> = {
  'GET /': 'opens Mail',
  'GET /auth/login': 'asks for the login screen',
  'POST /login': 'types the password',
  'POST /token': 'swaps the code for tokens',
  'GET /auth/callback': 'comes back with a code',
  'POST /auth/backchannel-logout': 'says that this login is over',
  'POST /auth/logout': 'presses “Log out”',
}

const logIn = '1 Log in as Ana'
const usual = '2 Log out the usual way'
const retry = '3 Try to get back in'

const loggingIn = [
  makeExchange(1, logIn, 'laptop', 'mail', 'GET /', 200),
  makeExchange(2, logIn, 'laptop', 'mail', 'GET /auth/login', 302),
  makeExchange(3, logIn, 'laptop', 'provider', 'GET /authorize', 303),
  makeExchange(4, logIn, 'laptop', 'acme', 'GET /authorize', 303),
  makeExchange(5, logIn, 'laptop', 'acme', 'POST /login', 303),
  makeExchange(6, logIn, 'laptop', 'provider', 'GET /acme/callback', 303),
  makeExchange(7, logIn, 'provider', 'acme', 'POST /token', 200),
  makeExchange(8, logIn, 'laptop', 'mail', 'GET /auth/callback', 303),
  makeExchange(9, logIn, 'mail', 'provider', 'POST /token', 200),
  makeExchange(10, logIn, 'laptop', 'mail', 'GET /', 200),
  makeExchange(11, logIn, 'mail', 'api', 'GET /messages', 200),
]
const gettingBackIn = [
  makeExchange(12, usual, 'laptop', 'mail', 'POST /usual-logout', 303),
  makeExchange(13, usual, 'laptop', 'mail', 'GET /', 200),
  makeExchange(14, retry, 'thief', 'mail', 'GET /', 200),
  makeExchange(15, retry, 'thief', 'api', 'GET /messages', 200),
  makeExchange(16, retry, 'laptop', 'mail', 'GET /auth/login', 302),
  makeExchange(17, retry, 'laptop', 'provider', 'GET /authorize', 303),
  makeExchange(18, retry, 'laptop', 'mail', 'GET /auth/callback', 303),
  makeExchange(19, retry, 'laptop', 'mail', 'GET /', 200),
]
const ending = [
  makeExchange(20, '4 Log out with endsession', 'laptop', 'mail', 'POST /auth/logout', 200),
  makeExchange(21, '4 Log out with endsession', 'provider', 'calendar', 'POST /auth/backchannel-logout', 200),
  makeExchange(22, '4 Log out with endsession', 'provider', 'mail', 'POST /auth/backchannel-logout', 200),
  makeExchange(23, '4 Log out with endsession', 'mail', 'provider', 'POST /token/revocation', 200),
  makeExchange(24, '5 Try to get back in', 'thief', 'mail', 'GET /', 401),
  makeExchange(25, '5 Try to get back in', 'thief', 'api', 'GET /messages', 401),
  makeExchange(26, '5 Try to get back in', 'phone', 'mail', 'GET /', 200),
]

const names: Readonly<Record<WhatIfId, string>> = {
  'second-device': 'Ana logs in on her phone, too',
  'end-all-devices': 'Ana ends all her devices',
  'admin-ends': 'An administrator ends her',
  'provider-down': 'Example ID is down',
  'provider-slow': 'Example ID is slow',
  decline: 'She says “No, stay signed in”',
  'logout-token-late': 'The logout message comes late',
  'logout-token-twice': 'The logout message comes twice',
  'guard-stopped': 'The API’s guard stands still',
  'upstream-stays': 'Acme keeps her signed in',
}
const switches: readonly WhatIfId[] = ['provider-down', 'provider-slow', 'decline', 'guard-stopped', 'upstream-stays']

const whatIfs = (Object.keys(names) as WhatIfId[]).map(
  (id): WhatIf => ({
    id,
    name: names[id],
    about: 'What has ended here stays ended; the report does not claim what nobody has confirmed.',
    kind: switches.includes(id) ? 'switch' : 'act',
    on: id === 'provider-slow',
    unavailable: id === 'end-all-devices' ? 'nobody is logged in.' : undefined,
  }),
)

const start: RoomState = {
  revision: 1,
  step: 0,
  busy: undefined,
  headline: 'Nobody is logged in yet',
  story: 'Seven places keep a login. Press 1: Ana logs in, and you will see the light go on in each of them.',
  storeys: all(() => ({})),
  film: [],
  whatIfs,
  screen: undefined,
  problem: undefined,
}

const loggedIn: RoomState = {
  ...start,
  revision: 2,
  step: 1,
  headline: '7 of 7 open',
  story: 'Ana is logged in. One login lives in seven places, and a key to each of them can be copied.',
  storeys: all(open),
  film: loggingIn,
  screen: { title: 'Ana’s inbox', address: 'mail.localhost:4101/' },
}

const usualLies: Storey['says'] = { word: 'signed out', sentence: 'Mail’s page: “You are signed out”.' }

const usualOut: RoomState = {
  ...loggedIn,
  revision: 3,
  step: 3,
  headline: '6 of 7 still open',
  story:
    'Mail has deleted its cookie in Ana’s browser, and says that she is signed out. A thief with copies still gets in everywhere else, and one click on “Log in” lets anybody at her desk back in.',
  storeys: all((layer) =>
    layer === 'browser'
      ? { ...shut(layer), says: usualLies }
      : { ...open(layer), says: usualLies, lie: 'It says “signed out”, and a copied key still opens it.' },
  ),
  film: [...loggingIn, ...gettingBackIn],
}

const over: RoomState = {
  ...usualOut,
  revision: 4,
  step: 5,
  headline: '0 doors open. 1 we can’t see.',
  story:
    'Every key that was copied is dead, and “Log in” asks who is there. What nobody can see is said to be unknown.',
  storeys: all((layer) => ({
    ...(layer === 'upstream'
      ? { window: 'unseen', is: { observed: 'not seen', answer: 'nobody asked' } }
      : shut(layer)),
    says: claims[layer],
  })),
  film: [...loggingIn, ...gettingBackIn, ...ending],
  screen: { title: 'You are signed out of Mail', address: 'mail.localhost:4101/auth/logged-out' },
}

/** Everything as long as it may be, everything wrong at once. */
const worst: RoomState = {
  ...over,
  revision: 5,
  step: 4,
  busy: 'A thief tries every key that was ever copied, one after the other…',
  headline: '7 of 7 still open, and nobody has noticed yet',
  story: `${usualOut.story} And then some more was to be said here, for two lines.`,
  storeys: places.map(([layer], at) =>
    makeStorey(layer, {
      ...open(layer),
      says: { word: at % 2 ? 'ended' : 'impossible', sentence: claims.upstream?.sentence ?? '' },
      is: {
        observed: 'alive',
        answer: 'GET calendar.localhost:54103/auth/session → 200, “Somebody with a very long name’s inbox”',
      },
      lie: 'It was called ended, and yet a copied key still opens this door: that must not be.',
    }),
  ),
  problem: 'Calendar did not answer within three seconds: what is shown here may be older than it looks.',
}

/** With the Next.js app, and Ana's phone: the film has all its lanes. */
const withJobs: RoomState = {
  ...usualOut,
  revision: 6,
  storeys: usualOut.storeys.map((storey) =>
    storey.layer === 'peers'
      ? {
          ...storey,
          name: 'Calendar and Jobs',
          question: 'Is she still in at one of them?',
          is: {
            observed: 'alive',
            answer: 'With copied cookies: Calendar → “Ana’s week”, Jobs → “Jobs of Ana”',
          },
        }
      : storey,
  ),
  film: [
    ...over.film,
    makeExchange(27, '5 Try to get back in', 'laptop', 'next', 'POST /', 303),
    makeExchange(28, '5 Try to get back in', 'provider', 'next', 'POST /backchannel-logout', 200),
  ],
}

export const states = { start, loggedIn, usualOut, over, worst, withJobs }
