import { html } from 'hono/html'
import type { Html } from '../../pages/layout.ts'
import type { RoomState, Storey } from '../state.ts'
import { isWords, type Marked, saysWords, terms, windowWords } from './words.ts'

/** A house in section: under the roof a storey per layer. Each storey is a part of its own. */
export function renderBuilding({ storeys }: RoomState): Html {
  return html`<section class="building" aria-label="The building: seven places where a login lives">
<div class="roof" aria-hidden="true">
<svg viewBox="0 0 100 10" preserveAspectRatio="none"><path d="M3 0H97L100 10H0Z"/></svg>
<p><span>a login lives here</span><span><b>says</b> what was claimed</span><span><b>is</b> what we found at the door</span></p>
</div>
<ol class="storeys">
${storeys.map(renderStorey)}
</ol>
</section>`
}

export function renderStorey(storey: Storey): Html {
  const { layer, name, question, window, says, is, lie } = storey
  const [first, ...rest] = name.split(', ')
  const lying = lie === undefined ? '' : ' lying'
  return html`<li class="storey ${window}${lying}" id="storey-${layer}">
<div class="bay"><svg viewBox="0 0 96 50" aria-hidden="true"><use href="#window-${window}"/></svg><span class="unseen-text">${windowWords[window].tells}</span><span class="plaque"><b>${layer}</b> ${terms[layer]}</span></div>
<div class="place"><h2>${first}${rest.length > 0 ? html`<small>, ${rest.join(', ')}</small>` : ''}</h2><p>${question}</p></div>
<div class="says"><p><span class="column">says</span> ${says ? html`${renderWord(saysWords[says.word], `claim-${says.word.replace(' ', '-')}`)} <span class="sentence">${says.sentence}</span>` : renderNothing('nothing yet')}</p></div>
<div class="is"><p><span class="column">is</span> ${is ? html`${renderWord(isWords[is.observed], `found-${is.observed.replace(' ', '-')}`)} <code>${is.answer}</code>` : renderNothing('not tried yet')}</p></div>
${lie === undefined ? '' : html`<p class="lie"><svg viewBox="0 0 16 16" aria-hidden="true"><use href="#sign-lie"/></svg><b>Not true.</b> ${lie}</p>`}
</li>`
}

function renderWord({ mark, word }: Marked, kind: string): Html {
  return html`<strong class="${kind}"><span class="mark" aria-hidden="true">${mark}</span>${word}</strong>`
}

function renderNothing(words: string): Html {
  return html`<span class="nothing" aria-hidden="true">–</span><span class="unseen-text">${words}</span>`
}

/** Drawn once, used by every storey; the colours come from the style sheet. */
export function renderWindowSymbols(): Html {
  return html`<svg class="symbols" aria-hidden="true">
<defs>
<pattern id="hatching" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><path class="hatch" d="M0 0V7"/></pattern>
<linearGradient id="lamp" x1="0" y1="0" x2="0" y2="1"><stop class="lamp-top" offset="0"/><stop class="lamp-bottom" offset="1"/></linearGradient>
<radialGradient id="glow"><stop class="glow-inside" offset=".45"/><stop class="glow-outside" offset="1"/></radialGradient>
</defs>
<symbol id="window-lit" viewBox="0 0 96 50">
<ellipse cx="48" cy="25" rx="48" ry="25" fill="url(#glow)"/>
<rect x="16" y="5" width="64" height="38" fill="url(#lamp)"/>
<path class="person" d="M42 43c0-9 3-13 8-13s8 4 8 13zM50 17.5a5.5 5.5 0 1 1-.01 0z"/>
<path class="frame" d="M16 5h64v38H16zM37.5 5v38M58.5 5v38"/><path class="sill" d="M12 44h72"/>
</symbol>
<symbol id="window-dark" viewBox="0 0 96 50">
<rect class="night" x="16" y="5" width="64" height="38"/>
<path class="reflection" d="M22 37 34 11M27 37 39 11M64 37 73 17"/>
<path class="frame" d="M16 5h64v38H16zM37.5 5v38M58.5 5v38"/><path class="sill" d="M12 44h72"/>
</symbol>
<symbol id="window-unseen" viewBox="0 0 96 50">
<rect class="blind" x="16" y="5" width="64" height="38"/><rect x="16" y="5" width="64" height="38" fill="url(#hatching)"/>
<circle class="plate" cx="48" cy="24" r="11"/><path class="ask" d="M44.5 21.5c0-5 7-5 7-.5 0 3-3.5 2.800-3.500 6M48 30.300v.4"/>
<path class="frame" d="M16 5h64v38H16z"/><path class="sill" d="M12 44h72"/>
</symbol>
<symbol id="window-empty" viewBox="0 0 96 50">
<rect class="glass" x="16" y="5" width="64" height="38"/>
<path class="frame" d="M16 5h64v38H16zM37.5 5v38M58.5 5v38"/><path class="sill" d="M12 44h72"/>
</symbol>
<symbol id="sign-lie" viewBox="0 0 16 16"><path class="sign" d="M8 1 15.5 14.5H.5z"/><path class="sign-mark" d="M8 6v4M8 12.200v.2"/></symbol>
</svg>`
}
