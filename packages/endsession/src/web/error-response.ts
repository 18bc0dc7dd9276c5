import { EndSessionError, type ErrorCode } from '../errors.ts'
import type { Page } from './page.ts'
import { isNavigation } from './request.ts'
import type { TextKey } from './texts.ts'

const pages: Partial<Readonly<Record<ErrorCode, readonly [title: TextKey, sentence: TextKey]>>> = {
  ERR_STORE: ['storeDownTitle', 'storeDownSentence'],
  ERR_PROVIDER: ['providerDownTitle', 'providerDownSentence'],
  ERR_LOGIN: ['loginFailedTitle', 'loginFailedSentence'],
  ERR_REQUEST: ['refusedTitle', 'refusedSentence'],
}

/**
 * What an error looks like from outside: a page with one button for people, the bare code for scripts. Never its cause.
 * Whatever is not an error of ours, or is the developer's to mend, is thrown on.
 */
export function errorResponse(
  renderPage: (page: Page, status: number) => Response,
  request: Request,
  error: unknown,
): Response {
  const words = error instanceof EndSessionError ? pages[error.code] : undefined
  if (!words || !(error instanceof EndSessionError)) throw error
  if (!isNavigation(request))
    return Response.json({ error: error.code }, { status: error.status, headers: { 'cache-control': 'no-store' } })
  const [title, sentence] = words
  return renderPage({ title, sentence, action: { kind: 'link', text: 'homeButton', href: '/' } }, error.status)
}
