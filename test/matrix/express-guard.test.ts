import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expressGuard } from 'endsession/express'
import type { Checked, Guard } from 'endsession/guard'
import express from 'express'
import { afterEach, expect, it } from 'vitest'

let server: Server
afterEach(() => new Promise((resolve) => server.close(resolve)))

/** A service behind a guard that answers as told; tells what came through. */
async function serve(check: (request: Request) => Promise<Checked>) {
  const seen: unknown[] = []
  const guard: Guard = { check, close: async () => {} }
  const app = express()
  app.use('/api', expressGuard(guard))
  app.all('/api/jobs', express.json(), (request, response) => {
    seen.push({ claims: response.locals['claims'], body: request.body })
    response.json({ of: response.locals['claims'].sub })
  })
  app.use((error: Error, _request: express.Request, response: express.Response, _next: express.NextFunction) => {
    response.status(500).json({ error: error.message })
  })
  server = createServer(app)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/jobs`
  return { url, seen }
}

const refused = (status: number, headers: Record<string, string>): Checked => ({
  ok: false,
  why: 'ended',
  response: Response.json({ error: 'invalid_token' }, { status, headers }),
})

it('lets through who has a good token, and says who that is [G1]', async () => {
  const asked: Request[] = []
  const { url, seen } = await serve(async (request) => {
    asked.push(request)
    return { ok: true, claims: { sub: 'alice' } }
  })
  const answer = await fetch(`${url}?q=1`, { headers: { authorization: 'Bearer a.b.c' } })
  expect([answer.status, await answer.json()]).toEqual([200, { of: 'alice' }])
  expect(asked[0]?.headers.get('authorization')).toBe('Bearer a.b.c')
  expect(seen).toHaveLength(1)
})

it('leaves the body to the routes behind it [G1]', async () => {
  const { url, seen } = await serve(async () => ({ ok: true, claims: { sub: 'alice' } }))
  const body = JSON.stringify({ a: 1 })
  expect((await fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).status).toBe(200)
  expect(seen).toMatchObject([{ body: { a: 1 } }])
})

it.for<[number, Record<string, string>]>([
  [401, { 'www-authenticate': 'Bearer error="invalid_token"' }],
  [503, { 'retry-after': '4' }],
])('answers %i by itself, headers and all, and nothing behind it runs [G1 G2]', async ([status, headers]) => {
  const { url, seen } = await serve(async () => refused(status, headers))
  const answer = await fetch(url)
  expect(answer.status).toBe(status)
  for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toBe(value)
  expect(await answer.json()).toEqual({ error: 'invalid_token' })
  expect(seen).toHaveLength(0)
})

it('what goes wrong reaches the error handler, and nothing behind it runs [G1]', async () => {
  const { url, seen } = await serve(async () => Promise.reject(new Error('broken guard')))
  expect((await fetch(url)).status).toBe(500)
  expect(seen).toHaveLength(0)
})

it('an answer that cannot be sent is an error of this request, not of the process [A12]', async () => {
  const response = refused(401, {})
  if (!response.ok) await response.response.text()
  const { url } = await serve(async () => response)
  const answer = await fetch(url)
  expect(answer.status).toBe(500)
})
