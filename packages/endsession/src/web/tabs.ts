import { EndSessionError } from '../errors.ts'

/** For what open tabs ask: for nobody's cache, and no other site may so much as load it. */
export const tabHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'cross-origin-resource-policy': 'same-origin',
  'x-content-type-options': 'nosniff',
}

/**
 * Whether somebody is signed in is not for other sites. `none` is a person who has typed the address. Browsers that do not
 * send `Sec-Fetch-Site` keep the answer from other sites' scripts, and name those that ask by script in `Origin`.
 */
export function refuseStrangers(request: Request, origin: string): void {
  const site = request.headers.get('sec-fetch-site')
  const from = request.headers.get('origin')
  if (site === null ? from === null || from === origin : site === 'same-origin' || site === 'none') return
  throw new EndSessionError('ERR_REQUEST', 'This is for pages of this app only.', { status: 403 })
}
