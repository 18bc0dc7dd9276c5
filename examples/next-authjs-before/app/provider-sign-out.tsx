'use client'

import { signOut } from 'next-auth/react'

/** The session ends first, so the ID token travels in an address of ours. */
export function ProviderSignOut({ idToken }: { idToken?: string }) {
  const callbackUrl = `/api/auth/provider-sign-out?idToken=${idToken}`
  return (
    <button type="button" onClick={() => signOut({ callbackUrl })}>
      Log out
    </button>
  )
}
