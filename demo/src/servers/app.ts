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
import {
  type ApiAnswer,
  calendarTexts,
  mailTexts,
  renderApiAnswer,
  renderHome,
  renderNoToken,
  renderOpenHome,
  renderWelcome,
} from '../pages/app-pages.ts'
import { securityPolicy } from '../pages/layout.ts'
import { guardName, type Plan } from '../plan.ts'
import { openDatabase } from './database.ts'
import { makeNotices, recordReport, recordTokens } from './recorder.ts'
import { serve } from './serve.ts'

const texts = process.argv[2] === 'calendar' ? calendarTexts : mailTexts

/** Mail or Calendar: an app as people write it, with endsession in front of its own routes. */
async function prepareApp(plan: Plan): Promise<RequestListener> {
  const { name } = texts
  const notice = makeNotices()
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
    feed: { keys: { [guardName]: plan.feedKeys[name] } },
    auth: plan.auth.apps,
    onEvent(event) {
      notice(event)
      if (plan.record) recordReport(event)
    },
    ...(plan.record && { runtime: { fetch: recordTokens(`${plan.urls.provider}/token`) } }),
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
    if (plan.auth.apps === 'disabled') return c.html(renderOpenHome(texts, plan))
    return c.html(session ? renderHome(texts, plan, session) : renderWelcome(texts))
  })

  app.get('/api-call', (c) =>
    endsession.protect(c.req.raw, async (session) => {
      const access = await endsession.accessToken(session)
      // Without a login there is no token either, and an API that knows asks for none.
      if (!access.ok && plan.auth.apps === 'enabled') return c.html(renderNoToken(texts, access.why), 503)
      const answer = await askApi(plan, access.ok ? access.token : undefined)
      return c.html(renderApiAnswer(texts, answer))
    }),
  )

  // What most apps do, kept for comparison: one cookie is deleted, and that is all.
  app.post('/usual-logout', (c) => {
    deleteCookie(c, 'endsession', { path: '/' })
    return c.redirect('/', 303)
  })

  return getRequestListener(app.fetch)
}

/** An API that is stopped, or slow, keeps nobody waiting for long. */
async function askApi(plan: Plan, token: string | undefined): Promise<ApiAnswer | undefined> {
  try {
    const answer = await fetch(`${plan.urls.api}/messages`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(3000),
    })
    return { status: answer.status, text: await answer.text(), withToken: token !== undefined }
  } catch {
    return undefined
  }
}

serve(texts.name, prepareApp)
