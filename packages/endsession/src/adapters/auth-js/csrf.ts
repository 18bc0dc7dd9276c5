/** Auth.js's own check of a POST: a cookie with a token and its hash, and the same token in the body. */
import { EndSessionError } from '../../errors.ts'
import { equalSecrets, fromBase64url, type Runtime, sha256, toBase64url } from '../../runtime.ts'
import type { Secret } from './library.ts'

/** The token of the cookie, if we (or Auth.js) have made it. */
export function readCsrf(cookie: string | undefined, secret: Secret): string | undefined {
  const [token = '', hash = ''] = (cookie ?? '').split('|')
  return token !== '' && equalSecrets(hash, hashOf(token, secret)) ? token : undefined
}

/** Value of the cookie, and its token for the body. */
export function makeCsrf(runtime: Runtime, secret: Secret): { readonly token: string; readonly cookie: string } {
  const token = toBase64url(runtime.randomBytes(32))
  return { token, cookie: `${token}|${hashOf(token, secret)}` }
}

/** As Auth.js does it: several secrets are joined by commas. */
function hashOf(token: string, secret: Secret): string {
  const bytes = fromBase64url(sha256(`${token}${secret}`)) ?? new Uint8Array(0)
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')
}

const mostBytes = 65_536

/** The body of a POST, at most so much of it. Throws ERR_REQUEST. */
export async function readBody({ headers, body }: Request): Promise<string> {
  if (Number(headers.get('content-length') ?? 0) > mostBytes) throw tooLarge()
  const decoder = new TextDecoder()
  let [text, bytes] = ['', 0]
  for await (const chunk of body ?? []) {
    bytes += chunk.length
    if (bytes > mostBytes) throw tooLarge()
    text += decoder.decode(chunk, { stream: true })
  }
  return text
}

/** A field of it, as a form or as JSON. */
export function readBodyField(body: string, contentType: string | null, name: string): string | undefined {
  if (!contentType?.includes('application/json')) return new URLSearchParams(body).get(name) ?? undefined
  try {
    const { [name]: value }: Record<string, unknown> = JSON.parse(body)
    return typeof value === 'string' ? value : undefined
  } catch {
    return undefined
  }
}

function tooLarge(): EndSessionError {
  return new EndSessionError('ERR_REQUEST', 'The request is too large.', { status: 413 })
}
