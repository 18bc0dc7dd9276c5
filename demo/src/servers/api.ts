import '../localhost-lookup.ts'
import { getRequestListener } from '@hono/node-server'
import { createGuard } from 'endsession/guard'
import { Hono } from 'hono'
import { guardName, jobsName, type Plan } from '../plan.ts'
import { makeFetch } from './filmed-fetch.ts'
import { makeNotices } from './recorder.ts'
import { type Server, serve } from './serve.ts'

/** A service next door. It takes the apps’ access tokens, until they tell it that a login has ended. */
function prepareApi(plan: Plan): Server {
  const guard = createGuard({
    issuer: plan.urls.provider,
    audience: plan.urls.api,
    feed: [
      { url: `${plan.urls.mail}/auth/feed`, name: guardName, key: plan.feedKeys.mail },
      { url: `${plan.urls.calendar}/auth/feed`, name: guardName, key: plan.feedKeys.calendar },
      ...(plan.next === undefined
        ? []
        : [{ url: `${plan.urls.next}/api/auth/endsession/feed`, name: jobsName, key: plan.feedKeys.next }]),
    ],
    auth: plan.auth.api,
    onEvent: makeNotices(),
    runtime: { fetch: makeFetch(plan, 'api') },
  })
  const api = new Hono()
  api.get('/messages', async (c) => {
    const checked = await guard.check(c.req.raw)
    if (!checked.ok) return checked.response
    return c.json({ for: checked.claims.sub, unread: 3 }, 200, { 'cache-control': 'no-store' })
  })
  api.get('/jobs', async (c) => {
    const checked = await guard.check(c.req.raw)
    if (!checked.ok) return checked.response
    return c.text(`${checked.claims.sub} has two jobs to do`, 200, { 'cache-control': 'no-store' })
  })
  return { listener: getRequestListener(api.fetch) }
}

serve('api', prepareApi)
