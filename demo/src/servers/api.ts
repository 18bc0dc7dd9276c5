import '../localhost-lookup.ts'
import { getRequestListener } from '@hono/node-server'
import { createGuard } from 'endsession/guard'
import { Hono } from 'hono'
import { guardName, type Plan } from '../plan.ts'
import { makeNotices } from './recorder.ts'
import { serve } from './serve.ts'

/** A service next door. It takes the access tokens of both apps, until they tell it that a login has ended. */
function prepareApi(plan: Plan): ReturnType<typeof getRequestListener> {
  const guard = createGuard({
    issuer: plan.urls.provider,
    audience: plan.urls.api,
    feed: [
      { url: `${plan.urls.mail}/auth/feed`, name: guardName, key: plan.feedKeys.mail },
      { url: `${plan.urls.calendar}/auth/feed`, name: guardName, key: plan.feedKeys.calendar },
    ],
    auth: plan.auth.api,
    onEvent: makeNotices(),
  })
  const api = new Hono()
  api.get('/messages', async (c) => {
    const checked = await guard.check(c.req.raw)
    if (!checked.ok) return checked.response
    return c.json({ for: checked.claims.sub, unread: 3 }, 200, { 'cache-control': 'no-store' })
  })
  return getRequestListener(api.fetch)
}

serve('api', prepareApi)
