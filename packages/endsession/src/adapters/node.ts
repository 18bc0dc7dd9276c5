import type { IncomingMessage, ServerResponse } from 'node:http'
import type { EndSession, Host } from '../index.ts'
import { bodyOf, pathOf, sendResponse, toRequest, withHost } from './translate.ts'

/** Answers the routes of ours; `true` when it did. Before or after a body parser. */
export type NodeHandler = (request: IncomingMessage, response: ServerResponse) => Promise<boolean>

/** For `node:http` and what is built on it. Translation only. */
export function nodeAdapter(endsession: EndSession, options: { host?: Host<IncomingMessage> } = {}): NodeHandler {
  return async (request, response) => {
    const ours = new URL(endsession.urls.callback)
    if (!pathOf(request).startsWith(ours.pathname.slice(0, -'callback'.length))) return false
    const asked = toRequest(request, ours.origin, bodyOf(request))
    const answer = await endsession.handle(asked, withHost(options.host, request))
    if (!answer) return false
    await sendResponse(answer, response)
    return true
  }
}
