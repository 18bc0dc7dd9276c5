/**
 * Runs before an example, in its process: the name look-up, and what stands in for the reader's own origin, port and view
 * engine. The example's file stays as it is written.
 */
import '../../demo/dist/localhost-lookup.js'
import { createRequire, registerHooks } from 'node:module'

const ownLogin = new URL('first-own-login.ts', import.meta.url).href
const { EXAMPLE = '', ORIGIN = '', PORT = '', AUDIENCE = '' } = process.env

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context)
    if (url !== EXAMPLE) return loaded
    const source = String(loaded.source)
      .replace(/baseUrl: '[^']+'/, `baseUrl: '${ORIGIN}'`)
      .replace(/url: 'https:\/\/[^/]+/, `url: '${ORIGIN}`)
      .replace(/audience: '[^']+'/, `audience: '${AUDIENCE}'`)
      .replace(/\b[34]000\b/, PORT)
      // The own login's redirect URI is the one that is registered; the login itself is the reader's.
      .replace("'/callback'", "'/auth/callback'")
      .replace(
        /^declare function myLogin.*$/m,
        `import { myLogin, serveOwnLogin } from '${ownLogin}'; queueMicrotask(() => serveOwnLogin(app))`,
      )
    return { ...loaded, source }
  },
})

// The Express example renders a view that is called `home`. The reader has an engine for it; here, one line is enough.
const view = '<h1>Hello {name}</h1> <form method="post" action="/auth/logout"><button>Log out</button></form>'
const express = createRequire(EXAMPLE)('express')
class View {
  render({ name }: { name: string }, done: (error: null, html: string) => void): void {
    done(null, view.replace('{name}', name))
  }
  readonly path = 'home'
}
const { defaultConfiguration } = express.application
express.application.defaultConfiguration = function configure(): void {
  defaultConfiguration.call(this)
  this.set('view', View)
}
