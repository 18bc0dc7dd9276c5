import { auth, signIn, signOut } from '../auth'
import { readJobs } from '../jobs'
import { Client } from './client'
import { ProviderSignOut } from './provider-sign-out'

export default async function Page() {
  const session = await auth()
  if (!session) return <SignedOut />
  return (
    <main>
      <h1>Jobs of {session.user?.name}</h1>
      <p id="jobs">{await readJobs()}</p>
      <Client />
      <ProviderSignOut idToken={session.idToken} />
      <form action={leave}>
        <button type="submit">Sign out of this app</button>
      </form>
    </main>
  )
}

function SignedOut() {
  return (
    <main>
      <h1>Nobody is signed in</h1>
      <form action={enter}>
        <button type="submit">Sign in</button>
      </form>
    </main>
  )
}

async function enter() {
  'use server'
  await signIn('keycloak', { redirectTo: '/' })
}

async function leave() {
  'use server'
  await signOut({ redirectTo: '/' })
}
