import { parse } from 'node-html-parser'
import { isAt } from '../identity.ts'
import { isAtJobs } from '../once/jobs.ts'
import { type Name, names, type Plan } from '../plan.ts'
import { meaningOf, meaningOfTry } from './meanings.ts'
import { nameAddress, nameAuthorization, nameCookie, nameCookies, nameFields, nameJson, nameTarget } from './naming.ts'
import type { Exchange, Lane, Message } from './state.ts'

/** A request and its answer, as whoever sent it saw them: full of secrets, and for this process only. */
export interface Seen {
  readonly from: Lane
  readonly url: URL
  readonly method: string
  readonly requestHeaders: Headers
  readonly requestBody: string
  /** 0: no answer. */
  readonly status: number
  readonly responseHeaders: Headers
  readonly responseBody: string
  /** Epoch milliseconds, when it began. */
  readonly startedAt: number
}

/** The same without secrets. The film adds the rest. */
export type Filmed = Omit<Exchange, 'id' | 'during'> & { readonly startedAt: number }

/** How people call them. */
const titles: Readonly<Record<Lane, string>> = {
  thief: 'A thief',
  laptop: 'Ana’s laptop',
  phone: 'Ana’s phone',
  mail: 'Mail',
  calendar: 'Calendar',
  next: 'Jobs',
  api: 'The API',
  provider: 'Example ID',
  acme: 'Acme',
}

const shownHeaders = [
  'authorization',
  'cookie',
  'origin',
  'sec-fetch-site',
  'content-type',
  'location',
  'set-cookie',
  'cache-control',
  'retry-after',
  'www-authenticate',
  'clear-site-data',
]
const bodyCharacters = 1500

/** Below a realm of Keycloak's, and below Auth.js's own routes: it says nothing, and a label is short. */
const alwaysTheSame = /^(\/realms\/\w+(\/protocol\/openid-connect)?|\/api\/auth\/endsession)/

/** Answers nothing for what does not go to one of the demo's servers. */
export function describeExchange(plan: Plan, seen: Seen): Filmed | undefined {
  const { from, url, method, status, startedAt } = seen
  const to = laneOf(plan, url)
  if (!to) return undefined
  const path = nameTarget(url.pathname)
  const refused = isRefused(to, seen)
  return {
    from,
    to,
    label: `${method} ${path.replace(alwaysTheSame, '')}`,
    status,
    meaning: from === 'thief' ? meaningOfTry(to, refused) : meaningOf(to, seen),
    refused,
    request: {
      line: `${method} ${nameTarget(url.pathname + url.search)}`,
      headers: nameHeaders(seen.requestHeaders, from, to),
      body: nameBody(seen.requestHeaders, seen.requestBody),
    },
    response: describeAnswer(seen, to),
    startedAt,
  }
}

function describeAnswer({ status, responseHeaders, responseBody }: Seen, to: Name): Message {
  if (status === 0) return { line: 'no answer', headers: [], body: '' }
  return {
    line: `HTTP ${status}`,
    headers: nameHeaders(responseHeaders, to, to),
    body: nameBody(responseHeaders, responseBody),
  }
}

/** Copied cookies are answered with a page, whoever it is for. */
function isRefused(to: Name, { from, status, responseBody }: Seen): boolean {
  if (status === 0 || status >= 400) return true
  if (from !== 'thief') return false
  if (to === 'next') return !isAtJobs({ html: parse(responseBody) })
  return (to === 'mail' || to === 'calendar') && parse(responseBody).querySelector('[data-signed-in]') === null
}

function laneOf({ urls }: Plan, url: URL): Name | undefined {
  return names.find((name) => isAt({ urls }, name, url))
}

function nameHeaders(headers: Headers, from: Lane, to: Name): Message['headers'] {
  return [...headers]
    .filter(([name]) => shownHeaders.includes(name))
    .map(([name, value]) => [name, nameHeader(name, value, from, to)] as const)
}

function nameHeader(name: string, value: string, from: Lane, to: Name): string {
  if (name === 'cookie') return nameCookies(value, titles[to])
  if (name === 'set-cookie') return nameCookie(value, titles[to])
  if (name === 'authorization') return nameAuthorization(value, titles[from])
  return name === 'location' ? nameAddress(value) : value.slice(0, 200)
}

function nameBody(headers: Headers, body: string): string {
  const type = headers.get('content-type') ?? ''
  if (body === '') return ''
  const named = /form-urlencoded/.test(type)
    ? nameFields(body, '\n')
    : /ndjson/.test(type)
      ? body.trim().split('\n').map(nameText).join('\n')
      : /json/.test(type)
        ? nameText(body)
        : /html/.test(type)
          ? describePage(body)
          : `${body.length} characters`
  return named.length > bodyCharacters ? `${named.slice(0, bodyCharacters)} …` : named
}

function nameText(text: string): string {
  try {
    return JSON.stringify(nameJson(JSON.parse(text)), null, 1).replace(/\n\s*/g, ' ')
  } catch {
    return '…'
  }
}

/** Of a page only what a person sees: its fields and links can hold secrets. */
function describePage(text: string): string {
  const page = parse(text)
  const heading = page.querySelector('h1')?.text.trim()
  if (!heading) return ''
  const buttons = page.querySelectorAll('button, a.button').map(({ text }) => `[${text.trim()}]`)
  return [`A page: “${heading}”`, ...buttons].join(' ').slice(0, 300)
}
