/** A browser as far as Keycloak's pages need one: cookies by host and path, redirects, forms. It runs no scripts. */
import { lookup } from 'node:dns'
import { type IncomingHttpHeaders, request as sendRequest } from 'node:http'
import { type HTMLElement, parse } from 'node-html-parser'

export interface Page {
  readonly url: URL
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly html: HTMLElement
  /** Every address on the way to it, the first one asked for included. */
  readonly trail: readonly URL[]
}

export interface Cookie {
  readonly host: string
  readonly path: string
  readonly name: string
  readonly value: string
}

export interface Browser {
  cookies: readonly Cookie[]
  /** Follows redirects; `stopAt`: not to an address that begins with it. */
  visit(url: string | URL, stopAt?: string): Promise<Page>
  /** Sends a form of the page, with its hidden fields, and these over them. */
  submit(page: Page, selector: string, fields: Readonly<Record<string, string>>, stopAt?: string): Promise<Page>
  post(url: string | URL, fields: Readonly<Record<string, string>>, stopAt?: string): Promise<Page>
}

/** `*.localhost` is this machine, as browsers have it. */
const toLoopback: typeof lookup = ((host: string, options: object, done: (...answer: unknown[]) => void) =>
  lookup(host.endsWith('localhost') ? '127.0.0.1' : host, options, done as never)) as never

export function openBrowser(cookies: readonly Cookie[] = []): Browser {
  async function send(method: string, url: URL, fields: Readonly<Record<string, string>> | undefined): Promise<Page> {
    const body = fields && new URLSearchParams(fields).toString()
    const cookie = browser.cookies
      .filter(({ host, path }) => host === url.hostname && `${url.pathname}/`.startsWith(path))
      .map(({ name, value }) => `${name}=${value}`)
      .join('; ')
    const headers = {
      accept: 'text/html',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
      'sec-fetch-site': 'same-origin',
      ...(cookie && { cookie }),
      ...(body !== undefined && {
        origin: url.origin,
        'content-type': 'application/x-www-form-urlencoded',
        'content-length': String(Buffer.byteLength(body)),
      }),
    }
    return new Promise((resolve, reject) => {
      const asked = sendRequest(url, { method, headers, lookup: toLoopback, agent: false }, (answer) => {
        for (const line of answer.headers['set-cookie'] ?? []) keep(url, line)
        let text = ''
        answer.setEncoding('utf8')
        answer.on('data', (chunk) => {
          text += chunk
        })
        answer.on('error', reject)
        answer.on('end', () => {
          const { statusCode: status = 0, headers } = answer
          resolve({ url, status, headers, text, html: parse(text), trail: [url] })
        })
      })
      asked.on('error', reject)
      asked.end(body)
    })
  }

  function keep(url: URL, line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim())
    const [, name = '', value = ''] = /^([^=]*)=(.*)$/.exec(pair) ?? []
    const of = (key: string) => attributes.find((one) => one.toLowerCase().startsWith(`${key}=`))?.slice(key.length + 1)
    const path = of('path') ?? '/'
    const over = of('max-age') === '0' || (of('expires') !== undefined && Date.parse(of('expires') ?? '') < Date.now())
    const others = browser.cookies.filter((old) => old.host !== url.hostname || old.path !== path || old.name !== name)
    browser.cookies = over ? others : [...others, { host: url.hostname, path, name, value }]
  }

  async function follow(first: Page, stopAt: string | undefined): Promise<Page> {
    let page = first
    for (let hops = 0; hops < 20; hops++) {
      const next = nextOf(page)
      if (!next || (stopAt !== undefined && next.href.startsWith(stopAt))) return page
      const { trail } = page
      page = await send('GET', next, undefined)
      page = { ...page, trail: [...trail, ...page.trail] }
    }
    throw new Error(`sent around in circles: ${page.trail.map(({ href }) => href).join(' ')}`)
  }

  const browser: Browser = {
    cookies,
    visit: async (url, stopAt) => follow(await send('GET', new URL(url), undefined), stopAt),
    post: async (url, fields, stopAt) => follow(await send('POST', new URL(url), fields), stopAt),
    async submit(page, selector, fields, stopAt) {
      const form = page.html.querySelector(selector)
      if (!form) throw new Error(`no ${selector} at ${page.url.href}: ${page.html.querySelector('body')?.text}`)
      const hidden = form
        .querySelectorAll('input[type=hidden]')
        .map((input) => [input.getAttribute('name') ?? '', input.getAttribute('value') ?? ''] as const)
      const to = new URL(form.getAttribute('action') ?? '', page.url)
      return follow(await send('POST', to, { ...Object.fromEntries(hidden), ...fields }), stopAt)
    },
  }
  return browser
}

/** Where a page sends the browser by itself: a redirect, or the page of ours that moves on. */
export function nextOf({ url, status, headers, text }: Page): URL | undefined {
  if (status >= 300 && status < 400 && headers.location !== undefined) return new URL(headers.location, url)
  const to = /<noscript><meta http-equiv="refresh" content="0;url=([^"]*)">/.exec(text)?.[1]
  return to === undefined ? undefined : new URL(to.replaceAll('&amp;', '&'), url)
}
