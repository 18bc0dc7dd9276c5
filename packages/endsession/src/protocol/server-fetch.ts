import type { Runtime } from '../runtime.ts'

/** More than any provider's metadata, keys or tokens. */
const bodyLimitBytes = 1024 * 1024

/** As oauth4webapi calls it: with members that are there and `undefined`. */
type FetchInit = { readonly [Name in keyof RequestInit]: RequestInit[Name] | undefined }

export type ServerFetch = (url: string, init?: FetchInit) => Promise<Response>

/** Two names of one provider: the one that browsers and tokens use, and the one that this process calls. */
export interface Horizon {
  readonly issuer: string
  readonly serverUrl?: string | undefined
  /** Taken to the letter. */
  readonly endpoints?: Readonly<Record<string, string>>
}

/** The runtime's `fetch`: with the provider's internal address, and with an end to every body. */
export function createServerFetch(horizon: Horizon, runtime: Runtime): ServerFetch {
  return async (url, init) => limitBody(await runtime.fetch(toServer(url, horizon), init as RequestInit))
}

/** Where this process finds what browsers find at `url`. */
export function toServer(url: string, { issuer, serverUrl, endpoints = {} }: Horizon): string {
  if (serverUrl === undefined || Object.values(endpoints).includes(url)) return url
  return moveUrl(url, issuer, serverUrl)
}

/** Where browsers find what this process finds at `url`. */
export function toPublic(url: string, { issuer, serverUrl }: Horizon): string {
  return serverUrl === undefined ? url : moveUrl(url, serverUrl, issuer)
}

/** Whole path segments only: `https://id.example.evil` does not begin with `https://id.example`. */
function moveUrl(url: string, from: string, to: string): string {
  const prefix = withoutSlash(from)
  const rest = url.slice(prefix.length)
  return url.startsWith(prefix) && /^([/?#]|$)/.test(rest) ? withoutSlash(to) + rest : url
}

function withoutSlash(url: string): string {
  return url.endsWith('/') ? url.slice(0, -1) : url
}

/** The same response, whose body fails once it grows over the limit. */
function limitBody(response: Response): Response {
  if (response.body === null) return response
  const { status, statusText, headers } = response
  return new Response(response.body.pipeThrough(limitBytes(bodyLimitBytes)), { status, statusText, headers })
}

function limitBytes(limit: number): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0
  return new TransformStream({
    transform(chunk, controller) {
      bytes += chunk.byteLength
      if (bytes > limit) controller.error(new Error(`the provider's answer is over ${limit} bytes`))
      else controller.enqueue(chunk)
    },
  })
}
