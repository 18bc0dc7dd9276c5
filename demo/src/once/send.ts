import { request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly setCookies: readonly string[]
  readonly headers: Headers
  readonly referrerPolicy: string
  readonly text: string
}

export interface Sent {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** @default 10 */
  readonly deadlineSeconds?: number
  /** Gives up at once. */
  readonly signal?: AbortSignal | undefined
}

/**
 * One request, one answer: no redirect is followed. Not `fetch`, which chooses `Origin` and the `Sec-Fetch` headers
 * itself, while the browser that we play has its own.
 */
export function send(url: URL, sent: Sent = {}): Promise<Answer> {
  const { method = 'GET', headers = {}, body, deadlineSeconds = 10, signal: stop } = sent
  return new Promise((resolve, reject) => {
    const timeout = AbortSignal.timeout(deadlineSeconds * 1000)
    const signal = stop ? AbortSignal.any([timeout, stop]) : timeout
    // A connection of its own: one that is kept can be closed by the other side just when it is used again.
    const asked = request(url, { method, headers, signal, agent: false }, async (response) => {
      try {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        const { location, 'set-cookie': setCookies = [], 'referrer-policy': policy = '' } = response.headers
        resolve({
          status: response.statusCode ?? 0,
          location,
          setCookies,
          headers: headersOf(response.rawHeaders),
          referrerPolicy: String(policy),
          text,
        })
      } catch (error) {
        reject(error)
      }
    })
    asked.once('error', reject)
    asked.end(body)
  })
}

function headersOf(raw: readonly string[]): Headers {
  const headers = new Headers()
  for (let at = 0; at + 1 < raw.length; at += 2) headers.append(raw[at] ?? '', raw[at + 1] ?? '')
  return headers
}

export function postForm(
  url: URL,
  fields: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  return send(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(fields).toString(),
  })
}
