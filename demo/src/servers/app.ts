import '../localhost-lookup.ts'
import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { join } from 'node:path'
import { getRequestListener } from '@hono/node-server'
import { createEndSession } from 'endsession'
import { sqliteStore } from 'endsession/sqlite'
import { Hono } from 'hono'
import { deleteCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { calendarTexts, mailTexts, renderApiAnswer, renderHome, renderWelcome } from '../pages/app-pages.ts'
import { securityPolicy } from '../pages/layout.ts'
import type { Plan } from '../plan.ts'
import { openDatabase } from './database.ts'
import { recordEvent, recordTokens } from './recorder.ts'
import { serve } from './serve.ts'

const texts = process.argv[2] === 'calendar' ? calendarTexts : mailTexts

/** Mail or Calendar: an app as people write it, with endsession in front of its own routes. */
async function prepareApp(plan: Plan): Promise<RequestListener> {
  const { name } = texts
  const endsession = createEndSession({
    baseUrl: plan.urls[name],
    secret: randomBytes(32).toString('base64url'),
    store: sqliteStore(await openDatabase(join(plan.folder, `${name}.db`))),
    providers: {
      example: {
        issuer: plan.urls.provider,
        clientId: name,
        clientSecret: plan.secrets[name],
        profile: { name: 'oidc-provider' },
      },
    },
    logout: { probe: 'where_it_proves' },
    ...(plan.record && { onEvent: recordEvent, runtime: { fetch: recordTokens(`${plan.urls.provider}/token`) } }),
  })
  await endsession.ready()
  // The parent process does it as well; but a parent that was killed does not.
  process.on('exit', () => rmSync(plan.folder, { recursive: true, force: true }))

  const app = new Hono()
  app.use(async (c, next) => (await endsession.handle(c.req.raw)) ?? next())
  app.use(csrf())
  app.use(async (c, next) => {
    await next()
    c.header('content-security-policy', securityPolicy())
    c.header('referrer-policy', 'same-origin')
    c.header('cache-control', 'no-store')
  })

  app.get('/', async (c) => {
    const session = await endsession.session(c.req.raw)
    return c.html(session ? renderHome(texts, plan, session) : renderWelcome(texts))
  })

  app.get('/api-call', (c) =>
    endsession.protect(c.req.raw, async (session) => {
      const access = await endsession.accessToken(session)
      if (!access.ok) return c.html(renderApiAnswer(texts, 503, access.why), 503)
      const answer = await fetch(`${plan.urls.api}/messages`, {
        headers: { authorization: `Bearer ${access.token}` },
        signal: AbortSignal.timeout(3000),
      })
      return c.html(renderApiAnswer(texts, answer.status, await answer.text()))
    }),
  )

  // What most apps do, kept for comparison: one cookie is deleted, and that is all.
  app.post('/usual-logout', (c) => {
    deleteCookie(c, 'endsession', { path: '/' })
    return c.redirect('/', 303)
  })

  return getRequestListener(app.fetch)
}

serve(texts.name, prepareApp)
