import type { App } from './app.ts'
import { safeReturnTo } from './web/return-to.ts'

/** Never back to a route of ours: a login that ends at the logout would be a trap. Long paths do not fit a cookie. */
export function loginReturnTo(app: App, wanted: string | undefined): string {
  const { origin, trustedOrigins, basePath } = app.options
  const url = safeReturnTo(wanted, origin, trustedOrigins)
  const home = `${origin}/`
  if (url === undefined || url.length > 512) return home
  return url === `${origin}${basePath}` || url.startsWith(`${origin}${basePath}/`) ? home : url
}
