import type { Scope } from 'endsession'
import { html } from 'hono/html'
import type { Html } from '../../pages/layout.ts'
import type { RoomState, WhatIf } from '../state.ts'

type Step = 1 | 2 | 3 | 4 | 5

const steps: readonly { readonly step: Step; readonly text: string; readonly short: string }[] = [
  { step: 1, text: 'Log in as Ana', short: 'Log in as Ana' },
  { step: 2, text: 'Log out the usual way', short: 'Usual logout' },
  { step: 3, text: 'Try to get back in', short: 'Get back in?' },
  { step: 4, text: 'Log out with endsession', short: 'With end\u00adsession' },
  { step: 5, text: 'Try to get back in', short: 'Get back in?' },
]

const scopes: readonly { readonly scope: Scope; readonly text: string }[] = [
  { scope: 'app', text: 'this app only' },
  { scope: 'provider', text: 'this login, everywhere' },
  { scope: 'everywhere', text: 'all her devices' },
]

/** One form for everything that can be pressed, so that it works without a script; the script sends the same fields. */
export function renderControls(state: RoomState): Html {
  return html`<form class="controls" id="controls" method="post" action="/press">
${renderSteps(state)}
<div class="more">
<details class="what-if" id="what-if">${renderDrawerTitle(state)}
<div class="drawer">
<h2>What if…</h2>
${renderWhatIfs(state)}
</div></details>
${renderReset(state)}
</div>
</form>`
}

/**
 * While something is being done the buttons are disabled by `aria-disabled`: with `disabled` whoever has just pressed one
 * by the keyboard would lose the place. The room refuses what is pressed meanwhile.
 */
export function renderSteps(state: RoomState): Html {
  return html`<ol class="steps" id="steps" aria-label="The story in five steps">
${steps.map(({ step, text, short }) => {
  const kind = step === nextStep(state) ? 'next' : step <= state.step ? 'done' : ''
  return html`<li class="step ${kind}"><button name="button" value="${step}" aria-keyshortcuts="${step}"${whenBusy(state)}><span class="number">${step}</span><span class="long">${text}</span><span class="short" aria-hidden="true">${short}</span>${kind === 'done' ? html`<span class="tick" aria-hidden="true">✓</span><span class="unseen-text"> (done)</span>` : ''}</button>${step === 4 ? renderScopes() : ''}</li>`
})}
</ol>`
}

function renderScopes(): Html {
  return html`<label class="scope"><span class="unseen-text">How far the logout with endsession reaches</span><select name="scope">
${scopes.map(({ scope, text }) => html`<option value="${scope}"${scope === 'provider' ? html` selected` : ''}>${text}</option>`)}
</select></label>`
}

export function renderReset(state: RoomState): Html {
  const atItsEnd = state.busy === undefined && nextStep(state) === undefined
  return html`<p class="reset ${atItsEnd ? 'next' : ''}" id="reset"><button name="reset" value="1" aria-keyshortcuts="R"${whenBusy(state)}>Start over <kbd aria-hidden="true">R</kbd></button></p>`
}

/** A switch that stays on must not be forgotten behind a closed drawer. */
export function renderDrawerTitle({ whatIfs }: RoomState): Html {
  const count = whatIfs.filter(({ on }) => on).length
  return html`<summary id="drawer-title">What if…${count > 0 ? html` <span class="count">${count} on</span>` : ''}</summary>`
}

export function renderWhatIfs(state: RoomState): Html {
  return html`<ul class="what-ifs" id="what-ifs">
${state.whatIfs.map((whatIf) => renderWhatIf(whatIf, state))}
</ul>`
}

function renderWhatIf({ id, name, about, kind, on, unavailable }: WhatIf, state: RoomState): Html {
  const pressed = kind === 'switch' ? html` aria-pressed="${String(on)}"` : ''
  const disabled = unavailable === undefined ? whenBusy(state) : html` aria-disabled="true"`
  const word =
    kind === 'switch' ? html`<span class="switch">${on ? 'on' : 'off'}</span>` : html`<span class="act">do it</span>`
  return html`<li><button name="whatIf" value="${id}" aria-describedby="about-${id}"${pressed}${disabled}><span class="name">${name}</span>${word}</button><p id="about-${id}">${unavailable === undefined ? about : html`<b>Not now:</b> ${unavailable}`}</p></li>`
}

function whenBusy({ busy }: RoomState): Html | string {
  return busy === undefined ? '' : html` aria-disabled="true"`
}

/** The one that continues the story; nothing while something is being done, nor at its end. */
function nextStep({ step, busy, storeys }: RoomState): number | undefined {
  if (busy !== undefined) return undefined
  if (step < 5) return step + 1
  return storeys.some(({ window }) => window === 'lit') ? 4 : undefined
}
