import type { Device, Session } from 'endsession'
import { html } from 'hono/html'
import type { AppName, Plan } from '../plan.ts'
import { type Html, renderPage } from './layout.ts'

/** Where the app serves the library's browser side, and the two lines that start it. */
export const watchPaths = { module: '/endsession-browser.js', start: '/watch.js' } as const

export const watchScript: string = `import { watchSession } from '${watchPaths.module}'\nwatchSession({ signedIn: true })\n`

/** On pages for those who are signed in: they go when the session does, wherever it ends. */
const watch: Html = html`<script type="module" src="${watchPaths.start}"></script>`

/** What makes Mail Mail and Calendar Calendar. */
export interface AppTexts {
  readonly name: AppName
  readonly site: string
  readonly other: { readonly name: AppName; readonly site: string }
  title(person: string): string
  readonly entries: readonly (readonly [string, string])[]
}

export const mailTexts: AppTexts = {
  name: 'mail',
  site: 'Mail',
  other: { name: 'calendar', site: 'Calendar' },
  title: (person) => `${person}’s inbox`,
  entries: [
    ['Ben', 'Lunch on Thursday? The place by the river is open again.'],
    ['Payroll', 'Your payslip for November is ready.'],
    ['Library', 'The book that you reserved has come in.'],
  ],
}

export const calendarTexts: AppTexts = {
  name: 'calendar',
  site: 'Calendar',
  other: { name: 'mail', site: 'Mail' },
  title: (person) => `${person}’s week`,
  entries: [
    ['Monday 9:00', 'Planning'],
    ['Wednesday 14:30', 'Dentist'],
    ['Thursday 12:15', 'Lunch with Ben, by the river'],
  ],
}

export function renderWelcome(app: AppTexts): Promise<string> {
  return renderPage(
    app.name,
    app.site,
    'You are signed out',
    html`
<p>${app.site} signs people in with Example ID.</p>
<p class="actions"><a class="button primary" href="/auth/login">Log in</a></p>`,
  )
}

export function renderHome(app: AppTexts, plan: Plan, session: Session): Promise<string> {
  return renderPage(
    app.name,
    app.site,
    app.title(session.claims.name ?? 'Somebody'),
    html`
${renderEntries(app, session.claims.name ?? '')}
${watch}
<div class="actions">
<form method="post" action="/auth/logout"><button class="primary">Log out</button></form>
<form method="post" action="/usual-logout"><button>Log out the usual way</button></form>
</div>
<p class="soft">“The usual way” deletes this app’s cookie and nothing else. Try it, then log in again: nobody asks who you are.</p>
${renderLinks(app, plan)}`,
  )
}

/** Nobody logs in here, so that nobody can be logged out: no buttons that would do nothing. */
export function renderOpenHome(app: AppTexts, plan: Plan): Promise<string> {
  return renderPage(
    app.name,
    app.site,
    app.title('Everybody'),
    html`
<p class="notice" role="status"><strong>Authentication is disabled.</strong> Everybody is in, and nobody can be logged out.</p>
${renderEntries(app, 'Everybody')}
${renderLinks(app, plan)}`,
  )
}

export interface ApiAnswer {
  readonly status: number
  readonly text: string
  readonly withToken: boolean
}

/** Nothing: it did not answer in time. */
export function renderApiAnswer(app: AppTexts, answer: ApiAnswer | undefined): Promise<string> {
  const { status = 0, text = '', withToken = true } = answer ?? {}
  const body = answer
    ? html`<div class="card"><p>Status ${status}</p><code>${text}</code></div>`
    : html`<p class="wrong" role="alert">No answer within three seconds.</p>`
  const why = text.includes('mode_disagreed')
    ? `${app.site} and the API do not agree on whether there is a login. Until they do, the API answers nobody.`
    : withToken
      ? `The access token went from ${app.site}’s server to the API. This browser has never seen it.`
      : 'Authentication is disabled: the API was asked without a token.'
  return renderPage(app.name, app.site, 'What the API answered', html`${body}\n<p>${why}</p>\n${renderBack(app)}`)
}

export function renderNoToken(app: AppTexts, why: string): Promise<string> {
  const problem: Html = html`
<p class="wrong" role="alert">There is no access token to ask with (${why}).</p>
${renderBack(app)}`
  return renderPage(app.name, app.site, 'The API was not asked', problem)
}

/** Her own logins here, and nobody else's. The buttons go to the library's own route. */
export function renderDevices(app: AppTexts, devices: readonly Device[]): Promise<string> {
  const others = devices.filter(({ current }) => !current)
  return renderPage(
    app.name,
    app.site,
    'Your devices',
    html`
${watch}
<ul data-signed-in>
${devices.map((device) => renderDevice(device))}
</ul>
${others.length > 0 ? renderEnd('others', 'End all others', 'primary') : html`<p>You are logged in nowhere else.</p>`}
<p class="soft">An ended device is signed out of ${app.site} at once. It gets back in with the password only.</p>
${renderBack(app)}`,
  )
}

function renderDevice({ id, current, browser, signedInAt }: Device): Html {
  const since = new Date(signedInAt * 1000).toISOString()
  return html`<li><strong>${browser}</strong>
<span>${current ? 'This device, since' : 'Since'} <time datetime="${since}">${since.slice(11, 16)} UTC</time></span>
${renderEnd(id, current ? 'End this device' : 'End that device', '')}</li>`
}

function renderEnd(which: string, words: string, kind: string): Html {
  return html`<form method="post" action="/auth/devices"><input type="hidden" name="returnTo" value="/devices"><button class="${kind}" name="end" value="${which}">${words}</button></form>`
}

function renderEntries({ entries }: AppTexts, person: string): Html {
  return html`<ul data-signed-in="${person}">
${entries.map(([who, what]) => html`<li><strong>${who}</strong> <span>${what}</span></li>`)}
</ul>`
}

function renderLinks({ other }: AppTexts, plan: Plan): Html {
  return html`<p><a href="/api-call">Ask the API</a> · <a href="${plan.urls[other.name]}/">Open ${other.site}</a>${plan.auth.apps === 'enabled' ? html` · <a href="/devices">Your devices</a>` : ''}</p>`
}

function renderBack({ site }: AppTexts): Html {
  return html`<p><a href="/">Back to ${site}</a></p>`
}
