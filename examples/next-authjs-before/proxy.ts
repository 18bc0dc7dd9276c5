// With no matcher: every answer sets the session cookie again.
export { auth as proxy } from './auth'
