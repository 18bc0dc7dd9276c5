import { vi } from 'vitest'

type Work = () => Promise<unknown>

/** What `watchSession` sees of a browser, as far as it needs to be there, in one tab. The clock is fake. */
export interface FakePage {
  /** What the server says from now on. */
  answer: Work
  /** Checks that were asked for. */
  readonly checks: () => number
  readonly streams: FakeStream[]
  /** What was said to the other tabs. */
  readonly told: unknown[]
  /** Channels to the other tabs that are open. */
  readonly channels: () => number
  /** Where the page was sent, in order. */
  readonly went: string[]
  readonly isHidden: () => boolean
  send(type: string, members?: object, target?: 'window' | 'document'): Promise<void>
  /** Another tab has said something. */
  hear(): Promise<void>
  /** Time passes. */
  wait(seconds: number): Promise<void>
}

export class FakeStream extends EventTarget {
  static readonly CLOSED = 2
  readonly CLOSED = 2
  readyState = 1
  onopen?: () => void
  onerror?: () => void
  readonly url: string
  constructor(url: string) {
    super()
    this.url = url
  }
  close(): void {
    this.readyState = 2
  }
  end(data: 'over' | 'replaced'): void {
    this.dispatchEvent(Object.assign(new Event('ended'), { data }))
  }
  refuse(): void {
    this.readyState = 2
    this.onerror?.()
  }
  breakOff(): void {
    this.readyState = 0
    this.onerror?.()
  }
}

export const says =
  (body: unknown, status = 200): Work =>
  async () =>
    Response.json(body, { status })
export const ana = says({ signedIn: true, person: 'ana' })
export const bob = says({ signedIn: true, person: 'bob' })
export const nobody = says({ signedIn: false })
export const down: Work = async () => Promise.reject(new TypeError('fetch failed'))

export function fakePage(how: { locks?: boolean } = {}): FakePage {
  vi.useFakeTimers()
  const [window, document] = [new EventTarget(), new EventTarget()]
  const style = new Map<string, string>()
  const channels = new Set<{ onmessage?: () => void }>()
  const [streams, told, went]: [FakeStream[], unknown[], string[]] = [[], [], []]
  let checks = 0
  const page: FakePage = {
    answer: ana,
    checks: () => checks,
    streams,
    told,
    channels: () => channels.size,
    went,
    isHidden: () => style.get('visibility') === 'hidden',
    async send(type, members = {}, target = 'window') {
      const event = Object.defineProperties(new Event(type), Object.getOwnPropertyDescriptors(members))
      ;(target === 'window' ? window : document).dispatchEvent(event)
      await page.wait(0)
    },
    async hear() {
      for (const channel of channels) channel.onmessage?.()
      await page.wait(0)
    },
    wait: async (seconds) => void (await vi.advanceTimersByTimeAsync(seconds * 1000)),
  }
  const stubs = {
    window,
    document: Object.assign(document, {
      visibilityState: 'visible',
      baseURI: 'https://mail.example/inbox',
      documentElement: {
        style: {
          setProperty: (name: string, value: string) => style.set(name, value),
          removeProperty: (name: string) => style.delete(name),
        },
      },
    }),
    dispatchEvent: (event: Event) => window.dispatchEvent(event),
    location: { replace: (to: string) => went.push(to), reload: () => went.push('reload') },
    navigator: {
      ...(how.locks !== false && { locks: { request: async (_: string, _how: object, work: Work) => work() } }),
    },
    fetch: (_: string, init: { redirect?: string }) => {
      checks++
      if (init.redirect !== 'error') throw new Error('a login must not be begun by a check')
      return page.answer()
    },
    EventSource: class extends FakeStream {
      constructor(url: string) {
        super(url)
        streams.push(this)
      }
    },
    BroadcastChannel: class {
      onmessage?: () => void
      constructor() {
        channels.add(this)
      }
      postMessage(message: unknown): void {
        told.push(message)
      }
      close(): void {
        channels.delete(this)
      }
    },
  }
  for (const [name, value] of Object.entries(stubs)) vi.stubGlobal(name, value)
  return page
}
