import { html } from 'hono/html'
import type { Html } from '../../pages/layout.ts'
import type { Exchange, Lane, Message } from '../state.ts'
import { laneNames, laneSubjects } from './words.ts'

/** A line of the film: the title of a group, or an exchange. */
export interface FilmRow {
  readonly id: string
  readonly html: string
}

const allLanes: readonly Lane[] = ['thief', 'laptop', 'phone', 'mail', 'calendar', 'next', 'api', 'provider', 'acme']

/** Those that are not in every film: they stand there only once they are used. */
const lanesSometimes: readonly Lane[] = ['phone', 'next']

function lanesOf(film: readonly Exchange[]): readonly Lane[] {
  const used = new Set(film.flatMap(({ from, to }) => [from, to]))
  return allLanes.filter((lane) => !lanesSometimes.includes(lane) || used.has(lane))
}

/** The names over the vertical lines. */
export function renderLanes(film: readonly Exchange[]): Html {
  const lanes = lanesOf(film)
  return html`<svg class="lanes" id="lanes" width="100%" height="26" aria-hidden="true">
${lanes.map((lane) => html`<text class="lane-name ${lane}" x="${place(lanes, lane)}" y="17">${laneNames[lane]}</text>`)}
</svg>`
}

/** Oldest first; a title before each group that belongs to one button or what-if. */
export function filmRows(film: readonly Exchange[]): readonly FilmRow[] {
  const lanes = lanesOf(film)
  return film.flatMap((exchange, at) => {
    const row = { id: `exchange-${exchange.id}`, html: String(renderExchange(exchange, lanes)) }
    if (film[at - 1]?.during === exchange.during) return [row]
    const id = `before-${exchange.id}`
    return [{ id, html: String(html`<li class="during" id="${id}"><h3>${exchange.during}</h3></li>`) }, row]
  })
}

function renderExchange(exchange: Exchange, lanes: readonly Lane[]): Html {
  const { id, from, to, label, status, meaning, refused, request, response } = exchange
  const told = `${laneSubjects[from]} to ${laneSubjects[to]}: ${meaning ? `${meaning}. ` : ''}${label}, ${answerOf(status)}${refused ? ', refused' : ''}`
  return html`<li class="exchange" id="exchange-${id}"><details name="exchange">
<summary><span class="unseen-text">${told}</span>${renderArrow(exchange, lanes)}</summary>
<div class="messages"><h4>Request</h4>${renderMessage(request)}<h4>Response</h4>${renderMessage(response)}</div>
</details></li>`
}

function answerOf(status: number): string {
  return status === 0 ? 'no answer' : `answered ${status}`
}

/** How many characters fit into the strip's width, at its narrowest. */
const strip = { meaning: 62, label: 64 }

function renderArrow({ from, to, label, status, meaning, refused }: Exchange, lanes: readonly Lane[]): Html {
  const [start, end] = [lanes.indexOf(from), lanes.indexOf(to)]
  const [left, right] = [Math.min(start, end), Math.max(start, end)]
  // The words begin at the arrow's left end, or end at its right one, wherever there is more room.
  const fromLeft = lanes.length - left >= right + 1
  const room = (fromLeft ? lanes.length - left - 0.5 : right + 0.5) / lanes.length
  const [x, anchor] = fromLeft ? [place(lanes, lanes[left]), 'from-left'] : [place(lanes, lanes[right]), 'from-right']
  const shift = fromLeft ? '5' : '-5'
  const height = meaning ? 46 : 32
  const y = meaning ? 24 : 12
  const first = meaning
    ? html`<text class="meaning ${anchor}" x="${x}" dx="${shift}" y="16">${shorten(meaning, room * strip.meaning)}</text>`
    : ''
  return html`<svg class="arrow ${refused ? 'refused' : `answer-${Math.floor(status / 100)}`}" width="100%" height="${height}" aria-hidden="true">
${lanes.map((lane) => html`<line class="life" x1="${place(lanes, lane)}" x2="${place(lanes, lane)}" y1="0" y2="${height}"/>`)}
<line class="shaft" x1="${place(lanes, from)}" x2="${place(lanes, to)}" y1="${y}" y2="${y}"/>
<circle class="tail" cx="${place(lanes, from)}" cy="${y}" r="2.5"/>
<svg x="${place(lanes, to)}" y="${y}" overflow="visible"><path class="head" d="${end >= start ? 'M0 0-8-4V4Z' : 'M0 0 8-4V4Z'}"/></svg>
${first}<text class="label ${anchor}" x="${x}" dx="${shift}" y="${y + 14}">${shorten(label, room * strip.label - 5)} <tspan class="status">${status || 'no answer'}</tspan></text>
</svg>`
}

function renderMessage({ line, headers, body }: Message): Html {
  return html`<pre><b>${line}</b>
${headers.map(([name, value]) => html`<span class="header">${name}:</span> ${value}\n`)}${body ? `\n${body}` : ''}</pre>`
}

function place(lanes: readonly Lane[], lane: Lane | undefined): string {
  const at = lane === undefined ? 0 : lanes.indexOf(lane)
  return `${((100 * (at + 0.5)) / lanes.length).toFixed(2)}%`
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(1, Math.floor(length) - 1))}…`
}
