import { withAuth } from 'next-auth/middleware'
import { authOptions } from './auth'

// It reads the cookie as the rest of the app does; what has ended is sent to the sign-in page.
export const proxy = withAuth({ jwt: authOptions.jwt })

export const config = { matcher: '/members' }
