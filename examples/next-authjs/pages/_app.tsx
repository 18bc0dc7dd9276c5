import { SessionWatch } from 'endsession/react'
import type { AppProps } from 'next/app'
import { SessionProvider } from 'next-auth/react'

/** `signedIn`: pages that only who is signed in sees say so. */
export default function App({ Component, pageProps }: AppProps<{ signedIn?: boolean }>) {
  return (
    <SessionProvider>
      <Component {...pageProps} />
      <SessionWatch signedIn={pageProps.signedIn === true} />
    </SessionProvider>
  )
}
