import { request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly setCookies: readonly string[]
  readonly referrerPolicy: string
  readonly text: string
}

export interface Sent {
  readonly method?: 'GET' | 'POST'
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

const deadlineSeconds = 10

/**
 * One request, one answer: no redirect is followed. Not `fetch`, which chooses `Origin` and the `Sec-Fetch` headers
 * itself, while the browser that we play has its own.
 */
export function send(url: URL, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const signal = AbortSignal.timeout(deadlineSeconds * 1000)
    const sent = request(url, { method, headers, signal }, async (response) => {
      try {
        let text = ''
        for await (const chunk of response.setEncoding('utf8')) text += chunk
        const { location, 'set-cookie': setCookies = [], 'referrer-policy': policy = '' } = response.headers
        resolve({ status: response.statusCode ?? 0, location, setCookies, referrerPolicy: String(policy), text })
      } catch (error) {
        reject(error)
      }
    })
    sent.once('error', reject)
    sent.end(body)
  })
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
