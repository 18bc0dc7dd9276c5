import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler, Response } from 'express'
import type { Guard } from '../guard/index.ts'
import type { EndSession, Host, Session } from '../index.ts'
import { nodeAdapter } from './node.ts'
import { sendResponse, toRequest, withHost } from './translate.ts'

declare global {
  namespace Express {
    interface Request {
      /** Behind `protect`: who is signed in. */
      endsession: Session
    }
  }
}

export interface ExpressAdapter {
  /** Before or after body parsers; before your own routes. */
  readonly routes: RequestHandler
  /** Signed in, or on the way to the login. Sets `no-store` and `req.endsession`. */
  readonly protect: RequestHandler
}

/** For Express 5 (and 4). Translation only. */
export function expressAdapter(endsession: EndSession, options: { host?: Host<Request> } = {}): ExpressAdapter {
  const answer = nodeAdapter(endsession, options as { host?: Host<IncomingMessage> })

  async function findSession(request: Request, response: Response): Promise<Session | undefined> {
    let session: Session | undefined
    const { origin } = new URL(endsession.urls.callback)
    const page = (found: Session) => {
      session = found
      return new globalThis.Response()
    }
    const answered = await endsession.protect(toRequest(request, origin), page, withHost(options.host, request))
    if (!session) await sendResponse(answered, response)
    else for (const cookie of answered.headers.getSetCookie()) response.appendHeader('set-cookie', cookie)
    return session
  }

  return {
    routes(request, response, next) {
      answer(request, response).then((answered) => answered || next(), next)
    },
    protect(request, response, next) {
      findSession(request, response).then((session) => {
        if (!session) return
        request.endsession = session
        response.setHeader('cache-control', 'no-store')
        next()
      }, next)
    },
  }
}

/**
 * In front of a service's routes: lets through who has a good access token, answers 401 or 503 to others. The token's
 * claims are in `response.locals.claims`.
 */
export function expressGuard(guard: Guard): RequestHandler {
  return (request, response, next) => {
    // Only headers are looked at: the origin does not matter.
    const answered = guard.check(toRequest(request, 'http://localhost')).then(async (checked) => {
      if (checked.ok) response.locals['claims'] = checked.claims
      else await sendResponse(checked.response, response)
      return checked.ok
    })
    answered.then((passes) => void (passes && next()), next)
  }
}
