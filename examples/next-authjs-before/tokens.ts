import type { Account, NextAuthConfig } from 'next-auth'
import type { JWT } from 'next-auth/jwt'

/** All three tokens go into the session cookie, and two of them to the browser. */
export const callbacks: NextAuthConfig['callbacks'] = {
  jwt: ({ token, account }) => (account ? keepTokens(token, account) : renewTokens(token)),
  session: ({ session, token }) => Object.assign(session, { accessToken: token.accessToken, idToken: token.idToken }),
}

function keepTokens(token: JWT, account: Account): JWT {
  const { access_token: accessToken, id_token: idToken, refresh_token: refreshToken, expires_at: expiresAt } = account
  return { ...token, accessToken, idToken, refreshToken, expiresAt }
}

/** What fails here throws, and Auth.js then removes the cookie: with the ID token in it. */
async function renewTokens(token: JWT): Promise<JWT> {
  if (Date.now() < Number(token.expiresAt) * 1000) return token
  const { AUTH_KEYCLOAK_ID: id = '', AUTH_KEYCLOAK_SECRET: secret = '', AUTH_KEYCLOAK_ISSUER: issuer } = process.env
  const { token_endpoint: endpoint } = await discover(issuer)
  const body = { client_id: id, client_secret: secret, grant_type: 'refresh_token' }
  const refreshToken = String(token.refreshToken)
  const answer = await fetch(String(endpoint), {
    method: 'POST',
    body: new URLSearchParams({ ...body, refresh_token: refreshToken }),
  })
  if (!answer.ok) throw new Error(`the refresh was answered ${answer.status}`)
  const fresh = await answer.json()
  const expiresAt = Math.floor(Date.now() / 1000) + fresh.expires_in
  // A new ID token is not looked at.
  return { ...token, accessToken: fresh.access_token, refreshToken: fresh.refresh_token ?? refreshToken, expiresAt }
}

export async function discover(issuer = ''): Promise<Record<string, unknown>> {
  return (await fetch(`${issuer}/.well-known/openid-configuration`)).json()
}
