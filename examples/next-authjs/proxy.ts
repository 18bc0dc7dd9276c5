// Every page sees the session as the store knows it; Auth.js's own routes do so by themselves.
export { auth as proxy } from './auth'

export const config = { matcher: '/((?!api/auth|_next|favicon.ico).*)' }
