import { html, raw } from 'hono/html'
import type { Person } from '../servers/people.ts'
import { renderPage, submitScript } from './layout.ts'

export function renderProviderLogin(client: string, uid: string, wrong?: string): Promise<string> {
  return renderPage(
    'provider',
    'Example ID',
    `Sign in to ${client}`,
    html`
${wrong ? html`<p class="wrong" role="alert">${wrong}</p>` : ''}
<p>Example ID keeps no passwords of its own. Acme’s people sign in with Acme.</p>
<p class="actions"><a class="button primary" href="/interaction/${uid}/acme">Sign in with Acme</a></p>`,
  )
}

export function renderAcmeLogin(people: readonly Person[], uid: string, wrong?: string): Promise<string> {
  return renderPage(
    'acme',
    'Acme',
    'Sign in to Acme',
    html`
${wrong ? html`<p class="wrong" role="alert">${wrong}</p>` : ''}
<form class="card" method="post" action="/interaction/${uid}">
<label>Name <input name="name" autocomplete="username" autocapitalize="none" required autofocus></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label>
<button class="primary">Sign in</button>
</form>
<p class="soft">Demo accounts: ${people.map(
      ({ id, password }, at) => html`${at ? ', ' : ''}<code>${id}</code> with <code>${password}</code>`,
    )}.</p>`,
  )
}

/** The hint is good, so nobody is asked: the form of `oidc-provider` with the answer "yes", sent by itself. */
const sites = { provider: 'Example ID', acme: 'Acme' } as const

export function renderConfirmedLogout(form: string, place: keyof typeof sites = 'provider'): Promise<string> {
  return renderPage(
    place,
    sites[place],
    'Signing you out…',
    html`
${raw(form)}
<input type="hidden" form="op.logoutForm" name="logout" value="yes">
<noscript><p class="actions"><button class="primary" form="op.logoutForm">Sign out</button></p></noscript>
<script>${raw(submitScript)}</script>`,
  )
}

export function renderAskBeforeLogout(form: string): Promise<string> {
  return renderPage(
    'provider',
    'Example ID',
    'Sign out of Example ID?',
    html`
<p>You are signed in to other apps with Example ID as well.</p>
${raw(form)}
<p class="actions">
<button class="primary" form="op.logoutForm" name="logout" value="yes">Yes, sign me out</button>
<button form="op.logoutForm">No, stay signed in</button>
</p>`,
  )
}

/** Without a good hint: anybody can send a browser here. */
export function renderAcmeAsks(form: string): Promise<string> {
  return renderPage(
    'acme',
    'Acme',
    'Sign out of Acme?',
    html`
${raw(form)}
<p class="actions">
<button class="primary" form="op.logoutForm" name="logout" value="yes">Sign out</button>
<button form="op.logoutForm">Stay signed in</button>
</p>`,
  )
}

export function renderSignedOut(place: keyof typeof sites = 'provider'): Promise<string> {
  const title = `You are signed out of ${sites[place]}`
  return renderPage(place, sites[place], title, html`<p>You can close this page.</p>`)
}

/** `problem` is the provider's own code and description; it is escaped. */
export function renderProblem(place: 'provider' | 'acme', site: string, problem: string): Promise<string> {
  return renderPage(place, site, 'That did not work', html`<p class="wrong" role="alert">${problem}</p>`)
}
