import { join } from 'node:path'

/** @type {import('next').NextConfig} */
export default {
  // For `pages/` alone: there, Node.js would load them itself, and not find what they take of Next.js.
  transpilePackages: ['next-auth', '@auth/core'],
  // A native module: it stays where it is.
  serverExternalPackages: ['libsql'],
  // The workspace's types are checked by the workspace's own TypeScript.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: join(import.meta.dirname, '../..') },
}
