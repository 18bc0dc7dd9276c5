import { readFileSync } from 'node:fs'
import { html, raw } from 'hono/html'
import type { RoomLinks, RoomState } from '../state.ts'
import { renderBuilding, renderStorey, renderWindowSymbols } from './building.ts'
import { renderControls, renderDrawerTitle, renderReset, renderSteps, renderWhatIfs } from './controls.ts'
import { filmRows, renderLanes } from './film.ts'
import {
  renderBusy,
  renderHeader,
  renderHeadline,
  renderNotices,
  renderProblem,
  renderScreen,
  renderStory,
} from './header.ts'
import { describeAloud } from './words.ts'

/** Everything comes from this server, nothing is written into an attribute or into the page that could run or paint. */
export const roomPolicy: string = [
  "default-src 'none'",
  "style-src 'self'",
  "script-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ')

export interface Asset {
  readonly type: string
  readonly body: string
}

/** What the page asks for besides itself, by path. */
export const assets: Readonly<Record<string, Asset>> = {
  '/room.css': {
    type: 'text/css; charset=utf-8',
    body: ['page', 'building', 'film', 'controls', 'narrow'].map((name) => readBeside(`${name}.css`)).join('\n'),
  },
  '/room.js': { type: 'text/javascript; charset=utf-8', body: readBeside('room.js') },
  '/room.svg': { type: 'image/svg+xml', body: readBeside('room.svg') },
}

/** The compiler copies no style sheets: they are read where they were written, from `src` as well as from `dist`. */
function readBeside(name: string): string {
  return readFileSync(new URL(`../../../src/room/page/${name}`, import.meta.url), 'utf8')
}

/** The whole page. It works without a script; then it looks again by itself as long as something is being done. */
export async function renderRoom(state: RoomState, links: RoomLinks): Promise<string> {
  return String(
    await html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${titleOf(state)}</title>
<link rel="icon" href="/room.svg" type="image/svg+xml">
<link rel="stylesheet" href="/room.css">
<script src="/room.js" defer></script>
${state.busy === undefined ? '' : html`<noscript><meta http-equiv="refresh" content="1"></noscript>`}
</head>
<body>
${renderWindowSymbols()}
${renderHeader(state, links)}
${renderNotices(state, links)}
<main>
<fieldset class="views"><legend class="unseen-text">What to look at</legend>
<label><input type="radio" name="view" value="building" checked autocomplete="off">Building</label>
<label><input type="radio" name="view" value="film" autocomplete="off">Film strip</label>
</fieldset>
${renderBuilding(state)}
${renderControls(state)}
<section class="strip" aria-labelledby="strip-title">
<h2 id="strip-title">What went over the wire</h2>
<div class="reel" id="reel"><div>
${renderLanes(state.film)}
<ol class="film" id="film">${raw(
      filmRows(state.film)
        .map((row) => row.html)
        .join(''),
    )}</ol>
<p class="no-film">Press <b>1</b>: each request and each answer will be drawn here, and opens with a click.</p>
</div></div>
<button class="newest" id="newest" type="button" hidden>Newest ↓</button>
</section>
</main>
<div class="unseen-text" id="aloud" role="log" aria-live="polite"></div>
</body>
</html>
`,
  )
}

/**
 * What has changed, as one line of JSON for the page's script: parts of the page that replace those with their ids; the
 * film's rows in their order, with those that are new; what a screen reader says; the title.
 */
export async function describeChange(before: RoomState | undefined, after: RoomState): Promise<string> {
  const [earlier, now] = await Promise.all([before && renderParts(before), renderParts(after)])
  return JSON.stringify({
    title: titleOf(after),
    parts: now.filter((part, at) => part !== earlier?.[at]),
    film: describeFilm(before, after),
    aloud: before ? describeAloud(before, after) : [],
  })
}

/** Every part that can change has an id; there are always the same ones, in the same order. */
async function renderParts(state: RoomState): Promise<readonly string[]> {
  const parts = [
    renderHeadline(state),
    renderStory(state),
    renderScreen(state),
    renderBusy(state),
    renderProblem(state),
    ...state.storeys.map(renderStorey),
    renderSteps(state),
    renderDrawerTitle(state),
    renderWhatIfs(state),
    renderReset(state),
    renderLanes(state.film),
  ]
  return (await Promise.all(parts)).map(String)
}

function describeFilm(before: RoomState | undefined, after: RoomState) {
  if (before?.film === after.film) return undefined
  const known = new Map(filmRows(before?.film ?? []).map((row) => [row.id, row.html]))
  const rows = filmRows(after.film)
  return {
    order: rows.map(({ id }) => id),
    rows: rows.filter((row) => known.get(row.id) !== row.html),
  }
}

function titleOf({ headline }: RoomState): string {
  return `${headline} · Who is still logged in?`
}
