/**
 * The browser's side of a logout, for pages that are open: other tabs, the back button, what is left in storage. One file
 * without imports, so that an app without a bundler can serve it as it is.
 */

export interface WatchOptions {
  /** endsession's `basePath`. @default '/auth' */
  readonly path?: string | undefined
  /**
   * This page is shown to nobody who is signed out: when the first check finds nobody, the session has ended since the page
   * was made. Leave it out on pages that are for everybody. @default false
   */
  readonly signedIn?: boolean | undefined
  /**
   * Hear of an end at once, by one event stream for all tabs of this browser. Without it a tab asks when it is looked at.
   * @default true
   */
  readonly stream?: boolean | undefined
  /**
   * In place of leaving the page. The page is hidden when this is called, once: go somewhere else, or call `show` when
   * nothing private is left on it.
   */
  readonly onEnded?: ((show: () => void) => void) | undefined
  /** What to remove when this browser logs out, the session ends, or somebody else signs in. @default nothing */
  readonly wipe?: Wipe | undefined
}

/** Names; a `*` at the end stands for any rest: `'draft:*'`, `'*'`. */
export interface Wipe {
  readonly localStorage?: readonly string[]
  readonly sessionStorage?: readonly string[]
  /** Databases. Those named with a `*` only where the browser can list them. One that is open goes once it is closed. */
  readonly indexedDB?: readonly string[]
  /** Of the Cache API. */
  readonly caches?: readonly string[]
  /** These stay, whatever the other lists say. */
  readonly keep?: readonly string[]
}

interface Answer {
  readonly signedIn: boolean
  /** The same for all sessions of one person; tells nobody who that is. */
  readonly person?: string
}

const answerMilliseconds = 5_000
/** Looking at a tab again and again costs one check. */
const pauseMilliseconds = 5_000
/** What was asked so shortly before the stream was there is asked well enough. */
const freshMilliseconds = 500
/** After a refused stream, or a first check that was not answered. */
const retryMilliseconds = 60_000
/** While a form of this page is on its way: to leave now would break it off. */
const sendingMilliseconds = 30_000
/** Until the browser has the cookie of a login that has replaced this one. */
const loginMilliseconds = 2_000
const wipeMilliseconds = 2_000

/**
 * Leaves this page when its session ends: in another tab, on another device, at the provider, by time. Hides a page that
 * comes back out of the back-forward cache until its session has been checked. Tells the other tabs when a logout form of
 * this page is sent. A server that fails, or does not answer, signs nobody out. Answers how to stop.
 */
export function watchSession(options: WatchOptions = {}): () => void {
  const { path = '/auth', signedIn = false, stream = true, onEnded, wipe } = options
  const name = nameOf(path)
  const stopped = new AbortController()
  /** From the page's arrival to its going: in the back-forward cache it holds no connection, or it could not be there. */
  let visit = new AbortController()
  let phase: 'unsure' | 'watching' | 'over' = 'unsure'
  /** Whom this page was made for. */
  let person: string | undefined
  let askedAt = Number.NEGATIVE_INFINITY
  let sendingUntil = 0

  function on(type: string, listener: (event: never) => void, target: EventTarget = window): void {
    target.addEventListener(type, listener as EventListener, { signal: stopped.signal })
  }

  function later(milliseconds: number, work: () => void): void {
    const { signal } = visit
    setTimeout(() => signal.aborted || work(), milliseconds)
  }

  /** Unless it has been asked a moment ago. */
  async function ask(pause = 0): Promise<void> {
    const { signal } = visit
    if (signal.aborted || Date.now() - askedAt < pause) return
    askedAt = Date.now()
    const answer = await fetchAnswer(path)
    if (signal.aborted) return
    if (phase === 'unsure') begin(answer)
    else if (answer && answer.person !== person) finish(answer)
  }

  function begin(answer: Answer | undefined): void {
    if (!answer) later(retryMilliseconds, ask)
    else if (!answer.signedIn && signedIn) finish(answer)
    // Nobody, or, where logins are disabled, everybody: there is nothing here that could end.
    else if (answer.person === undefined) stop()
    else {
      phase = 'watching'
      person = answer.person
      if (wipe && isOthers(name, person)) startOver(wipe)
      else connect()
    }
  }

  function connect(): void {
    const { signal } = visit
    const channel = new BroadcastChannel(name)
    // Nothing that is heard is believed: each tab asks. A logout that was just sent may take a moment.
    channel.onmessage = () => {
      for (const wait of [0, 1_000, 3_000]) later(wait, ask)
    }
    signal.addEventListener('abort', () => channel.close())
    if (!stream) return
    // One tab has the lock and the stream; both pass on when it goes. With six streams HTTP/1.1 has no connection left.
    navigator.locks
      ?.request(name, { signal }, () => {
        listen(channel)
        return new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
      })
      .catch(() => {})
  }

  function listen(channel: BroadcastChannel): void {
    const source = new EventSource(`${path}/events`)
    visit.signal.addEventListener('abort', () => source.close())
    const again = (wait: number) => later(wait, () => listen(channel))
    source.addEventListener('ended', ({ data }) => {
      source.close()
      const wait = data === 'replaced' ? loginMilliseconds : 0
      later(wait, () => {
        channel.postMessage('')
        ask()
      })
      again(wait + loginMilliseconds)
    })
    // Heard from now on; what has happened until now is to be asked for.
    source.onopen = () => ask(freshMilliseconds)
    source.onerror = () => {
      // A stream that broke off is taken up by the browser itself, one that was refused is not.
      if (source.readyState !== EventSource.CLOSED) return
      ask()
      again(retryMilliseconds)
    }
  }

  async function finish(answer: Answer): Promise<void> {
    if (sendingUntil > Date.now()) return later(sendingUntil - Date.now(), ask)
    phase = 'over'
    visit.abort()
    hide()
    if (wipe) await clean(wipe, !answer.signedIn)
    if (onEnded) onEnded(show)
    else if (answer.signedIn) location.reload()
    else location.replace(`${path}/logged-out`)
  }

  /** Somebody else was here before, and left without a tab that could hear of it. */
  async function startOver(wipe: Wipe): Promise<void> {
    hide()
    await clean(wipe, true)
    location.reload()
  }

  async function comeBack(): Promise<void> {
    if (phase === 'watching') {
      visit = new AbortController()
      sendingUntil = 0
      const { signal } = visit
      const answer = await fetchAnswer(path)
      if (signal.aborted) return
      if (answer && answer.person !== person) return finish(answer)
      if (answer) {
        connect()
        return show()
      }
    }
    // Nobody knows: the server is to say it, with a page of its own.
    location.reload()
  }

  function stop(): void {
    visit.abort()
    stopped.abort()
  }

  const look = () => document.visibilityState === 'visible' && ask(pauseMilliseconds)
  on('focus', look)
  on('visibilitychange', look, document)
  // Hidden as it goes, so that it is hidden when it comes back.
  on('pagehide', ({ persisted }: PageTransitionEvent) => {
    visit.abort()
    if (persisted) hide()
  })
  on('pageshow', ({ persisted }: PageTransitionEvent) => persisted && comeBack())
  on('submit', (event: SubmitEvent) => {
    const to = destination(event)
    if (to === `${path}/logout`) announceLogout(path)
    else if (to !== undefined) sendingUntil = Date.now() + sendingMilliseconds
  })
  on(name, () => {
    sendingUntil = Date.now() + sendingMilliseconds
    if (wipe) void clean(wipe, true)
  })
  ask()
  return stop
}

/**
 * Tells the other tabs that this one is logging out, and `watchSession` in this one to let it. Forms are noticed by
 * themselves; this is for a logout by script, before it is sent.
 */
export function announceLogout(path = '/auth'): void {
  dispatchEvent(new Event(nameOf(path)))
  const channel = new BroadcastChannel(nameOf(path))
  channel.postMessage('')
  channel.close()
}

const nameOf = (path: string) => `endsession ${path}`

/** Nothing where the server fails, or something else answers in its place. */
async function fetchAnswer(path: string): Promise<Answer | undefined> {
  try {
    const signal = AbortSignal.timeout(answerMilliseconds)
    const response = await fetch(`${path}/session`, { cache: 'no-store', redirect: 'error', signal })
    const answer = response.ok ? await response.json() : undefined
    return typeof answer?.signedIn === 'boolean' ? answer : undefined
  } catch {
    return undefined
  }
}

/** Where a form is sent that takes this page along. */
function destination({ defaultPrevented, submitter, target }: SubmitEvent): string | undefined {
  const said = (what: string) => submitter?.getAttribute(`form${what}`) ?? (target as Element).getAttribute(what) ?? ''
  if (defaultPrevented || !/^post$/i.test(said('method')) || !/^(_self|_top|_parent)?$/i.test(said('target'))) return
  return new URL(said('action'), document.baseURI).pathname
}

const hidden = ['visibility:hidden', 'opacity:0'].map((rule) => rule.split(':') as [string, string])

/** In front of the page's own style, and by a way that no Content-Security-Policy closes. */
function hide(): void {
  for (const [name, value] of hidden) document.documentElement.style.setProperty(name, value, 'important')
}

function show(): void {
  for (const [name] of hidden) document.documentElement.style.removeProperty(name)
}

/** Is what lies in storage somebody else's? From now on it is this person's. */
function isOthers(name: string, person: string): boolean {
  try {
    const owner = localStorage.getItem(name)
    localStorage.setItem(name, person)
    return owner !== null && owner !== person
  } catch {
    return false
  }
}

/** `shared`: also what all tabs have in common, which is somebody else's as soon as they have signed in. */
async function clean(wipe: Wipe, shared: boolean): Promise<void> {
  const isIn = (names: readonly string[] = [], name: string) =>
    names.some((one) => (one.endsWith('*') ? name.startsWith(one.slice(0, -1)) : name === one))
  const goes = (place: keyof Wipe) => (name: string) =>
    isIn(wipe[place], name) && !isIn(wipe.keep, name) && !name.startsWith(nameOf(''))
  const works: [keyof Wipe, (goes: (name: string) => boolean) => unknown][] = [
    ['sessionStorage', (goes) => drop(sessionStorage, goes)],
    ['localStorage', (goes) => shared && drop(localStorage, goes)],
    ['indexedDB', (goes) => shared && dropDatabases(wipe.indexedDB, goes)],
    ['caches', (goes) => shared && dropCaches(goes)],
  ]
  const all = works.map(async ([place, work]) => wipe[place] && work(goes(place)))
  await Promise.race([Promise.allSettled(all), new Promise((resolve) => setTimeout(resolve, wipeMilliseconds))])
}

function drop(storage: Storage, goes: (name: string) => boolean): void {
  for (const name of Object.keys(storage).filter(goes)) storage.removeItem(name)
}

async function dropDatabases(named: readonly string[] = [], goes: (name: string) => boolean): Promise<void> {
  const listed = (await indexedDB.databases?.()) ?? []
  const names = new Set([...named, ...listed.map(({ name = '' }) => name)])
  for (const name of [...names].filter(goes))
    await new Promise((resolve) => {
      const request = indexedDB.deleteDatabase(name)
      request.onsuccess = request.onerror = request.onblocked = resolve
    })
}

async function dropCaches(goes: (name: string) => boolean): Promise<void> {
  for (const name of (await caches.keys()).filter(goes)) await caches.delete(name)
}
