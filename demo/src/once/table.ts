import { styleText } from 'node:util'
import { type Observed, placesIn, type Result, type Row } from './result.ts'

/** Two lines of head: what endsession says, and what it is, stand under one word. */
const head = [
  ['', 'usual', 'endsession', '', ''],
  ['layer', 'way', 'says', 'is', 'evidence'],
] as const
/** As wide as the longest word of each; the last column takes what is left. */
const widths = [8, 9, 10, 9] as const
const gap = '  '
const used = widths.reduce((sum, width) => sum + width + gap.length, 0)
const evidenceAtLeast = 24
/** Longer lines are hard to read. */
const columnsAtMost = 132
const columnsElsewhere = 100

/** Seen at a glance also where there are no colours. */
const marks = { alive: '●', over: '○', 'not seen': '?' } as const satisfies Record<Observed, string>
const colours = { alive: 'red', over: 'green', 'not seen': 'yellow' } as const satisfies Record<Observed, string>

/** A row per layer: what is left after the usual logout; what endsession said, and what is left after it; and why. */
export function drawTable({ usual, endsession }: Result, columns: number = columnsOf(process.stdout)): string {
  const rest = Math.max(Math.min(columns, columnsAtMost) - used, evidenceAtLeast)
  const rule = [...widths, rest].map((width) => '─'.repeat(width)).join(gap)
  const rows = placesIn(endsession).map((place) => {
    const row = endsession[place] as Row
    const { outcome, observed } = row
    const [first = '', ...more] = evidenceOf(row, rest)
    const cells = [
      place.padEnd(widths[0]),
      paint((usual[place] as Row).observed, widths[1]),
      outcome.padEnd(widths[2]),
      paint(observed, widths[3]),
      first,
    ]
    return [cells.join(gap), ...more.map((line) => ' '.repeat(used) + line)].join('\n')
  })
  const titles = head.map((cells) =>
    cells
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join(gap)
      .trimEnd(),
  )
  return [...titles, rule, ...rows].join('\n')
}

/** What was claimed, then what was found. */
function evidenceOf({ claim, found }: Row, width: number): readonly string[] {
  const [first = '', ...more] = wrap(found, width - 2)
  return [...wrap(claim, width), `→ ${first}`, ...more.map((line) => `  ${line}`)]
}

/** The terminal knows how wide it is; a pipe does not. */
function columnsOf(stream: { readonly columns?: number }): number {
  const asked = Number(process.env['COLUMNS'])
  return stream.columns ?? (Number.isInteger(asked) && asked > 0 ? asked : columnsElsewhere)
}

/** `styleText` asks stdout whether it has colours, and heeds NO_COLOR. */
function paint(observed: Observed, width: number): string {
  return styleText(colours[observed], `${marks[observed]} ${observed}`.padEnd(width), { stream: process.stdout })
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = []
  for (const word of text.split(' ')) {
    const last = lines.at(-1)
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`
    else lines.push(word)
  }
  return lines
}
