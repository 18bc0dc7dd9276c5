import NextAuth from 'next-auth'
import Keycloak from 'next-auth/providers/keycloak'
import { callbacks } from './tokens'

// AUTH_SECRET, AUTH_KEYCLOAK_ID, AUTH_KEYCLOAK_SECRET and AUTH_KEYCLOAK_ISSUER come from the environment, as ever.
export const { handlers, auth, signIn, signOut } = NextAuth({ providers: [Keycloak], callbacks })
