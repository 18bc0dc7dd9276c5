import '../localhost-lookup.ts'
import { readFileSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { getRequestListener } from '@hono/node-server'
import { createEndSession, type EndSession, type Store } from 'endsession'
import { Hono } from 'hono'
import { deleteCookie } from 'hono/cookie'
import { csrf } from 'hono/csrf'
import { tokenEndpoint } from '../identity.ts'
import type { Answers } from '../messages.ts'
import {
  type ApiAnswer,
  calendarTexts,
  mailTexts,
  renderApiAnswer,
  renderDevices,
  renderHome,
  renderNoToken,
  renderOpenHome,
  renderWelcome,
  watchPaths,
  watchScript,
} from '../pages/app-pages.ts'
import { securityPolicy } from '../pages/layout.ts'
import { guardName, type Plan } from '../plan.ts'
import { filmCalls, makeFetch } from './filmed-fetch.ts'
import { findPerson } from './people.ts'
import { makeNotices, recordReport, recordTokens } from './recorder.ts'
import { type Server, serve } from './serve.ts'
import { openStore } from './store.ts'

const script = { 'content-type': 'text/javascript; charset=utf-8' } as const
const browserModule = readFileSync(fileURLToPath(import.meta.resolve('endsession/browser')), 'utf8')

const texts = process.argv[2] === 'calendar' ? calendarTexts : mailTexts

/** Mail or Calendar: an app as people write it, with endsession in front of its own routes. */
async function prepareApp(plan: Plan): Promise<Server> {
  const { name } = texts
  const send = makeFetch(plan, name)
  const notice = makeNotices()
  const store = await openStore(plan, name)
  const endsession = createEndSession({
    baseUrl: plan.urls[name],
    secret: plan.sessionSecrets[name],
    store,
    providers: {
      example: {
        issuer: plan.urls.provider,
        clientId: name,
        clientSecret: plan.secrets[name],
        profile: { name: plan.provider === 'keycloak' ? 'keycloak' : 'oidc-provider' },
      },
    },
    logout: { probe: 'where_it_proves' },
    feed: { keys: { [guardName]: plan.feedKeys[name] } },
    auth: plan.auth.apps,
    onEvent(event) {
      notice(event)
      recordReport(event)
    },
    runtime: { fetch: recordTokens(tokenEndpoint(plan), send) },
  })
  await endsession.ready()
  // The parent process does it as well; but a parent that was killed does not.
  process.on('exit', () => rmSync(plan.folder, { recursive: true, force: true }))

  const app = new Hono()
  // Our own provider films what it sends; Keycloak does not.
  const handle = plan.provider === 'keycloak' ? filmCalls(plan, name, endsession.handle) : endsession.handle
  app.use(async (c, next) => (await handle(c.req.raw)) ?? next())
  app.use(csrf())
  app.use(async (c, next) => {
    await next()
    c.header('content-security-policy', securityPolicy([], true))
    c.header('referrer-policy', 'same-origin')
    c.header('cache-control', 'no-store')
    // Which of several processes it was.
    c.header('x-demo-process', String(process.pid))
  })

  app.get('/', async (c) => {
    const session = await endsession.session(c.req.raw)
    if (plan.auth.apps === 'disabled') return c.html(renderOpenHome(texts, plan))
    return c.html(session ? renderHome(texts, plan, session) : renderWelcome(texts))
  })

  app.get('/devices', (c) =>
    endsession.protect(c.req.raw, async (session) => c.html(renderDevices(texts, await endsession.devices(session)))),
  )

  app.get('/api-call', (c) =>
    endsession.protect(c.req.raw, async (session) => {
      const access = await endsession.accessToken(session)
      // Without a login there is no token either, and an API that knows asks for none.
      if (!access.ok && plan.auth.apps === 'enabled') return c.html(renderNoToken(texts, access.why), 503)
      const answer = await askApi(plan, send, access.ok ? access.token : undefined)
      return c.html(renderApiAnswer(texts, answer))
    }),
  )

  app.get(watchPaths.start, (c) => c.body(watchScript, 200, script))
  app.get(watchPaths.module, (c) => c.body(browserModule, 200, script))

  // What most apps do, kept for comparison: one cookie is deleted, and that is all.
  app.post('/usual-logout', (c) => {
    deleteCookie(c, 'endsession', { path: '/' })
    return c.redirect('/', 303)
  })

  return { listener: getRequestListener(app.fetch), answers: makeAnswers(plan, endsession, store) }
}

/** For the control room: what an administrator does, and how to begin anew. */
function makeAnswers(plan: Plan, endsession: EndSession, store: Store): Answers {
  const subOf = (id: string) => (plan.provider === 'keycloak' ? (findPerson(id)?.idAt.example ?? id) : id)
  return {
    endPerson: (id) => endsession.end({ provider: 'example', sub: subOf(id) }, 'ended by the administrator'),
    async forgetPerson(person) {
      const sessions = await store.list({ iss: plan.urls.provider, client: texts.name, sub: subOf(person) })
      for (const { id } of sessions) await endsession.end({ id }, 'the control room begins anew')
    },
  }
}

/** An API that is stopped, or slow, keeps nobody waiting for long. */
async function askApi(plan: Plan, send: typeof fetch, token: string | undefined): Promise<ApiAnswer | undefined> {
  try {
    const answer = await send(`${plan.urls.api}/messages`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(3000),
    })
    return { status: answer.status, text: await answer.text(), withToken: token !== undefined }
  } catch {
    return undefined
  }
}

serve(texts.name, prepareApp)
