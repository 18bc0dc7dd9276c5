import { randomBytes } from 'node:crypto'
import { type HTMLElement, parse } from 'node-html-parser'
import { CookieJar } from 'tough-cookie'
import { send } from './send.ts'

/** Where the browser has come to rest. */
export interface Page {
  readonly url: URL
  readonly status: number
  readonly html: HTMLElement
  readonly referrerPolicy: string
}

/** A browser without a screen: cookies, redirects, forms, and pages that move on by themselves. */
export interface Browser {
  /** As typed into the address bar. */
  open(url: string): Promise<Page>
  /** Follows the link with these words. */
  click(page: Page, words: string): Promise<Page>
  /** Presses the button with these words, after the fields were filled in. */
  press(page: Page, words: string, fields?: Readonly<Record<string, string>>): Promise<Page>
  /** Opens an address and stops at the first answer: where it would go next. */
  peek(url: string): Promise<URL | undefined>
  /** The `Cookie` header that this browser would send there now. */
  cookies(url: string): Promise<string>
}

/** One request of a browser, and what came back: with everything in it. `status` 0: nothing came. */
export interface Traffic {
  readonly url: URL
  readonly method: string
  readonly requestHeaders: Headers
  readonly requestBody: string
  readonly status: number
  readonly responseHeaders: Headers
  readonly responseBody: string
  /** Epoch milliseconds. */
  readonly startedAt: number
}

export interface BrowserOptions {
  readonly userAgent?: string
  readonly watch?: (traffic: Traffic) => void
  /** Once it is aborted, the browser goes nowhere. Asked at each request. */
  readonly signal?: () => AbortSignal | undefined
}

/** Where the next request goes, and what has caused it. */
interface Step {
  readonly url: URL
  readonly method: 'GET' | 'POST'
  readonly body?: string
  /** The `Content-Type` of a POST. */
  readonly type?: string
  /** The `Origin` header of a POST. */
  readonly origin?: string
  /** Of the page that has caused it; nothing when it was typed. */
  readonly from?: URL
  readonly delaySeconds?: number
}

/** A person waits that long for a page of a server that has just begun. */
const patienceSeconds = 30

/** A logout takes about ten; a loop has no end. */
const stepsAtMost = 30

export function openBrowser(options: BrowserOptions = {}): Browser {
  const { userAgent = 'Mozilla/5.0 (demo)', watch, signal } = options
  const jar = new CookieJar()

  async function request(step: Step, site: Site): Promise<Awaited<ReturnType<typeof send>>> {
    const sameSiteContext = site !== 'cross-site' ? 'strict' : step.method === 'GET' ? 'lax' : 'none'
    const cookie = await jar.getCookieString(step.url.href, { sameSiteContext })
    const headers = {
      accept: 'text/html,application/xhtml+xml',
      'user-agent': userAgent,
      'sec-fetch-site': site,
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      ...(cookie && { cookie }),
      ...(step.method === 'POST' && { origin: step.origin ?? 'null', 'content-type': step.type ?? formType }),
    }
    const startedAt = performance.timeOrigin + performance.now()
    const tell = (status: number, responseHeaders: Headers, responseBody: string) => {
      const { url, method, body: requestBody = '' } = step
      const requestHeaders = new Headers(headers)
      watch?.({ url, method, requestHeaders, requestBody, status, responseHeaders, responseBody, startedAt })
    }
    const answer = await send(step.url, {
      method: step.method,
      headers,
      ...(step.body !== undefined && { body: step.body }),
      deadlineSeconds: patienceSeconds,
      signal: signal?.(),
    }).catch((error: unknown) => {
      tell(0, new Headers(), '')
      throw error
    })
    tell(answer.status, answer.headers, answer.text)
    for (const line of answer.setCookies) await jar.setCookie(line, step.url.href, { ignoreError: true })
    return answer
  }

  async function go(first: Step): Promise<Page> {
    let step = first
    let site: Site = siteOf(first)
    for (let count = 0; count < stepsAtMost; count++) {
      const { url } = step
      const answer = await request(step, site)
      if (answer.location && answer.status >= 300 && answer.status < 400) {
        const next = new URL(answer.location, url)
        // A chain of redirects is as foreign as the most foreign of its links.
        if (next.origin !== url.origin) site = 'cross-site'
        step = {
          ...(answer.status >= 307 ? step : { method: 'GET', ...(step.from && { from: step.from }) }),
          url: next,
        }
        continue
      }
      const { status, referrerPolicy, text } = answer
      const page: Page = { url, status, html: parse(text), referrerPolicy }
      const onward = whereNext(page)
      if (!onward) return page
      await new Promise((resolve) => setTimeout(resolve, (onward.delaySeconds ?? 0) * 1000))
      step = onward
      site = siteOf(onward)
    }
    throw new Error(`${first.url.origin} does not come to an end after ${stepsAtMost} redirects`)
  }

  return {
    open: (url) => go({ url: new URL(url), method: 'GET' }),
    click(page, words) {
      const link = page.html.querySelectorAll('a').find(({ text }) => text.trim() === words)
      if (!link) throw new Error(missing(page, `no link "${words}"`))
      return go({ url: new URL(link.getAttribute('href') ?? '', page.url), method: 'GET', from: page.url })
    },
    press(page, words, fields = {}) {
      const button = page.html.querySelectorAll('button').find(({ text }) => text.trim() === words)
      const form = button && formOf(page, button)
      if (!form) throw new Error(missing(page, `no button "${words}"`))
      const [name, value] = [button.getAttribute('name'), button.getAttribute('value') ?? '']
      return go(submit(page, form, { ...fields, ...(name && { [name]: value }) }))
    },
    async peek(url) {
      const answer = await request({ url: new URL(url), method: 'GET' }, 'none')
      return answer.location === undefined ? undefined : new URL(answer.location, url)
    },
    cookies: (url) => jar.getCookieString(url),
  }
}

type Site = 'none' | 'same-origin' | 'cross-site'

const formType = 'application/x-www-form-urlencoded'

/** `*.localhost` names are sites of their own: what is not the same origin is another site. */
function siteOf({ url, from }: Step): Site {
  if (!from) return 'none'
  return from.origin === url.origin ? 'same-origin' : 'cross-site'
}

/** A page that does not wait for anybody: its script submits its form, or it refreshes to somewhere else. */
function whereNext(page: Page): Step | undefined {
  const submits = page.html.querySelectorAll('script').some(({ text }) => /\.submit\(\)/.test(text))
  const form = page.html.querySelector('form')
  if (submits && form) {
    return { ...submit(page, form, {}), delaySeconds: Number(form.getAttribute('data-seconds') ?? 0) }
  }
  const refresh = page.html
    .querySelectorAll('meta[http-equiv="refresh"]')
    .find((element) => element.closest('noscript') === null)
  const [, delay, target] = /^(\d+)\s*;\s*url=(.+)$/i.exec(refresh?.getAttribute('content') ?? '') ?? []
  if (!target) return undefined
  return { url: new URL(target, page.url), method: 'GET', from: page.url, delaySeconds: Number(delay) }
}

function submit(page: Page, form: HTMLElement, fields: Readonly<Record<string, string>>): Step {
  const values = new URLSearchParams()
  for (const input of fieldsOf(page, form)) {
    const name = input.getAttribute('name')
    if (name && !(name in fields)) values.append(name, input.getAttribute('value') ?? '')
  }
  for (const [name, value] of Object.entries(fields)) values.append(name, value)
  const url = new URL(form.getAttribute('action') ?? '', page.url)
  if (form.getAttribute('method')?.toLowerCase() === 'post') {
    const asParts = form.getAttribute('enctype')?.toLowerCase() === 'multipart/form-data'
    const sent = asParts ? inParts(values) : { body: values.toString() }
    return { url, method: 'POST', ...sent, from: page.url, origin: originFor(page, url) }
  }
  url.search = values.toString()
  return { url, method: 'GET', from: page.url }
}

/** RFC 7578. No value of ours has this line in it. */
function inParts(values: URLSearchParams): Pick<Step, 'body' | 'type'> {
  const line = `----${randomBytes(16).toString('hex')}`
  const parts = [...values].map(
    ([name, value]) => `--${line}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return { body: `${parts.join('')}--${line}--\r\n`, type: `multipart/form-data; boundary=${line}` }
}

/** Fetch, section 3.2: the page's referrer policy decides whether its origin is told, also where it is the same one. */
function originFor(page: Page, target: URL): string {
  const silent = page.referrerPolicy === 'no-referrer'
  const silentElsewhere = page.referrerPolicy === 'same-origin' && page.url.origin !== target.origin
  return silent || silentElsewhere ? 'null' : page.url.origin
}

/** Those inside the form, and those that name it. */
function fieldsOf(page: Page, form: HTMLElement): readonly HTMLElement[] {
  const id = form.getAttribute('id')
  return page.html
    .querySelectorAll('input')
    .filter((input) => input.closest('form') === form || (id && input.getAttribute('form') === id))
}

function formOf(page: Page, button: HTMLElement): HTMLElement | undefined {
  const id = button.getAttribute('form')
  if (!id) return button.closest('form') ?? undefined
  return page.html.querySelectorAll('form').find((form) => form.getAttribute('id') === id)
}

function missing(page: Page, what: string): string {
  const title = page.html.querySelector('h1')?.text.trim() ?? ''
  return `${what} on "${title}" (${page.status}, ${page.url.origin}${page.url.pathname})`
}
