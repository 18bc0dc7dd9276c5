import { withEndSession } from 'endsession/next-auth'
import { sqliteStore } from 'endsession/sqlite'
import Database from 'libsql'
import NextAuth from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'

// AUTH_SECRET, AUTH_KEYCLOAK_ID, AUTH_KEYCLOAK_SECRET and AUTH_KEYCLOAK_ISSUER come from the environment, as ever.
const config = { providers: [Keycloak] }
export const { handlers, auth, signIn, signOut, endsession } = withEndSession(NextAuth, config, () => ({
  baseUrl: process.env.AUTH_URL,
  store: sqliteStore(new Database(process.env.DATABASE ?? 'endsession.db')),
  auth: process.env.AUTH_ENABLED === 'false' ? 'disabled' : 'enabled',
  // The jobs service follows what ends here, and refuses its tokens.
  feed: { keys: process.env.JOBS_KEY ? { jobs: process.env.JOBS_KEY } : {} },
}))
