import { auth } from '../../../auth'
import { readJobs } from '../../../jobs'

export const GET = auth(async ({ auth: session }) => {
  if (!session) return Response.json({ error: 'signed_out' }, { status: 401 })
  return Response.json({ jobs: await readJobs() }, { headers: { 'cache-control': 'no-store' } })
})
