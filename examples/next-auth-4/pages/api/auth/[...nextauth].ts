// In the App Router: `export { handler as GET, handler as POST } from …` in app/api/auth/[...nextauth]/route.ts.
export { handler as default } from '../../../auth'
