/** What `5-own-login.ts` says its app has today: a login of its own. Without anything that a real one would check. */
import { createHash, randomBytes } from 'node:crypto'
import type { Tokens } from 'endsession'
import type { Express, Request } from 'express'
import type { Session } from 'express-session'

const { ISSUER = '', CLIENT_SECRET = '', ORIGIN = '', PORT = '' } = process.env
const redirectUri = `${ORIGIN}/auth/callback`

type LoggingIn = Session & { login?: { state: string; verifier: string } | undefined }
const sessionOf = (req: Request): LoggingIn => req.session

async function discover(): Promise<{ authorization_endpoint: string; token_endpoint: string }> {
  const response = await fetch(`${ISSUER}/.well-known/openid-configuration`)
  return response.json() as Promise<{ authorization_endpoint: string; token_endpoint: string }>
}

/** The routes that the example leaves to its reader. */
export function serveOwnLogin(app: Express): void {
  app.get('/login', async (req, res) => {
    const login = { state: randomBytes(16).toString('hex'), verifier: randomBytes(32).toString('base64url') }
    sessionOf(req).login = login
    const url = new URL((await discover()).authorization_endpoint)
    const interactive = req.query['prompt'] === 'login'
    url.search = new URLSearchParams({
      response_type: 'code',
      client_id: 'mail',
      redirect_uri: redirectUri,
      scope: 'openid profile email',
      state: login.state,
      code_challenge: createHash('sha256').update(login.verifier).digest('base64url'),
      code_challenge_method: 'S256',
      max_age: interactive ? '0' : '315360000',
      ...(interactive && { prompt: 'login' }),
    }).toString()
    res.redirect(url.href)
  })
  app.listen(Number(PORT))
}

export async function myLogin(req: Request): Promise<Tokens> {
  const { login } = sessionOf(req)
  if (!login || req.query['state'] !== login.state) throw new Error('state')
  const response = await fetch((await discover()).token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`mail:${encodeURIComponent(CLIENT_SECRET)}`)}` },
    body: new URLSearchParams({
      grant_type: 'authorization_code',
      code: String(req.query['code']),
      redirect_uri: redirectUri,
      code_verifier: login.verifier,
    }),
  })
  const { id_token, access_token, refresh_token, expires_in } = (await response.json()) as Record<string, string>
  sessionOf(req).login = undefined
  return {
    idToken: id_token ?? '',
    ...(access_token && {
      accessToken: access_token,
      accessTokenExpiresAt: Math.floor(Date.now() / 1000) + Number(expires_in),
    }),
    ...(refresh_token && { refreshToken: refresh_token }),
  }
}
