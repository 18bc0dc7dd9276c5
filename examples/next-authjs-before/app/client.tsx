'use client'

import { SessionProvider, useSession } from 'next-auth/react'

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
