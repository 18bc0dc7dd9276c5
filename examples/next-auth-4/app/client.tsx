'use client'

import { SessionProvider, signIn, signOut, useSession } from 'next-auth/react'

/** What Auth.js tells scripts. */
export function Client() {
  return (
    <SessionProvider>
      <Status />
    </SessionProvider>
  )
}

function Status() {
  const { status, data } = useSession()
  return (
    <p id="client">
      {status} {data?.user?.name}
    </p>
  )
}

export function SignIn() {
  return (
    <button type="button" onClick={() => signIn('keycloak', { callbackUrl: '/' })}>
      Sign in
    </button>
  )
}

export function SignOut() {
  return (
    <button type="button" onClick={() => signOut({ callbackUrl: '/' })}>
      Sign out of this app
    </button>
  )
}
