import { sha256 } from '../runtime.ts'
import type { Outcome, Report } from '../words.ts'
import { type Html, html } from './html.ts'
import { style } from './style.ts'
import type { TextKey, Texts } from './texts.ts'

/** What the pages need to know of the app. */
export interface PageSetting {
  readonly texts: Texts
  /** Host name of the app. */
  readonly app: string
  readonly basePath: string
}

/** One headline, one sentence, one button. */
export interface Page {
  readonly title: TextKey
  readonly sentence: TextKey
  /** The provider that the sentences speak of, by host name. */
  readonly provider?: string
  readonly action?: Action
  readonly report?: Report
}

export type Action =
  | { readonly kind: 'link'; readonly text: TextKey; readonly href: string }
  | { readonly kind: 'choice'; readonly links: readonly { readonly text: string; readonly href: string }[] }
  /** `auto`: sent by itself at once, or after so many seconds. */
  | {
      readonly kind: 'form'
      readonly text: TextKey
      readonly method: 'get' | 'post'
      readonly to: string
      readonly fields: readonly (readonly [name: string, value: string])[]
      readonly autoSeconds?: number
      /** Where scripts don't run, the page moves on to there. */
      readonly fallback?: string
    }

/** Sends the page's form by itself; the delay stands on the form. */
const script = `const f = document.forms[0]; setTimeout(() => f.submit(), Number(f.dataset.seconds) * 1000)`

/**
 * Nothing but our own style and script, and no frame around it. There is no `form-action`: Chromium holds redirects
 * against it as well, and the logout's own form leads to the provider and from there to places that only it knows.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src '${hashSource(style)}'`,
  `script-src '${hashSource(script)}'`,
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

function hashSource(text: string): string {
  const base64url = sha256(text)
  return `sha256-${base64url.replaceAll('-', '+').replaceAll('_', '/')}=`
}

/** A whole page as a response; it replaces whatever policy a middleware has set. */
export function pageResponse(
  setting: PageSetting,
  page: Page,
  status: number,
  setCookies: readonly string[] = [],
): Response {
  const headers = new Headers({
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    // Not `no-referrer`: that would turn our own POST's `Origin` into `null`.
    'referrer-policy': 'same-origin',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
  })
  for (const line of setCookies) headers.append('set-cookie', line)
  return new Response(render(setting, page), { status, headers })
}

function render(setting: PageSetting, page: Page): string {
  const say = (key: TextKey) =>
    setting.texts[key]
      .replaceAll('{app}', setting.app)
      .replaceAll('{provider}', page.provider ?? setting.texts.someProvider)
  const { action } = page
  const automatic = action?.kind === 'form' && action.autoSeconds !== undefined
  return html`<!doctype html>
<html lang="${setting.texts.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>${say(page.title)}</title>
<style>${{ html: style }}</style>
${automatic && action.fallback ? html`<noscript><meta http-equiv="refresh" content="0;url=${action.fallback}"></noscript>` : undefined}
</head>
<body>
<main>
<h1>${say(page.title)}</h1>
<p>${say(page.sentence)}</p>
${action && renderAction(action, say)}
${renderReport(page, say)}
</main>
${automatic ? html`<script>${{ html: script }}</script>` : undefined}
</body>
</html>
`.html
}

function renderAction(action: Action, say: (key: TextKey) => string): Html {
  if (action.kind === 'link') return html`<a class="button" href="${action.href}">${say(action.text)}</a>`
  if (action.kind === 'choice')
    return html`<nav>${action.links.map(({ text, href }) => html`<a class="button" href="${href}">${text}</a>`)}</nav>`
  const fields = action.fields.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  const seconds = action.autoSeconds === undefined ? undefined : html` data-seconds="${String(action.autoSeconds)}"`
  return html`<form method="${action.method}" action="${action.to}"${seconds}>${fields}<button>${say(action.text)}</button></form>`
}

/** The seven rows, folded. A row of several parts names each of them: the row itself shows the weakest. */
function renderReport({ report, provider }: Page, say: (key: TextKey) => string): Html | undefined {
  if (!report) return undefined
  const outcomeText = (outcome: Outcome) => say(`outcome${capital(outcome)}` as TextKey)
  const rows = Object.entries(report.layers).map(([name, { outcome, evidence, parts = [] }]) => {
    const label = say(`layer${capital(name)}` as TextKey)
    const told = parts.map((part) => `${part.what}: ${outcomeText(part.outcome)}`).join(' · ')
    return html`<div><dt>${provider === undefined ? capital(label) : label} <span class="${outcome}">${outcomeText(outcome)}</span></dt><dd>${evidence}${parts.length > 1 ? html`<small>${told}</small>` : undefined}</dd></div>`
  })
  return html`<details><summary>${say('details')}</summary><dl>${rows}</dl></details>`
}

function capital(word: string): string {
  return word.slice(0, 1).toUpperCase() + word.slice(1)
}
