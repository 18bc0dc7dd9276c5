import { join } from 'node:path'

/** @type {import('next').NextConfig} */
export default {
  // The workspace's types are checked by the workspace's own TypeScript.
  typescript: { ignoreBuildErrors: true },
  turbopack: { root: join(import.meta.dirname, '../..') },
}
