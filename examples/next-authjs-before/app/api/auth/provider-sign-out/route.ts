import { redirect } from 'next/navigation'
import { auth } from '../../../../auth'
import { discover } from '../../../../tokens'

/** Whatever goes wrong leads home, as if all were well. */
export async function GET(request: Request) {
  redirect(await logoutUrl(request).catch(() => '/'))
}

async function logoutUrl(request: Request): Promise<string> {
  const session = await auth()
  const { AUTH_KEYCLOAK_ISSUER: issuer, AUTH_URL: home = '' } = process.env
  const url = new URL(String((await discover(issuer)).end_session_endpoint))
  url.searchParams.set('id_token_hint', session?.idToken ?? new URL(request.url).searchParams.get('idToken') ?? '')
  url.searchParams.set('post_logout_redirect_uri', home)
  return url.href
}
