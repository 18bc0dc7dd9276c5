import { getServerSession } from 'next-auth'
import { authOptions } from '../../../auth'
import { readJobs } from '../../../jobs'

export async function GET() {
  const session = await getServerSession(authOptions)
  if (!session) return Response.json({ error: 'signed_out' }, { status: 401 })
  return Response.json({ jobs: await readJobs() }, { headers: { 'cache-control': 'no-store' } })
}
