import type { NextApiRequest, NextApiResponse } from 'next'
import { auth, endsession } from '../../auth'

export default async function handler(request: NextApiRequest, response: NextApiResponse) {
  const session = await auth(request, response)
  response.setHeader('cache-control', 'no-store')
  if (!session) return response.status(401).json({ error: 'signed_out' })
  const { sub } = (await endsession.session(request)) ?? {}
  const { ok } = await endsession.accessToken(request)
  response.json({ name: session.user?.name, sub, hasToken: ok })
}
