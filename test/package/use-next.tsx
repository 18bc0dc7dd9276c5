// The entries of a Next.js app. Its packages' own types are taken as they are.
import { withEndSession } from 'endsession/next-auth'
import { LogoutButton, SessionWatch, useLogout } from 'endsession/react'
import { sqliteStore } from 'endsession/sqlite'
import NextAuth from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'

declare const database: Parameters<typeof sqliteStore>[0]

const { handlers, auth, signIn, signOut, endsession } = withEndSession(NextAuth, { providers: [Keycloak] }, () => ({
  baseUrl: process.env.AUTH_URL,
  store: sqliteStore(database),
}))
export const { GET, POST } = handlers
export { signIn, signOut }

export async function Header() {
  const session = await auth()
  const access = await endsession.accessToken()
  return (
    <header>
      {session?.user?.name} {access.ok ? access.expiresAt : access.why}
      <LogoutButton scope="provider">Log out</LogoutButton>
      <SessionWatch signedIn />
    </header>
  )
}

export function useMenu(): () => void {
  const logOut = useLogout()
  return () => logOut({ scope: 'everywhere' })
}
