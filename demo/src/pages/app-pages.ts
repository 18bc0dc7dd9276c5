import type { Session } from 'endsession'
import { html } from 'hono/html'
import type { Name, Plan } from '../plan.ts'
import { type Html, renderPage } from './layout.ts'

/** What makes Mail Mail and Calendar Calendar. */
export interface AppTexts {
  readonly name: 'mail' | 'calendar'
  readonly site: string
  readonly other: { readonly name: Name; readonly site: string }
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
<ul data-signed-in="${session.claims.name ?? ''}">
${app.entries.map(([who, what]) => html`<li><strong>${who}</strong> <span>${what}</span></li>`)}
</ul>
<div class="actions">
<form method="post" action="/auth/logout"><button class="primary">Log out</button></form>
<form method="post" action="/usual-logout"><button>Log out the usual way</button></form>
</div>
<p class="soft">“The usual way” deletes this app’s cookie and nothing else. Try it, then log in again: nobody asks who you are.</p>
<p><a href="/api-call">Ask the API</a> · <a href="${plan.urls[app.other.name]}/">Open ${app.other.site}</a></p>`,
  )
}

export function renderApiAnswer(app: AppTexts, status: number, text: string): Promise<string> {
  const answer: Html = html`
<div class="card"><p>Status ${status}</p><code>${text}</code></div>
<p>The access token went from ${app.site}’s server to the API. This browser has never seen it.</p>
<p><a href="/">Back to ${app.site}</a></p>`
  return renderPage(app.name, app.site, 'What the API answered', answer)
}
