import { EndSessionError } from '../errors.ts'

/** A browser or framework fetches pages that nobody has asked for yet: nothing may happen for those. */
export function isPrefetch(request: Request): boolean {
  const purpose = `${request.headers.get('sec-purpose') ?? ''} ${request.headers.get('purpose') ?? ''}`.toLowerCase()
  return (
    /prefetch|prerender|preview/.test(purpose) ||
    request.headers.has('next-router-prefetch') ||
    request.headers.has('rsc')
  )
}

/** A person's own navigation, as opposed to a fetch by a script. */
export function isNavigation(request: Request): boolean {
  const mode = request.headers.get('sec-fetch-mode')
  if (mode) return mode === 'navigate'
  return request.method === 'GET' && (request.headers.get('accept') ?? '').includes('text/html')
}

/**
 * Did one of our own pages send this? `Sec-Fetch-Site` speaks first, where the browser sends it, then `Origin`, which is
 * `null` from a page that keeps its address to itself (`Referrer-Policy: no-referrer`). Nobody vouches: refused.
 */
export function isSameOrigin(request: Request, origin: string): boolean {
  const site = request.headers.get('sec-fetch-site')
  const from = request.headers.get('origin')
  if (site === null) return from === origin
  return site === 'same-origin' && (from === null || from === 'null' || from === origin)
}

/** A form body, at most so many bytes of it. Throws ERR_REQUEST for anything else. */
export async function readForm(request: Request, mostBytes = 65_536): Promise<URLSearchParams> {
  const type = request.headers.get('content-type')
  if (type !== null && !/^application\/x-www-form-urlencoded\s*(;|$)/i.test(type))
    throw new EndSessionError('ERR_REQUEST', 'A form is expected.', { status: 415 })
  if (Number(request.headers.get('content-length') ?? 0) > mostBytes) throw tooLarge()
  return new URLSearchParams(request.body ? await readText(request.body, mostBytes) : '')
}

async function readText(body: ReadableStream<Uint8Array>, mostBytes: number): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  try {
    for await (const chunk of body) {
      bytes += chunk.length
      if (bytes > mostBytes) throw tooLarge()
      chunks.push(chunk)
    }
  } catch (cause) {
    if (cause instanceof EndSessionError) throw cause
    throw new EndSessionError('ERR_REQUEST', 'The request broke off.', { cause })
  }
  return new TextDecoder().decode(concat(chunks, bytes))
}

function concat(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const all = new Uint8Array(bytes)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}

function tooLarge(): EndSessionError {
  return new EndSessionError('ERR_REQUEST', 'The request is too large.', { status: 413 })
}

/** A single value of a form or query: a field that is there twice counts as wrong, not as its first or last. */
export function single(fields: URLSearchParams, name: string): string | undefined {
  const values = fields.getAll(name)
  if (values.length > 1) throw new EndSessionError('ERR_REQUEST', `The field ${name} is there more than once.`)
  return values[0] || undefined
}
