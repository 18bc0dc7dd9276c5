import { html } from 'hono/html'
import type { Html } from '../../pages/layout.ts'
import type { RoomLinks, RoomState } from '../state.ts'

/** The question, the answer in big type, what it means; on the right what Ana sees, and the doors to try by hand. */
export function renderHeader(state: RoomState, links: RoomLinks): Html {
  return html`<header class="top">
<div class="answer">
<div class="title"><h1>Who is still logged in? <small>the endsession control room</small></h1>${renderBusy(state)}</div>
${renderHeadline(state)}
${renderStory(state)}
</div>
<div class="aside">
${renderScreen(state)}
<nav aria-label="Try it by hand">${links.next === undefined ? 'Try it by hand' : 'By hand'}: <a href="${links.mail}" target="_blank" rel="noopener">Mail</a> <a href="${links.calendar}" target="_blank" rel="noopener">Calendar</a> ${links.next === undefined ? '' : html`<a href="${links.next}" target="_blank" rel="noopener">Jobs</a> `}<a href="${links.devices}" target="_blank" rel="noopener">devices</a></nav>
</div>
</header>`
}

export function renderHeadline({ headline, storeys }: RoomState): Html {
  const lying = storeys.some(({ lie }) => lie !== undefined)
  return html`<p class="headline" id="headline">${lying ? html`<svg viewBox="0 0 16 16" aria-hidden="true"><use href="#sign-lie"/></svg>` : ''}<strong>${headline}</strong></p>`
}

export function renderStory({ story }: RoomState): Html {
  return html`<p class="story" id="story">${story}</p>`
}

/** The page on which Ana's browser has come to rest, as a little window. */
export function renderScreen({ screen }: RoomState): Html {
  return html`<div class="screen" id="screen"><p class="address"><span class="unseen-text">Ana’s browser is at </span>${screen?.address ?? 'about:blank'}</p><p class="shown">${screen?.title ?? 'Ana has not opened anything yet'}</p></div>`
}

/** What has gone wrong with the room itself. */
export function renderNotices(state: RoomState, { notice }: Pick<RoomLinks, 'notice'>): Html {
  return html`<div class="notices"><div>
${renderProblem(state)}
${notice === undefined ? '' : html`<p class="notice">${notice}</p>`}
<p class="problem" id="connection" role="status" hidden></p>
</div></div>`
}

/** Stands there empty as well, so that a screen reader hears what comes into it. */
export function renderBusy({ busy }: RoomState): Html {
  return html`<p class="busy" id="busy" role="status">${busy === undefined ? '' : html`<span class="wheel" aria-hidden="true"></span>${busy}`}</p>`
}

export function renderProblem({ problem }: RoomState): Html {
  return html`<p class="problem" id="problem" role="status"${problem === undefined ? html` hidden` : ''}>${problem ?? ''}</p>`
}
