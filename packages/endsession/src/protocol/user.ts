import * as oauth from 'oauth4webapi'
import { deadline } from '../runtime.ts'
import { providerFailed } from './failures.ts'
import type { Provider } from './provider.ts'
import { orAborted } from './shared-fetch.ts'
import type { PlainOauth } from './without-openid.ts'

/** Who has signed in, by the provider's user endpoint. */
type User = Readonly<Record<string, unknown>> & { readonly sub: string }

const userSeconds = 5
/** More than any person's page there. */
const answerLimit = 65_536
const claimLimit = 1024

/**
 * Asks the provider without OpenID whose access token this is, within 5 s; redirects are not followed. The id and a few claims
 * are kept, nothing else. Throws ERR_PROVIDER when there is no answer, and what is wrong with one that names nobody.
 */
export async function askUser(provider: Provider, plain: PlainOauth, accessToken: string): Promise<User> {
  const body = await orAborted((signal) => readUser(provider, plain, accessToken, signal), deadline(userSeconds))
  const found = Object.entries(plain.claims).map(([claim, member]) => [claim, memberOf(body, member)] as const)
  return {
    ...Object.fromEntries(found.filter(([, value]) => isClaim(value))),
    sub: personId(memberOf(body, plain.userId)),
  }
}

/** The user endpoint's answer, whatever it is; nothing where there is no such endpoint. */
export async function requestUser(
  provider: Provider,
  { metadata }: PlainOauth,
  accessToken: string,
  signal: AbortSignal,
): Promise<Response | undefined> {
  if (metadata.userinfo_endpoint === undefined) return undefined
  const fetchThere = provider.options()[oauth.customFetch]
  const headers = { ...serverHeaders, authorization: `Bearer ${accessToken}` }
  return fetchThere(metadata.userinfo_endpoint, { headers, redirect: 'manual', signal })
}

/** GitHub refuses whoever does not say what they are. */
export const serverHeaders = { accept: 'application/json', 'user-agent': 'endsession' }

/**
 * A person's id as text: what is a number there is one here as well, as long as it is exact, for two that are rounded to one
 * would be one person. Throws.
 */
export function personId(id: unknown): string {
  if (typeof id === 'number' && Number.isSafeInteger(id) && id > 0) return String(id)
  // What `String()` makes of no id at all would be one person for all who have none.
  const isText = typeof id === 'string' && /^[\x21-\x7E]{1,255}$/.test(id) && !/^(undefined|null|NaN)$/.test(id)
  if (isText) return id
  throw new Error('the user endpoint names nobody')
}

async function readUser(
  provider: Provider,
  plain: PlainOauth,
  accessToken: string,
  signal: AbortSignal,
): Promise<unknown> {
  const response = await requestUser(provider, plain, accessToken, signal).catch((cause) =>
    Promise.reject(noAnswer(cause)),
  )
  if (response === undefined) throw providerFailed(new Error('no userinfo_endpoint'))
  if (response.status !== 200) {
    await response.body?.cancel()
    const wrong = new Error(`the user endpoint: HTTP ${response.status}`)
    throw response.status >= 500 || response.status === 429 ? providerFailed(wrong) : wrong
  }
  const text = await response.text()
  if (text.length > answerLimit) throw new Error('the user endpoint: too long an answer')
  return parse(text)
}

/** The cause may hold what was sent. */
function noAnswer(cause: unknown): unknown {
  return cause instanceof DOMException ? cause : providerFailed(new Error('the user endpoint did not answer'))
}

/** An error of the parser's own would quote what it has read. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new Error('the user endpoint: not JSON')
  }
}

function memberOf(body: unknown, path: string): unknown {
  return path.split('.').reduce<unknown>((value, name) => {
    const isThere = typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    return isThere ? (value as Record<string, unknown>)[name] : undefined
  }, body)
}

function isClaim(value: unknown): boolean {
  return typeof value === 'boolean' || (typeof value === 'string' && value !== '' && value.length <= claimLimit)
}
