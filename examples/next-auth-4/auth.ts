import { withEndSession } from 'endsession/next-auth-4'
import { sqliteStore } from 'endsession/sqlite'
import Database from 'libsql'
import NextAuth, { type NextAuthOptions } from 'next-auth'
import KeycloakProvider from 'next-auth/providers/keycloak'

const options: NextAuthOptions = {
  providers: [
    KeycloakProvider({
      clientId: process.env.AUTH_KEYCLOAK_ID ?? '',
      clientSecret: process.env.AUTH_KEYCLOAK_SECRET ?? '',
      issuer: process.env.AUTH_KEYCLOAK_ISSUER,
    }),
  ],
}

// NEXTAUTH_SECRET comes from the environment, as ever.
export const { authOptions, handler, endsession } = withEndSession(NextAuth, options, () => ({
  baseUrl: process.env.NEXTAUTH_URL,
  store: sqliteStore(new Database(process.env.DATABASE ?? 'endsession.db')),
  auth: process.env.AUTH_ENABLED === 'false' ? 'disabled' : 'enabled',
  // The jobs service follows what ends here, and refuses its tokens.
  feed: { keys: process.env.JOBS_KEY ? { jobs: process.env.JOBS_KEY } : {} },
}))
