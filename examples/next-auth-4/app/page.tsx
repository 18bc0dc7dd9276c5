import { LogoutButton, SessionWatch } from 'endsession/react'
import { getServerSession } from 'next-auth'
import { authOptions } from '../auth'
import { readJobs } from '../jobs'
import { Client, SignIn, SignOut } from './client'

export default async function Page() {
  const session = await getServerSession(authOptions)
  if (!session)
    return (
      <main>
        <h1>Nobody is signed in</h1>
        <SignIn />
      </main>
    )
  return (
    <main>
      <h1>Jobs of {session.user?.name}</h1>
      <p id="jobs">{await readJobs()}</p>
      <Client />
      <LogoutButton>Log out</LogoutButton>
      <SignOut />
      <SessionWatch signedIn />
    </main>
  )
}
