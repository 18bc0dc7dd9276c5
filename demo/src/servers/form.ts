import type { IncomingMessage } from 'node:http'

/** The fields of a form post, at most 4 KiB of them. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = ''
  for await (const chunk of request) {
    text += chunk
    if (text.length > 4096) throw new Error('the form is too long')
  }
  return new URLSearchParams(text)
}
