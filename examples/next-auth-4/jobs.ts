import { endsession } from './auth'

/** The service outside of Next.js takes the access token. */
export async function readJobs(): Promise<string> {
  const access = await endsession.accessToken()
  const authorization = { authorization: access.ok ? `Bearer ${access.token}` : '' }
  const answer = await fetch(`${process.env.JOBS_URL}/jobs`, { headers: { ...authorization }, cache: 'no-store' })
  return `${answer.status} ${(await answer.text()).slice(0, 200)}`
}
