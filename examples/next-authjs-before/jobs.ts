import { auth } from './auth'

/** The service outside of Next.js takes the access token. */
export async function readJobs(): Promise<string> {
  const session = await auth()
  const authorization = { authorization: `Bearer ${session?.accessToken}` }
  const answer = await fetch(`${process.env.JOBS_URL}/jobs`, { headers: { ...authorization }, cache: 'no-store' })
  return `${answer.status} ${(await answer.text()).slice(0, 200)}`
}
