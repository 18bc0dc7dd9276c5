import { createHash } from 'node:crypto'
import { html, raw } from 'hono/html'
import { css } from './style.ts'

export type Html = ReturnType<typeof html>

/** Each place has its own colour, so that a person sees where a redirect has led. */
export type Place = 'mail' | 'calendar' | 'provider' | 'acme'

/** Submits the only form of its page. The provider confirms a logout with it. */
export const submitScript = 'document.forms[0].submit()'

const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`

/**
 * Nothing but our own style and script runs. `formTargets`: browsers apply `form-action` to the redirects after a form
 * as well, so a login page names every origin that a login leads through. `watched`: a page that asks whether its session
 * lives on, with a script of its own server.
 */
export function securityPolicy(formTargets: readonly string[] = [], watched = false): string {
  return [
    "default-src 'none'",
    `style-src ${hashOf(css)}`,
    `script-src ${watched ? "'self'" : hashOf(submitScript)}`,
    ...(watched ? ["connect-src 'self'"] : []),
    `form-action ${["'self'", ...formTargets].join(' ')}`,
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ')
}

export async function renderPage(place: Place, site: string, title: string, body: Html): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · ${site}</title>
<style>${raw(css)}</style>
</head>
<body class="${place}">
<header><p class="site">${site}</p></header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`,
  )
}
