import '../localhost-lookup.ts'
import { getRequestListener } from '@hono/node-server'
import { Hono } from 'hono'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import type { Plan } from '../plan.ts'
import { serve } from './serve.ts'

/** A service next door. It takes access tokens the way most do: signature, issuer, audience, expiry, nothing else. */
function prepareApi(plan: Plan): ReturnType<typeof getRequestListener> {
  const keys = createRemoteJWKSet(new URL('/jwks', plan.urls.provider))
  const api = new Hono()
  api.get('/messages', async (c) => {
    const token = /^Bearer (\S+)$/i.exec(c.req.header('authorization') ?? '')?.[1]
    if (!token) return c.json({ error: 'no_token' }, 401, { 'www-authenticate': 'Bearer' })
    try {
      const { payload } = await jwtVerify(token, keys, {
        issuer: plan.urls.provider,
        audience: plan.urls.api,
        typ: 'at+jwt',
      })
      return c.json({ for: payload.sub, unread: 3 }, 200, { 'cache-control': 'no-store' })
    } catch {
      return c.json({ error: 'invalid_token' }, 401, { 'www-authenticate': 'Bearer error="invalid_token"' })
    }
  })
  return getRequestListener(api.fetch)
}

serve('api', prepareApi)
