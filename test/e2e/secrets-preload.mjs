// Loaded into every process of the demo: notes the real secrets that pass there, so that a test can look for them elsewhere.

import diagnostics from 'node:diagnostics_channel'
import { appendFileSync } from 'node:fs'

const file = process.env.SECRETS_FILE
/** Nothing that is shorter can be told from a word. */
const shape = /^[\w.~+/=%-]{16,}$/

function note(values) {
  const secrets = values.filter((value) => typeof value === 'string' && shape.test(value) && !value.includes('%3A'))
  if (secrets.length > 0) appendFileSync(file, `${secrets.join('\n')}\n`)
}

const harmless = ['grant_type', 'token_type_hint', 'wait', 'scope']
const valuesOf = (text) =>
  [...new URLSearchParams(text)].flatMap(([name, value]) => (harmless.includes(name) ? [] : [value]))

diagnostics.subscribe('http.server.request.start', ({ request }) => {
  const { cookie = '', authorization = '' } = request.headers
  note(cookie.split('; ').map((pair) => pair.slice(pair.indexOf('=') + 1)))
  note([authorization.split(' ')[1] ?? ''])
  note(valuesOf(request.url.split('?')[1] ?? ''))
})

diagnostics.subscribe('http.server.response.finish', ({ response }) => {
  const lines = [response.getHeader('set-cookie') ?? []].flat()
  note(lines.map((line) => line.slice(line.indexOf('=') + 1).split(';')[0]))
})

const send = globalThis.fetch
globalThis.fetch = async (input, init) => {
  if (init?.body) note(valuesOf(String(init.body)))
  const answer = await send(input, init)
  const isJson = (answer.headers.get('content-type') ?? '').includes('application/json')
  const tokens = isJson ? await answer.clone().json() : {}
  note([tokens.access_token, tokens.refresh_token, tokens.id_token])
  return answer
}
