import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const source = fileURLToPath(new URL('../../packages/endsession/src/browser/', import.meta.url))

/** One module, made of the source as an app's bundler would: minified, for production. */
export async function bundle(entry: string): Promise<string> {
  const made = await build({
    configFile: false,
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
    resolve: { alias: { 'endsession/browser': `${source}index.ts`, 'endsession/react': `${source}react.ts` } },
    build: {
      write: false,
      modulePreload: false,
      // Not as a library: those keep their white space.
      rollupOptions: { input: entry, preserveEntrySignatures: 'strict' },
    },
  })
  const [first] = [made].flat()
  const [chunk] = first && 'output' in first ? first.output : []
  if (chunk?.type !== 'chunk') throw new Error(`nothing was made of ${entry}`)
  return chunk.code
}

export const bundleBrowser = (): Promise<string> => bundle(`${source}index.ts`)
