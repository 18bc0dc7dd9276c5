import type { Request, RequestHandler, Response } from 'express'
import type { EndSession, Session } from '../index.ts'
import { nodeAdapter, sendResponse, toRequest } from './node.ts'

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
export function expressAdapter(endsession: EndSession): ExpressAdapter {
  const answer = nodeAdapter(endsession)

  async function findSession(request: Request, response: Response): Promise<Session | undefined> {
    let session: Session | undefined
    const { origin } = new URL(endsession.urls.callback)
    const answered = await endsession.protect(toRequest(request, origin), (found) => {
      session = found
      return new globalThis.Response()
    })
    if (!session) await sendResponse(answered, response)
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
